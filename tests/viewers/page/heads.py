"""Splats that can be relit: which way they look is random."""

from dataclasses import replace

import torch

from avatar.core.splats import SplatRelighting, Splats


def lit_splats(splats: Splats) -> Splats:
    """Return the splats as filmed in a light that comes from the front and the subject's left."""
    generator = torch.Generator().manual_seed(3)
    count = len(splats)
    environment = torch.zeros(9, 3)
    environment[0], environment[1], environment[3] = 0.8, 0.3, 0.4
    return replace(
        splats,
        relighting=SplatRelighting(
            normals=torch.nn.functional.normalize(
                torch.randn(count, 3, generator=generator) + torch.tensor([0.0, 0.0, 1.5]), dim=1
            ),
            filmed_light=0.5 + 0.5 * torch.rand(count, 3, generator=generator),
            openness=0.5 + 0.5 * torch.rand(count, generator=generator),
            roughnesses=torch.full((count,), 0.6),
            environment=environment,
        ),
    )
