"""How age, weight, gender and ancestry move the default head: directions of its identity."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.files.cache import TensorRecord, cached_record, fingerprint
from avatar.head.anny.build import AnnyOptions, Groundwork, groundwork
from avatar.head.anny.local_changes import read_local_changes, target_paths
from avatar.head.anny.phenotypes import ANCESTRIES, Phenotypes, macro_weights
from avatar.head.anny.population import sample_adults
from avatar.head.anny.prior import without_rigid_motion

AXES = ("age", "weight", "muscle", "gender", *ANCESTRIES)
"""From 25 to 90 years; from the average to the greatest weight and muscle; from female to male;
from the average ancestry to one of a single kind."""

YEARS = 65.0
"""How many years the axis of age spans."""

_LOCAL = {
    "age": {"head-age-decr-incr": 0.5, "eye-bag-decr-incr": 0.5},
    "weight": {
        "head-fat-decr-incr": 0.8,
        "cheek-volume-decr-incr": 0.5,
        "neck-double-decr-incr": 0.6,
    },
}
"""Local changes that go with an axis, in times their targets: the macro targets of weight leave
the face to them, as MakeHuman's own sliders do."""

_PEOPLE, _SEED = 512, 7


@dataclass(frozen=True, kw_only=True)
class PhenotypeAxes:
    """Identity coefficients by which a head moves along the whole of each of `AXES`."""

    coefficients: Float[Tensor, "axes modes"]

    def step(self, amounts: Iterable[tuple[str, float]]) -> Float[Tensor, " modes"]:
        """Return the coefficients to add for such shares of some axes."""
        total = torch.zeros_like(self.coefficients[0])
        for name, amount in amounts:
            total = total + amount * self.coefficients[AXES.index(name)]
        return total


def phenotype_axes(options: AnnyOptions | None = None) -> PhenotypeAxes:
    """Return the axes; measured in some ten seconds the first time, then kept in the cache.

    Each is what changing one phenotype does to the mean of the model's population, all else as it
    is, by least squares in the model's own identity modes. One direction for everybody, so that
    steps add up and can be taken back. Raises what `load_anny` raises.
    """
    options = options or AnnyOptions()
    code = sorted(Path(__file__).parent.glob("*.py"))
    version = fingerprint([*code, repr(options)])

    def build() -> TensorRecord:
        axes = _measured(groundwork(options))
        return TensorRecord(tensors={"coefficients": axes}, texts={})

    record = cached_record("anny-axes", version, build)
    return PhenotypeAxes(coefficients=record.tensors["coefficients"])


def _measured(ground: Groundwork) -> Float[Tensor, "axes modes"]:
    people = sample_adults(_PEOPLE, torch.Generator().manual_seed(_SEED))
    shapes = ground.population.shapes
    still = without_rigid_motion(shapes, ground.prior.mean, ground.rigid)
    weights = torch.stack([torch.cat([_change(people, axis), _local(axis)]) for axis in AXES])
    moves = torch.tensordot(weights, still, dims=1).flatten(1)
    scale = ground.importance.sqrt().repeat_interleave(3)
    basis = ground.prior.basis.flatten(1) * scale
    return torch.linalg.lstsq(basis.T, (moves * scale).T).solution.T.float().contiguous()


def _change(people: Phenotypes, axis: str) -> Float[Tensor, " targets"]:
    """Return by how much the targets' mean weights change along an axis."""
    ends = [macro_weights(_moved(people, axis, end)).mean(0) for end in (0.0, 1.0)]
    return ends[1] - ends[0]


def _local(axis: str) -> Float[Tensor, " targets"]:
    """Return the local targets' weights along an axis: growing ones added, their opposites less."""
    changes = read_local_changes()
    paths = target_paths(changes)
    weights = torch.zeros(len(paths), dtype=torch.float64)
    for change in changes:
        share = _LOCAL.get(axis, {}).get(change.name, 0.0)
        weights[paths.index(change.positive)] += share / 2
        if change.negative is not None:
            weights[paths.index(change.negative)] -= share / 2
    return weights


def _moved(people: Phenotypes, axis: str, end: float) -> Phenotypes:
    """Return the people with one phenotype at the start (0) or the end (1) of its axis."""
    if axis in ANCESTRIES:
        if end == 0:
            return people
        alone = torch.zeros_like(people.ancestry)
        alone[:, ANCESTRIES.index(axis)] = 1.0
        return replace(people, ancestry=alone)
    start = 0.5 if axis in ("weight", "muscle") else 0.0
    return replace(people, **{axis: torch.full_like(people.age, start + (1 - start) * end)})
