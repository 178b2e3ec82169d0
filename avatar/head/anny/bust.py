"""The cropped head as a closed bust: a smooth rim, a rounded lip and a cap across the cut."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from scipy import sparse
from torch import Tensor

from avatar.head.anny.crop import HeadCrop
from avatar.head.anny.linear_map import linear_map, selection, size_of
from avatar.head.anny.source import AnnySource

_RIM_PASSES = 6
_DIRECTION_PASSES = 12
# Rings of the lip and the cap: how far the surface runs on beyond the rim (in lengths of the last
# ring of quads), and how far it has turned towards the rim's centre.
_RINGS = ((0.2, 0.02), (0.3, 0.07), (0.3, 0.15), (0.15, 0.3), (0.0, 0.5), (0.0, 0.75), (0.0, 0.92))


@dataclass(frozen=True, kw_only=True)
class Bust:
    """A closed surface of quads whose vertices are linear in the source vertices.

    The first vertices are the cropped head's, `sources`, ascending; the lip's and cap's rings and
    the cap's middle follow. `positions` (bust x source) moves points and displacements, `averages`
    weights and masks, with no negative entries. `rim` and the rows of `rings` index the bust.
    """

    sources: Int[Tensor, " kept"]
    quads: Int[Tensor, "quads 4"]
    cap_quads: Int[Tensor, "cap_quads 4"]
    mirror: Int[Tensor, " verts"]
    positions: sparse.csr_array
    averages: sparse.csr_array
    rim: Int[Tensor, " rim"]
    rings: Int[Tensor, "rings rim"]


def close_bust(source: AnnySource, crop: HeadCrop) -> Bust:
    """Smooth the rim of the cropped head, round it inwards and close it with a cap of quads."""
    sources, quads = crop.quads.unique(return_inverse=True)
    local = torch.full((len(source.vertices),), -1)
    local[sources] = torch.arange(len(sources))
    count, size = len(sources), len(crop.rim)
    rim = local[crop.rim]
    rings = count + torch.arange(len(_RINGS) * size).view(len(_RINGS), size)
    middle = count + rings.numel()
    around = (-torch.arange(size)) % size
    mirror = torch.cat(
        [local[source.mirror[sources]], rings[:, around].flatten(), torch.tensor([middle])]
    )
    positions, averages = _maps(crop, selection(sources, len(source.vertices)), rim)
    return Bust(
        sources=sources,
        quads=quads,
        cap_quads=_cap_quads(quads, rim, rings, middle),
        mirror=mirror,
        positions=positions,
        averages=averages,
        rim=rim,
        rings=rings,
    )


def _maps(
    crop: HeadCrop, kept: sparse.csr_array, rim: Int[Tensor, " rim"]
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the bust's `positions` and `averages` from the map that picks the cropped head."""
    size = len(rim)
    count, columns = size_of(kept)
    ring = _smoothing(size, _RIM_PASSES) @ selection(crop.rim, columns)
    beyond = selection(crop.rim, columns) - selection(crop.above_rim, columns)
    onward = _smoothing(size, _DIRECTION_PASSES) @ beyond
    middle = linear_map(torch.zeros(size), crop.rim, torch.ones(size) / size, (1, columns))
    to_middle = sparse.csr_array(sparse.vstack([middle] * size))

    picker = linear_map(rim, torch.arange(size), torch.ones(size), (count, size))
    keep_rest = torch.ones(count)
    keep_rest[rim] = 0
    head = sparse.diags_array(keep_rest.numpy()) @ kept + picker @ ring
    positions = [head]
    averages = [kept]
    for onwards, inwards in _RINGS:
        flat = (1 - inwards) * ring + inwards * to_middle
        positions.append(flat + onwards * onward)
        averages.append(flat)
    return (
        sparse.csr_array(sparse.vstack([*positions, middle])),
        sparse.csr_array(sparse.vstack([*averages, middle])),
    )


def _smoothing(size: int, passes: int) -> sparse.csr_array:
    """Return repeated (1, 2, 1) / 4 averaging along a closed loop."""
    index = torch.arange(size)
    rows = index.repeat(3)
    columns = torch.cat([index, (index + 1) % size, (index - 1) % size])
    values = torch.cat([torch.full((size,), 0.5), torch.full((2 * size,), 0.25)])
    once = linear_map(rows, columns, values, (size, size))
    total = once
    for _ in range(passes - 1):
        total = total @ once
    return total


def _cap_quads(
    quads: Int[Tensor, "quads 4"],
    rim: Int[Tensor, " rim"],
    rings: Int[Tensor, "rings rim"],
    middle: int,
) -> Int[Tensor, "cap_quads 4"]:
    """Return the lip's and cap's quads, wound like the head's."""
    outer = torch.cat([rim[None], rings[:-1]])
    inner = rings
    strips = torch.stack([outer, outer.roll(-1, 1), inner.roll(-1, 1), inner], -1).flatten(0, 1)
    last = rings[-1].view(-1, 2)
    fan = torch.stack(
        [last[:, 0], last[:, 1], last.roll(-1, 0)[:, 0], torch.full((len(last),), middle)], -1
    )
    cap = torch.cat([strips, fan])
    edges = torch.stack([quads, quads.roll(-1, 1)], -1).flatten(0, 1)
    same_way = ((edges[:, 0] == rim[0]) & (edges[:, 1] == rim[1])).any()
    return cap.flip(1) if same_way else cap
