"""What of the base mesh is head: the body above the collar bones."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.head.anny.source import AnnySource

# A vertex of the front midline on an edge loop that runs round the foot of the neck in 42 edges,
# and the rings of quads outside that loop which reach below the collar bones.
_NECK_START = 1526
_RINGS_BELOW_NECK = 2


@dataclass(frozen=True, kw_only=True)
class HeadCrop:
    """The head's quads, indexing the source vertices and uvs, and the rim they end at.

    `rim` lists the open boundary's vertices in order, from the front's middle over the subject's
    left to the back and round; `above_rim` is for each the next vertex up the surface.
    """

    quads: Int[Tensor, "quads 4"]
    uv_quads: Int[Tensor, "quads 4"]
    rim: Int[Tensor, " rim"]
    above_rim: Int[Tensor, " rim"]


def crop_head(source: AnnySource) -> HeadCrop:
    """Cut the body along an edge loop round the neck and add rings of quads below it."""
    body = source.group("body")
    neck = _edge_loop(source, body.quads)
    inside = _flood(body.quads, neck, len(source.vertices))
    keep = inside[body.quads].any(1)
    for _ in range(_RINGS_BELOW_NECK):
        rim_corners = torch.isin(body.quads, body.quads[keep]).any(1)
        keep = keep | rim_corners
    quads = body.quads[keep]
    rim = _rim(source, quads)
    return HeadCrop(
        quads=quads, uv_quads=body.uv_quads[keep], rim=rim, above_rim=_above(quads, rim)
    )


def _edge_loop(source: AnnySource, quads: Int[Tensor, "quads 4"]) -> Int[Tensor, " loop"]:
    """Follow edges straight ahead from the front midline's vertex until it is reached again."""
    corners = [set(quad) for quad in quads.tolist()]
    quads_of: dict[int, set[int]] = {}
    for index, quad in enumerate(corners):
        for vertex in quad:
            quads_of.setdefault(vertex, set()).add(index)

    def neighbours(vertex: int) -> set[int]:
        around = quads_of[vertex]
        near = {other for quad in around for other in corners[quad]} - {vertex}
        return {other for other in near if len(quads_of[other] & around) == 2}

    loop = [_NECK_START]
    heading = max(neighbours(_NECK_START), key=lambda v: float(source.vertices[v, 0]))
    while heading != _NECK_START:
        behind = quads_of[loop[-1]] & quads_of[heading]
        loop.append(heading)
        ahead = [n for n in neighbours(heading) if not quads_of[n] & behind]
        if len(ahead) != 1 or len(loop) > 1000:
            raise ModelError("base.obj: expected a closed edge loop round the neck")
        heading = ahead[0]
    return torch.tensor(loop)


def _flood(
    quads: Int[Tensor, "quads 4"], barrier: Int[Tensor, " loop"], vertex_count: int
) -> Bool[Tensor, " verts"]:
    """Return the vertices reached from the first quad, at an eye, without crossing the barrier."""
    reached = torch.zeros(vertex_count, dtype=torch.bool)
    blocked = torch.zeros(vertex_count, dtype=torch.bool)
    blocked[barrier] = True
    reached[quads[0]] = True
    while True:
        touched = (reached & ~blocked)[quads].any(1)
        grown = reached.clone()
        grown[quads[touched].flatten()] = True
        if torch.equal(grown, reached):
            return reached & ~blocked
        reached = grown


def _rim(source: AnnySource, quads: Int[Tensor, "quads 4"]) -> Int[Tensor, " rim"]:
    """Order the open boundary; with faces wound outwards it runs front, left, back, right."""
    edges = torch.stack([quads, quads.roll(-1, 1)], -1).flatten(0, 1).tolist()
    directed = {(a, b) for a, b in edges}
    following = {b: a for a, b in directed if (b, a) not in directed}
    middle = [vertex for vertex in following if source.mirror[vertex] == vertex]
    start = middle[int(source.vertices[middle, 2].argmax())]
    rim = [start]
    while following[rim[-1]] != start:
        rim.append(following[rim[-1]])
    if len(rim) != len(following):
        raise ModelError("base.obj: expected the cropped head to have a single open boundary")
    if source.vertices[rim[1], 0] < 0:
        rim[1:] = rim[:0:-1]
    return torch.tensor(rim)


def _above(quads: Int[Tensor, "quads 4"], rim: Int[Tensor, " rim"]) -> Int[Tensor, " rim"]:
    """Return for each rim vertex the vertex across its quad; at a corner the opposite one."""
    on_rim = set(rim.tolist())
    across: dict[int, int] = {}
    for quad in quads.tolist():
        for i, vertex in enumerate(quad):
            if vertex not in on_rim:
                continue
            for other in (quad[i - 1], quad[(i + 1) % 4]):
                if other not in on_rim:
                    across[vertex] = other
            if vertex not in across and quad[(i + 2) % 4] not in on_rim:
                across[vertex] = quad[(i + 2) % 4]
    return torch.tensor([across[vertex] for vertex in rim.tolist()])
