"""Light in skin, against the integrals it stands for."""

import math
from dataclasses import replace

import pytest
import torch

from avatar.core.material import Material
from avatar.core.mesh import vertex_normals
from avatar.render.curvature import SHARPEST, curvature
from avatar.render.light import Lamp, Light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from avatar.render.shade import SCATTER, Points, shade
from tests.render.shapes import front_camera, mesh_of, sphere

GAUSSIANS = (  # variance in mm2; weights of red, green and blue (d'Eon and Luebke 2007, table 14-1)
    (0.0064, 0.233, 0.455, 0.649),
    (0.0484, 0.1, 0.336, 0.344),
    (0.187, 0.118, 0.198, 0.0),
    (0.567, 0.113, 0.007, 0.007),
    (1.99, 0.358, 0.004, 0.0),
    (7.41, 0.078, 0.0, 0.0),
)


def skin_points(angles: torch.Tensor, radius: float | None, **changed) -> Points:
    """Return points of a white cylinder that faces +Z at angle 0, seen from where they face."""
    normals = torch.stack([angles.sin(), torch.zeros_like(angles), angles.cos()])
    ones = torch.ones_like(angles)
    points = Points(
        positions=normals * (radius or 1),
        normals=normals,
        smooth_normals=normals,
        to_eye=normals,
        openness=ones,
        lamp_shares=ones[None],
        albedo=ones.expand(3, -1),
        alpha=ones,
        roughness=0.5 * ones,
        metallic=0.0,
        curvature=None if radius is None else ones / radius,
    )
    return replace(points, **changed)


def lamp_ahead(radius: float = 0.001) -> Light:
    lamp = Lamp(direction=torch.tensor([0.0, 0.0, 1.0]), color=(1.0, 1.0, 1.0), radius=radius)
    return Light(environment=torch.zeros(9, 3), lamps=(lamp,))


@pytest.mark.parametrize("radius", [0.012, 0.03, 0.09])
def test_light_wanders_round_a_head_as_the_measured_profile_lets_it(radius):
    angles = torch.linspace(0, math.pi, 181)
    matte = shade(skin_points(angles, radius), lamp_ahead()).matte
    steps = torch.linspace(-1.5, 1.5, 3001)
    lit = (angles[:, None] + steps).cos().clamp_min(0)
    for channel in range(3):
        apart = steps * radius * 1000
        profile = sum(
            row[1 + channel]
            / math.sqrt(2 * math.pi * row[0])
            * torch.exp(-apart * apart / (2 * row[0]))
            for row in GAUSSIANS
        )
        exact = (lit * profile).sum(1) / profile.sum()
        assert (matte[channel] - exact).abs().max() < 0.05
        assert (matte[channel] - exact).abs().mean() < 0.015


def test_how_far_light_wanders_is_the_profiles_own_variance():
    for channel, apart in enumerate(SCATTER):
        weights = [row[1 + channel] for row in GAUSSIANS]
        variance = sum(w * row[0] for w, row in zip(weights, GAUSSIANS, strict=True)) / sum(weights)
        assert apart == pytest.approx(math.sqrt(variance) / 1000, rel=0.03)


def test_a_cheek_has_no_red_rim_and_a_nostril_has_some():
    angles = torch.linspace(1.3, 1.9, 61)

    def reddest(radius: float) -> float:
        matte = shade(skin_points(angles, radius), lamp_ahead()).matte
        return float((matte[0] - matte[1]).max())

    assert reddest(0.08) < 0.02
    assert 0.02 < reddest(0.013) < 0.2


def test_a_broad_lamp_reaches_round_as_far_as_its_disc_is_seen():
    angles = torch.linspace(0, math.pi, 91)
    wide = math.radians(20)
    matte = shade(skin_points(angles, None), lamp_ahead(wide)).matte[0]
    index = torch.arange(4000) + 0.5
    tilt = (index / 4000).sqrt() * math.sin(wide)
    turn = index * math.pi * (3 - math.sqrt(5))
    disc = torch.stack([tilt * turn.cos(), tilt * turn.sin(), (1 - tilt * tilt).sqrt()], 1)
    normals = torch.stack([angles.sin(), torch.zeros_like(angles), angles.cos()])
    exact = (disc @ normals).clamp_min(0).mean(0)
    assert (matte - exact).abs().max() < 0.04


@pytest.mark.parametrize(
    "changed",
    [
        {"specular": 0.3},
        {"specular": torch.linspace(0, 1, 31)},
        {"ior": 1.376},
        {"ior": 2.5},
        {"clearcoat": 0.7, "clearcoat_roughness": 0.3},
        {"metallic": 1.0},
        {"metallic": 1.0, "specular": 0.5},
    ],
)
@pytest.mark.parametrize("radius", [None, 0.05])
def test_no_material_makes_or_loses_light(changed, radius):
    even = torch.zeros(9, 3)
    even[0] = 1
    angles = torch.linspace(0, 1.2, 31)
    to_eye = torch.tensor([0.0, 0.0, 1.0])[:, None].expand(3, 31)
    points = skin_points(angles, radius, to_eye=to_eye, lamp_shares=torch.ones(0, 31), **changed)
    radiance = shade(points, Light(environment=even))
    # The polynomial of inter-reflection is a ten-thousandth more than 1 in the open.
    assert (radiance.matte + radiance.gloss - 1).abs().max() < 1.1e-4


def test_less_specular_is_less_gloss_and_a_coat_is_more():
    angles = torch.linspace(0, 0.3, 5)

    def gloss(**changed) -> torch.Tensor:
        return shade(skin_points(angles, None, **changed), lamp_ahead(0.1)).gloss[0]

    assert torch.allclose(gloss(specular=0.5), 0.5 * gloss())
    assert (gloss(clearcoat=1.0, clearcoat_roughness=0.3) > gloss()).all()
    assert (gloss(ior=1.376) < gloss()).all()


def test_a_sphere_bends_by_its_radius():
    vertices, _, faces, _ = sphere(0.05, rings=40)
    bends = curvature(vertices, vertex_normals(vertices, faces), faces)
    assert (bends[faces] - 20).abs().max() < 1.5
    tiny = vertices * 0.02
    assert float(curvature(tiny, vertex_normals(tiny, faces), faces).max()) <= SHARPEST * 1.001


def test_maps_of_specular_and_occlusion_dim_what_they_say():
    mesh = mesh_of(*sphere(0.1, rings=24))
    camera = front_camera(32, 32, focal=120.0)
    even = torch.zeros(9, 3)
    even[0] = 1
    options = RenderOptions(light=Light(environment=even), tone=False)

    def middle(**changed) -> float:
        skin = Material(name="skin", base_color=(0.0, 0.0, 0.0, 1.0), **changed)
        return float(render_head(prepare_scene(mesh, (skin,)), camera, options)[16, 16, 0])

    assert middle(specular_map=torch.full((4, 4), 0.5)) == pytest.approx(middle() / 2, rel=1e-3)
    assert middle(occlusion_map=torch.full((4, 4), 0.3)) < 0.8 * middle()
