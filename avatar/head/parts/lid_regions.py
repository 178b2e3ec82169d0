"""Named regions of the skin that closing an eye needs to know."""

import torch
from jaxtyping import Bool
from torch import Tensor

from avatar.head.anny.source import AnnySource
from avatar.head.parts.rims import (
    CONTACT_RINGS,
    FRONT_EDGE,
    INNER_CORNER_COLUMNS,
    RING_COLUMNS,
    SIDES,
    lid_rim,
)


def lid_regions(source: AnnySource) -> dict[str, Bool[Tensor, " source_verts"]]:
    """Return masks of source vertices: `lid_rim_left`, `lid_edge_left`, `lid_contact_left`, ...

    The rim is the lids' thickness, from the socket to the front; the edge its front line, where
    lashes grow; the contact what of it lies on the eyeball, which is not the inner corner.
    """
    touching = [column for column in range(RING_COLUMNS) if column not in INNER_CORNER_COLUMNS]
    regions: dict[str, Tensor] = {}
    for side in SIDES:
        rings = lid_rim(source, side).rings
        members = {
            "rim": rings[: FRONT_EDGE + 1],
            "edge": rings[FRONT_EDGE],
            "contact": rings[list(CONTACT_RINGS)][:, touching],
        }
        for name, vertices in members.items():
            mask = torch.zeros(len(source.vertices), dtype=torch.bool)
            mask[vertices.flatten()] = True
            regions[f"lid_{name}_{side}"] = mask
    return regions
