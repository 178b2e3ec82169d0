"""What rough surfaces mirror, against integrals without a fit."""

import math

import numpy as np
import pytest
import torch

from avatar.render.facets import LOBES, even_share, lamp_gloss, skin_gloss
from avatar.render.light import Lamp
from tests.benchmarks.turntable.facets import mirrored_share

COSINES = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 1.0])


def share(roughness: float, reflectance: float) -> np.ndarray:
    cosines = torch.from_numpy(COSINES).float()
    rough = torch.full_like(cosines, roughness)
    return even_share(rough, cosines, torch.full((1, 1), reflectance))[0].numpy()


@pytest.mark.parametrize("roughness", [0.35, 0.5, 0.65, 0.8])
def test_skin_mirrors_as_much_of_an_even_world_as_its_facets_do(roughness):
    exact = mirrored_share(COSINES, roughness, 1.5)
    assert np.abs(share(roughness, 0.04) - exact).max() < 0.025
    assert np.abs(share(roughness, 0.04) - exact)[2:].max() < 0.012


@pytest.mark.parametrize("roughness", [0.2, 0.5, 1.0])
def test_a_perfect_mirror_keeps_nothing_however_rough(roughness):
    assert np.abs(share(roughness, 1.0) - 1).max() < 1e-5


def test_lobes_share_one_surface_and_their_mean_is_the_maps():
    assert sum(weight for _, weight in LOBES) == pytest.approx(1)
    assert sum(scale * weight for scale, weight in LOBES) == pytest.approx(1)


def reflected(gloss, roughness: float, radius: float) -> float:
    """Return what a surface seen aslant sends back of lamps all around, of the light they give."""
    count = 20_000
    index = torch.arange(count) + 0.5
    up = index / count
    turn = math.pi * (1 + math.sqrt(5)) * index
    level = (1 - up * up).sqrt()
    lights = torch.stack([level * turn.cos(), level * turn.sin(), up])
    # Turning the surface under one lamp is turning lamps over one surface.
    lamp = Lamp(direction=torch.tensor([0.0, 0.0, 1.0]), color=(1.0, 1.0, 1.0), radius=radius)
    eye = torch.tensor([math.sqrt(1 - 0.6**2), 0.0, 0.6])
    normals, eyes = [], []
    for light in lights.T:
        first = torch.linalg.cross(torch.tensor([0.3, 0.5, 0.8]), light)
        first = first / first.norm()
        frame = torch.stack([first, torch.linalg.cross(light, first), light])
        normals.append(frame[:, 2])
        eyes.append(frame @ eye)
    rough = torch.full((count,), roughness)
    cosine = torch.full((count,), 0.6)
    shine = gloss(
        torch.stack(normals, 1), torch.stack(eyes, 1), cosine, rough, lamp, torch.full((1, 1), 0.04)
    )
    return float((shine[0] * lights[2]).mean() * 2)


def test_lamps_all_around_are_mirrored_like_an_even_world():
    def even(roughness: float) -> float:
        one = torch.ones(1)
        return float(even_share(roughness * one, 0.6 * one, 0.04 * one[None]))

    assert reflected(lamp_gloss, 0.5, 0.001) == pytest.approx(even(0.5), rel=0.06)
    lobes = sum(weight * even(0.5 * scale) for scale, weight in LOBES)
    assert reflected(skin_gloss, 0.5, 0.001) == pytest.approx(lobes, rel=0.06)


def test_a_wider_lamp_has_a_broader_and_fainter_highlight_on_skin():
    eye = torch.tensor([0.0, 0.0, 1.0])[:, None].expand(3, 2)
    normals = torch.stack([eye[:, 0], torch.tensor([math.sin(0.4), 0.0, math.cos(0.4)])], 1)
    cosine, rough = normals[2], torch.full((2,), 0.4)

    def seen(radius: float) -> torch.Tensor:
        lamp = Lamp(direction=eye[:, 0], color=(1.0, 1.0, 1.0), radius=radius)
        return skin_gloss(normals, eye, cosine, rough, lamp, torch.full((1, 1), 0.04))[0]

    small, large = seen(0.02), seen(0.6)
    assert large[0] < small[0]
    assert large[1] > small[1]
