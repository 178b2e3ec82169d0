"""All parts of the default head."""

from jaxtyping import Float
from torch import Tensor

from avatar.head.anny.source import AnnySource
from avatar.head.parts.conjunctiva import build_conjunctivas
from avatar.head.parts.eyes import build_eyes
from avatar.head.parts.lashes import build_lashes
from avatar.head.parts.part import PartGeometry
from avatar.head.parts.teeth import build_teeth
from avatar.head.parts.tongue import build_tongue


def build_parts(
    source: AnnySource,
    reference: Float[Tensor, "verts 3"],
    modes: Float[Tensor, "modes verts 3"],
) -> tuple[PartGeometry, ...]:
    """Return every part of the head beside the skin, made to fit the reference head.

    `reference` is the source mesh of the mean adult, the identity the parts are modelled on, in
    metres in the head frame; `modes` are the displacements of its vertices that the identities of
    the head model are made of. Only vertices of the head and of its helper groups are looked at.
    The source's `tongueOut` must open the lips: see `with_complete_expressions`.
    """
    return (
        *build_eyes(source, reference, modes),
        *build_teeth(source, reference),
        build_tongue(source, reference),
        *build_lashes(source, reference),
        *build_conjunctivas(source, reference),
    )
