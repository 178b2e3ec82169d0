"""A head with any number of splats on its triangles, about as large as training leaves them."""

from dataclasses import replace

import torch

from avatar.core.avatar import Avatar
from avatar.core.harmonics import irradiance
from avatar.core.material import srgb_from_linear
from avatar.core.mesh import SurfacePoints
from avatar.core.splats import SplatRelighting
from avatar.create.default_head import default_head
from tests.core.a_few_splats import a_few_splats

CODES = 12
ON_BODY = 0.0016
"""Metres: the mean spread of 50,000 splats that cover a head as densely as trained ones do."""


def splat_head(count: int) -> Avatar:
    """Return the average head covered by so many splats, which can be relit."""
    head = default_head()
    skin = next(part for part in head.mesh.parts if part.name == "skin")
    generator = torch.Generator().manual_seed(1)
    corners = head.mesh.vertices[skin.faces]
    areas = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    rows = torch.multinomial(areas.norm(dim=1), count, replacement=True, generator=generator)
    faces = skin.faces[rows]
    splats = a_few_splats(head, min(count, len(head.mesh.faces)), CODES)
    again = torch.arange(count) % len(splats)
    splats = splats.chosen(torch.ones(len(splats), dtype=torch.bool))
    anchors = SurfacePoints(corners=faces, barycentrics=splats.barycentrics[again])
    normals = torch.nn.functional.normalize(areas[rows], dim=1)
    spread = ON_BODY * (50_000 / count) ** 0.5
    environment = torch.tensor([0.45, 0.1, 0.15, 0.4, 0, 0, 0, 0, 0])[:, None].repeat(1, 3)
    light = irradiance(environment, normals).clamp_min(0.05)
    albedo = torch.tensor([0.6, 0.38, 0.28]) * (0.9 + 0.1 * splats.colors[again])
    return replace(
        head,
        splats=replace(
            splats,
            means=anchors.on(head.mesh.vertices),
            rotations=splats.rotations[again],
            scales=splats.scales[again] / splats.scales.mean() * spread,
            opacities=0.4 + 0.6 * splats.opacities[again],
            colors=srgb_from_linear(albedo * light),
            corners=faces,
            barycentrics=splats.barycentrics[again],
            head_shares=(anchors.on(head.mesh.vertices)[:, 1] / 0.06 + 2.5).clamp(0, 1),
            layers=torch.zeros(count, dtype=torch.int64),
            offset_shapes=0.1 * splats.offset_shapes[:, again],
            color_shapes=0.2 * splats.color_shapes[:, again],
            relighting=SplatRelighting(
                normals=normals,
                filmed_light=light,
                openness=torch.ones(count),
                roughnesses=torch.full((count,), 0.5),
                environment=environment,
            ),
        ),
    )
