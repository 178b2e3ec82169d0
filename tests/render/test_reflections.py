import math

import pytest
import torch
from torch.testing import assert_close

from avatar.core.transform import rotation_about_vertical
from avatar.render.reflections import Reflections, panorama_directions

ROWS = 32


def directions() -> torch.Tensor:
    return panorama_directions((torch.arange(ROWS) + 0.5) / ROWS * math.pi)


def spot(towards: torch.Tensor, radius: float = 0.2) -> Reflections:
    """A bright disc in the dark."""
    inside = (directions() @ towards > math.cos(radius)).float()
    return Reflections.of(inside[..., None].expand(-1, -1, 3) * 10)


def seen(reflections: Reflections, towards: torch.Tensor, roughness: float) -> float:
    return float(reflections.mirrored(towards[:, None], torch.tensor([roughness]))[0, 0])


@pytest.mark.parametrize("roughness", [0.02, 0.3, 0.6, 1.0])
def test_an_even_world_is_mirrored_evenly(roughness):
    even = Reflections.of(torch.ones(ROWS, 2 * ROWS, 3) * torch.tensor([0.5, 1.0, 2.0]))
    towards = torch.nn.functional.normalize(
        torch.randn(200, 3, generator=torch.Generator().manual_seed(0)), dim=1
    ).T
    mirrored = even.mirrored(towards, torch.full((200,), roughness))
    expected = torch.tensor([0.5, 1.0, 2.0])[:, None].expand(3, 200)
    assert_close(mirrored, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "towards", [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)]
)
def test_a_light_is_mirrored_where_it_is_and_wider_by_rougher_surfaces(towards):
    place = torch.tensor(towards)
    across = torch.linalg.cross(place, torch.tensor([0.3, 0.5, 0.8]))
    aside = torch.nn.functional.normalize(place + across / across.norm(), dim=0)
    light = spot(place)
    smooth = [seen(light, place, r) for r in (0.25, 0.5, 0.9)]
    assert smooth[0] > smooth[1] > smooth[2]
    assert seen(light, aside, 0.2) < 0.05 * smooth[0]
    assert seen(light, -place, 0.5) < 0.01 * smooth[1]


def test_a_turned_panorama_is_mirrored_turned_and_a_scaled_one_brighter():
    place = torch.tensor([0.6, 0.0, 0.8])
    turn = rotation_about_vertical(1.0)
    light = spot(place)
    turned = light.turned(turn).scaled(2)
    assert seen(turned, turn @ place, 0.4) == pytest.approx(2 * seen(light, place, 0.4), rel=1e-4)


def test_a_rough_surface_gathers_as_its_lobe_does():
    light = spot(torch.tensor([0.0, 0.0, 1.0]), radius=0.6)
    # The mean over the lobe of roughness 0.5 by a sum of its own, on axis.
    theta = (torch.arange(2000) + 0.5) / 2000 * math.pi / 2
    lobe = 0.25**2
    weight = theta.cos() * theta.sin() / ((theta / 2).cos() ** 2 * (lobe - 1) + 1) ** 2
    expected = 10 * float(weight[theta < 0.6].sum() / weight.sum())
    assert seen(light, torch.tensor([0.0, 0.0, 1.0]), 0.5) == pytest.approx(expected, rel=0.1)
