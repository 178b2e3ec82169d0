"""The tongue: MakeHuman's helper, subdivided, fitted between the teeth, with a longer way out."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anny.linear_map import apply_map, selection
from avatar.head.anny.source import AnnySource
from avatar.head.anny.subdivide import QuadMesh, subdivide
from avatar.head.anny.surface import split_quads
from avatar.head.parts.part import PartGeometry

# The helper is wider than the room between the lower molars, and its tip reaches into the incisors.
_WIDTH = 0.85
_TIP_SHIFT = 0.0015
_TIP_ROUNDING = 35.0
# Beyond the source's `tongueOut`, as shares at the tip: further, thinner, and lifted over the lip.
_FURTHER = 0.7
_THINNER = 0.35
_LIFT = 0.0035
_MIDDLE = -0.010
_TIP = 0.012


def build_tongue(source: AnnySource, reference: Float[Tensor, "verts 3"]) -> PartGeometry:
    """Return the tongue on the reference head; `tongueOut` takes it well before the lips.

    The source must already open the lips for the tongue (`with_complete_expressions`).
    """
    group = source.group("helper-tongue")
    ids, quads = group.quads.unique(return_inverse=True)
    local = torch.full((len(reference),), -1)
    local[ids] = torch.arange(len(ids))
    level = subdivide(
        QuadMesh(quads=quads, uv_quads=quads, mirror=local[source.mirror[ids]]), len(ids)
    )
    binding = level.smooth @ selection(ids, len(reference))
    helper = apply_map(binding, reference)
    narrow = helper.new_tensor([_WIDTH, 1.0, 1.0])
    vertices = helper * narrow
    forward = _forward(vertices)
    # The helper's tip is cut off straight: round it.
    rounding = _TIP_ROUNDING * vertices[:, 0] ** 2
    vertices[:, 2] -= (_TIP_SHIFT + rounding) * forward
    expression = apply_map(binding, source.expressions.transpose(0, 1)).transpose(0, 1) * narrow
    out = ARKIT_INDEX["tongueOut"]
    expression[out] = _way_out(vertices, forward, expression[out])
    faces = split_quads(level.mesh.quads)
    return PartGeometry(
        name="tongue",
        material="tongue",
        vertices=vertices,
        faces=faces,
        uvs=_uvs(vertices),
        uv_faces=faces,
        binding=binding,
        expression=expression,
        joint="head",
    )


def _forward(vertices: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    """Return 0 in the tongue's back half, rising smoothly to 1 at its tip."""
    share = ((vertices[:, 2] - _MIDDLE) / (_TIP - _MIDDLE)).clamp(0, 1)
    return share * share * (3 - 2 * share)


def _way_out(
    vertices: Float[Tensor, "points 3"],
    forward: Float[Tensor, " points"],
    displacement: Float[Tensor, "points 3"],
) -> Float[Tensor, "points 3"]:
    """Take the tip further than the source does, thinner, and over the lower teeth and lip."""
    z = vertices[:, 2]
    design = torch.stack([torch.ones_like(z), z, z * z], dim=-1)
    middle = design @ torch.linalg.lstsq(design, vertices[:, 1:2]).solution
    thin = -_THINNER * forward * (vertices[:, 1] - middle[:, 0])
    lift = _LIFT * torch.sin(forward.clamp(0, 1) * torch.pi * 0.8)
    displacement = displacement.clone()
    displacement[:, 2] *= 1 + _FURTHER * forward
    displacement[:, 1] += thin + lift
    return displacement


def _uvs(vertices: Float[Tensor, "points 3"]) -> Float[Tensor, "points 2"]:
    """Look at the tongue from above: u to the subject's left, v from the tip back."""
    low, high = vertices.min(0).values, vertices.max(0).values
    u = (vertices[:, 0] - low[0]) / (high[0] - low[0])
    v = (high[2] - vertices[:, 2]) / (high[2] - low[2])
    return 0.02 + 0.96 * torch.stack([u, v], dim=-1)
