"""The adult heads the default model is made for: MakeHuman's targets and a sampled population."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.head.anny.local_changes import read_local_changes, sample_local_changes, target_paths
from avatar.head.anny.phenotypes import macro_target_paths, macro_weights
from avatar.head.anny.population import sample_adults
from avatar.head.anny.source import AnnySource
from avatar.head.anny.targets import read_target

# How much an error counts in the identity modes, per area: where a face is recognised, most.
_FACE_WEIGHT = 1.0
_HEAD_WEIGHT = 0.2
_BODY_WEIGHT = 0.03


@dataclass(frozen=True, kw_only=True)
class Population:
    """Heads as `base + people @ shapes` over the source vertices `kept`, metres.

    `average` is their mean before alignment.
    """

    kept: Int[Tensor, " kept"]
    base: Float[Tensor, "kept 3"]
    shapes: Float[Tensor, "shapes kept 3"]
    people: Float[Tensor, "people shapes"]

    @property
    def average(self) -> Float[Tensor, "kept 3"]:
        """The mean head, in the source's frame."""
        return self.base + torch.tensordot(self.people.mean(0), self.shapes, dims=1)


def sample_population(
    source: AnnySource, kept: Int[Tensor, " kept"], people: int, generator: torch.Generator
) -> Population:
    """Read the targets and draw that many adults; the same generator state gives the same ones."""
    changes = read_local_changes()
    count = len(source.vertices)

    def read(paths: list[str]) -> Float[Tensor, "paths kept 3"]:
        return torch.stack([read_target(path, count)[kept] for path in paths])

    local_shapes = read(target_paths(changes))
    reaches = local_shapes.norm(dim=2).amax(1)
    adults = macro_weights(sample_adults(people, generator))
    local = sample_local_changes(changes, reaches, people, generator)
    return Population(
        kept=kept,
        base=source.vertices[kept],
        shapes=torch.cat([read(macro_target_paths()), local_shapes]),
        people=torch.cat([adults, local], dim=1),
    )


def vertex_importance(
    quads: Int[Tensor, "quads 4"],
    points: Float[Tensor, "verts 3"],
    face: Bool[Tensor, " verts"],
    body: Bool[Tensor, " verts"],
) -> Float[Tensor, " verts"]:
    """Return each vertex's weight in the identity modes: its area's, times its region's.

    Vertices without a quad, such as helper geometry, get zero: they follow the skin.
    """
    diagonal = points[quads[:, 2]] - points[quads[:, 0]]
    other = points[quads[:, 3]] - points[quads[:, 1]]
    quarter = torch.linalg.cross(diagonal, other).norm(dim=1) / 8
    area = torch.zeros(len(points), dtype=points.dtype)
    area.index_add_(0, quads.flatten(), quarter.repeat_interleave(4))
    region = torch.where(face, _FACE_WEIGHT, torch.where(body, _BODY_WEIGHT, _HEAD_WEIGHT))
    return area * region
