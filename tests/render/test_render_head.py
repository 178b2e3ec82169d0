import math
from dataclasses import replace

import pytest
import torch

from avatar.core.errors import OptionError
from avatar.core.harmonics import irradiance, sh_basis
from avatar.core.material import Material
from avatar.render.light import Lamp, Light, environment_light, of_one_hue
from avatar.render.openness import lamp_share
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from tests.render.shapes import front_camera, join, mesh_of, sphere, square, wall

UNLIT = RenderOptions(unlit=True)
PLAIN = RenderOptions(tone=False, occlusion=False, shadows=False)


def white_world() -> Light:
    environment = torch.zeros(9, 3)
    environment[0] = 1
    return Light(environment=environment)


def checker(size: int) -> torch.Tensor:
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.stack([row / size, column / size, (row + column) % 2 * 1.0], -1)


def textured_square(texture: torch.Tensor, side: float):
    return prepare_scene(mesh_of(*square(side)), (Material(name="skin", base_color_map=texture),))


@pytest.mark.parametrize("roughness", [0.1, 0.5, 1.0])
def test_white_ball_in_a_white_world_is_white(roughness: float) -> None:
    scene = prepare_scene(mesh_of(*sphere(0.1)), (Material(name="skin", roughness=roughness),))
    options = replace(PLAIN, light=white_world())
    image = render_head(scene, front_camera(focal=250.0), options)
    inside = image[..., 3] == 1
    assert inside.sum() > 1500
    torch.testing.assert_close(image[inside], torch.ones_like(image[inside]), atol=2e-3, rtol=0)


def test_matte_ball_shows_the_irradiance_of_its_normals() -> None:
    environment = torch.rand(9, 3, generator=torch.Generator().manual_seed(0)) * 0.3
    environment[0] = 1.5
    material = Material(name="ball", base_color=(0.5, 0.5, 0.5, 1.0), metallic=0.0, roughness=1.0)
    vertices, uvs, faces, uv_faces = sphere(0.1, rings=96)
    scene = prepare_scene(mesh_of(vertices, uvs, faces, uv_faces, material="ball"), (material,))
    camera = front_camera(distance=20.0, focal=4000.0)
    image = render_head(scene, camera, replace(PLAIN, light=environment_light(environment)))
    column, row = torch.tensor([31, 20, 40]), torch.tensor([31, 36, 25])
    across, up = (column - 31.5) / 4000 * 20 / 0.1, (31.5 - row) / 4000 * 20 / 0.1
    normals = torch.stack([across, up, (1 - across**2 - up**2).sqrt()], -1)
    expected = irradiance(environment, normals) * 0.5
    torch.testing.assert_close(image[row, column, :3], expected, atol=0.01, rtol=0)


@pytest.mark.parametrize("samples", [1, 4, 8])
def test_texels_land_on_their_pixels_exactly(samples: int) -> None:
    # 32 texels across 0.16 m at 1 m and focal 200 are 32 pixels, in the middle of 64.
    texture = checker(32)
    options = replace(UNLIT, samples=samples)
    image = render_head(textured_square(texture, 0.16), front_camera(), options)
    torch.testing.assert_close(image[16:48, 16:48, :3], texture, atol=2e-3, rtol=0)
    assert image[:16].abs().max() == 0
    assert image[16:48, 16:48, 3].min() == 1


def test_unlit_picture_of_a_plain_material_is_its_albedo() -> None:
    material = Material(name="skin", base_color=(0.2, 0.5, 0.8, 1.0))
    scene = prepare_scene(mesh_of(*sphere(0.1)), (material,))
    image = render_head(scene, front_camera(), UNLIT)
    inside = image[..., 3] == 1
    expected = torch.tensor([0.2, 0.5, 0.8, 1.0]).expand(int(inside.sum()), 4)
    torch.testing.assert_close(image[inside], expected)


def test_moving_the_principal_point_pans_the_picture() -> None:
    scene = textured_square(checker(32), 0.16)
    camera = front_camera()
    shift = torch.tensor([[0.0, 0, 5], [0, 0, -3], [0, 0, 0]])
    panned = replace(camera, intrinsics=camera.intrinsics + shift)
    before, after = render_head(scene, camera, UNLIT), render_head(scene, panned, UNLIT)
    torch.testing.assert_close(after[:-3, 5:], before[3:, :-5], atol=1e-3, rtol=0)


def test_bands_of_a_picture_join_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = prepare_scene(mesh_of(*sphere(0.1)))
    whole = render_head(scene, front_camera())
    monkeypatch.setattr("avatar.render.render_head.BAND_PIXELS", 64 * 7)
    torch.testing.assert_close(render_head(scene, front_camera()), whole, atol=1e-5, rtol=0)


def test_coverage_of_a_disc_is_its_area() -> None:
    scene = prepare_scene(mesh_of(*sphere(0.1, rings=96)))
    image = render_head(scene, front_camera(distance=10.0, focal=2000.0))
    radius = 2000 * 0.1 / math.sqrt(10**2 - 0.1**2)  # pixels
    assert float(image[..., 3].sum()) == pytest.approx(math.pi * radius**2, rel=2e-3)


def test_edges_have_a_step_per_sample() -> None:
    vertices, uvs, faces = square(0.1)
    scene = prepare_scene(mesh_of(vertices + torch.tensor([0.0101, 0.0, 0.0]), uvs, faces))
    tilted = scene.moved(
        scene.vertices + 0.03 * scene.vertices[:, [1, 0, 2]] * torch.tensor([1.0, 0, 0])
    )
    alpha = render_head(tilted, front_camera(128, 128, 800.0), UNLIT)[..., 3]
    assert len(alpha.unique()) == 9


def test_see_through_layer_mixes_by_its_opacity_and_hides_nothing() -> None:
    back = mesh_of(*square(0.4), material="skin")
    film = mesh_of(*square(0.1, z=0.1), material="film")
    materials = (
        Material(name="skin", base_color=(0.8, 0.4, 0.2, 1.0)),
        Material(name="film", base_color=(0.0, 0.0, 1.0, 0.25), alpha_mode="blend"),
    )
    image = render_head(prepare_scene(join(back, film), materials), front_camera(), UNLIT)
    expected = torch.tensor([0.6, 0.3, 0.4, 1.0])
    torch.testing.assert_close(image[32, 32], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(image[32, 2], torch.tensor([0.8, 0.4, 0.2, 1.0]))


def test_layer_behind_an_opaque_surface_is_not_seen() -> None:
    front = mesh_of(*square(0.2, z=0.1), material="skin")
    film = mesh_of(*square(0.1), material="film")
    materials = (Material(name="film", base_color=(0.0, 0.0, 1.0, 0.5), alpha_mode="blend"),)
    both = render_head(prepare_scene(join(front, film), materials), front_camera(), UNLIT)
    alone = render_head(prepare_scene(front), front_camera(), UNLIT)
    torch.testing.assert_close(both, alone)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_layers_blend_from_back_to_front_whatever_their_order(order) -> None:
    films = [
        mesh_of(*square(0.2, z=0.0), material="red"),
        mesh_of(*square(0.2, z=0.1), material="blue"),
    ]
    materials = (
        Material(name="red", base_color=(1.0, 0.0, 0.0, 0.5), alpha_mode="blend"),
        Material(name="blue", base_color=(0.0, 0.0, 1.0, 0.5), alpha_mode="blend"),
    )
    scene = prepare_scene(join(*(films[place] for place in order)), materials)
    image = render_head(scene, front_camera(), UNLIT)
    torch.testing.assert_close(image[32, 32], torch.tensor([0.25, 0.0, 0.5, 0.75]))


def test_masked_texels_are_holes() -> None:
    texture = torch.ones(32, 32, 4)
    texture[:, :16, 3] = 0.2
    material = Material(name="skin", base_color_map=texture, alpha_mode="mask")
    scene = prepare_scene(mesh_of(*square(0.16)), (material,))
    alpha = render_head(scene, front_camera(), UNLIT)[..., 3]
    assert alpha[20:44, 18:30].max() == 0
    assert alpha[20:44, 34:46].min() == 1


@pytest.mark.parametrize(("double_sided", "seen"), [(False, False), (True, True)])
def test_single_sided_surfaces_are_invisible_from_behind(double_sided: bool, seen: bool) -> None:
    vertices, uvs, faces = square(0.1)
    material = Material(name="skin", double_sided=double_sided)
    scene = prepare_scene(mesh_of(vertices, uvs, faces.flip(1)), (material,))
    image = render_head(scene, front_camera(), replace(PLAIN, light=white_world()))
    assert bool(image.max() > 0) == seen
    if seen:
        assert float(image[32, 32, 0]) == pytest.approx(1, abs=2e-3)


def test_fine_checker_far_away_becomes_its_average_instead_of_noise() -> None:
    texture = checker(512)[..., 2:].expand(-1, -1, 3).contiguous()
    image = render_head(textured_square(texture, 0.16), front_camera(), UNLIT)
    torch.testing.assert_close(
        image[18:46, 18:46, :3], torch.full((28, 28, 3), 0.5), atol=0.02, rtol=0
    )


def test_lamp_in_front_lights_a_facing_wall_with_its_colour() -> None:
    lamp = Lamp(direction=torch.tensor([0.0, 0, 1]), color=(0.5, 0.4, 0.3), radius=0.1)
    light = Light(environment=torch.zeros(9, 3), lamps=(lamp,))
    material = Material(name="wall", roughness=1.0)
    scene = prepare_scene(mesh_of(*square(0.4), material="wall"), (material,))
    image = render_head(scene, front_camera(), replace(PLAIN, light=light))
    centre = image[32, 32, :3]
    torch.testing.assert_close(centre, torch.tensor([0.5, 0.4, 0.3]), atol=0.02, rtol=0)


def test_ball_throws_a_shadow_on_the_wall_where_the_lamp_says() -> None:
    screen = mesh_of(*wall(0.6, 120), material="wall")
    ball = mesh_of(*sphere(0.02, rings=16, offset=(0.0, 0.0, 0.1)), material="wall")
    direction = torch.nn.functional.normalize(torch.tensor([-1.0, 0.0, 1.0]), dim=0)
    lamp = Lamp(direction=direction, color=(1.0, 1.0, 1.0), radius=0.05, shadow=True)
    light = Light(environment=torch.zeros(9, 3), lamps=(lamp,))
    scene = prepare_scene(join(screen, ball), (Material(name="wall", roughness=1.0),))
    options = RenderOptions(light=light, tone=False)
    image = render_head(scene, front_camera(128, 128), options)[..., 0]
    # A ball 0.1 m before the wall, lit from 45 degrees left: its shadow falls 0.1 m right.
    column = int(63.5 + 200 * 0.1)
    assert image[62:66, column - 1 : column + 3].max() < 0.2
    assert image[62:66, 42:46].min() > 0.6


def test_wider_lamp_throws_a_softer_shadow() -> None:
    screen = mesh_of(*wall(0.6, 120), material="wall")
    ball = mesh_of(*sphere(0.03, rings=16, offset=(0.0, 0.0, 0.1)), material="ball")
    scene = prepare_scene(join(screen, ball), (Material(name="wall", roughness=1.0),))
    shares = [
        lamp_share(
            scene.vertices,
            scene.normals,
            scene.opaque.faces,
            Lamp(direction=torch.tensor([0.0, 0, 1]), color=(1.0, 1.0, 1.0), radius=radius),
        )[: 121 * 121]
        for radius in (0.02, 0.2)
    ]
    half_lit = [int(((share > 0.1) & (share < 0.9)).sum()) for share in shares]
    assert half_lit[1] > 1.5 * half_lit[0]
    # What a wider lamp softens it neither adds nor takes: the whole shadow stays the same.
    assert float((1 - shares[1]).sum()) == pytest.approx(float((1 - shares[0]).sum()), rel=0.12)


def test_flat_wall_does_not_shadow_itself() -> None:
    direction = torch.nn.functional.normalize(torch.tensor([-2.0, 1.0, 1.0]), dim=0)
    lamp = Lamp(direction=direction, color=(1.0, 1.0, 1.0), shadow=True)
    light = Light(environment=torch.zeros(9, 3), lamps=(lamp,))
    scene = prepare_scene(mesh_of(*square(0.4), material="wall"))
    shadowed = RenderOptions(light=light, tone=False)
    image = render_head(scene, front_camera(), shadowed)
    clear = render_head(scene, front_camera(), replace(shadowed, shadows=False))
    torch.testing.assert_close(image, clear)


def test_inside_of_a_bowl_is_darker_than_a_ball() -> None:
    ball = prepare_scene(mesh_of(*sphere(0.1)))
    used = ball.opaque.faces.unique()
    assert ball.openness[used].min() > 0.97
    vertices, uvs, faces, uv_faces = sphere(0.1)
    low = vertices[faces][..., 1].amax(1) < 0.0
    bowl = mesh_of(vertices, uvs, faces[low].flip(1), uv_faces[low].flip(1))
    bottom = vertices[:, 1] < -0.095
    used = torch.zeros(len(vertices), dtype=torch.bool)
    used[faces[low].reshape(-1)] = True
    assert prepare_scene(bowl).openness[bottom & used].mean() < 0.75


def test_normal_map_of_a_tilted_plane_shades_like_the_tilted_plane() -> None:
    # Encoded (0.6, 0, 0.8): tipped towards growing u, which is +X on the square.
    bumps = torch.tensor([0.8, 0.5, 0.9]).expand(4, 4, 3)
    lamp = Lamp(direction=torch.tensor([0.6, 0.0, 0.8]), color=(1.0, 1.0, 1.0))
    light = Light(environment=torch.zeros(9, 3), lamps=(lamp,))
    options = replace(PLAIN, light=light)
    material = Material(name="wall", roughness=1.0, normal_map=bumps)
    bumpy = prepare_scene(mesh_of(*square(0.2), material="wall"), (material,))
    flat = prepare_scene(
        mesh_of(*square(0.2), material="wall"), (replace(material, normal_map=None),)
    )
    assert float(render_head(bumpy, front_camera(), options)[32, 32, 0]) > 0.95
    assert float(render_head(flat, front_camera(), options)[32, 32, 0]) < 0.85


def test_normal_map_green_tips_towards_falling_v() -> None:
    bumps = torch.tensor([0.5, 0.8, 0.9]).expand(4, 4, 3)
    lamp = Lamp(direction=torch.tensor([0.0, 0.6, 0.8]), color=(1.0, 1.0, 1.0))
    options = replace(PLAIN, light=Light(environment=torch.zeros(9, 3), lamps=(lamp,)))
    material = Material(name="wall", roughness=1.0, normal_map=bumps)
    scene = prepare_scene(mesh_of(*square(0.2), material="wall"), (material,))
    assert float(render_head(scene, front_camera(), options)[32, 32, 0]) > 0.95


def test_texture_seam_does_not_show_in_the_shading() -> None:
    # The sphere's seam runs down its front; geometry is shared there, so the light is smooth.
    scene = prepare_scene(mesh_of(*sphere(0.1)))
    image = render_head(scene, front_camera(focal=250.0))[..., :3]
    torch.testing.assert_close(image[32, 31], image[32, 32], atol=0.01, rtol=0)


def test_studio_light_keeps_a_picture_within_range_and_mid_tones_near_their_albedo() -> None:
    material = Material(name="skin", base_color=(0.4, 0.3, 0.25, 1.0))
    scene = prepare_scene(mesh_of(*sphere(0.1)), (material,))
    image = render_head(scene, front_camera(focal=250.0))
    assert image.min() >= 0
    assert image.max() <= 1
    inside = image[..., 3] == 1
    ratio = image[inside][:, :3].mean(0) / torch.tensor([0.4, 0.3, 0.25])
    assert (ratio > 0.6).all()
    assert (ratio < 1.15).all()


def test_wrong_number_of_samples_is_an_option_error() -> None:
    with pytest.raises(OptionError, match="samples: expected one of"):
        RenderOptions(samples=3)


def test_a_catch_light_shines_in_smooth_surfaces_and_nowhere_else() -> None:
    environment = torch.zeros(9, 3)
    environment[0], environment[2] = 0.5, 0.2
    light = environment_light(environment)
    camera = front_camera(focal=250.0)
    peaks: list[float] = []
    for roughness in (0.05, 0.5):
        material = Material(name="ball", base_color=(0.02, 0.02, 0.02, 1.0), roughness=roughness)
        scene = prepare_scene(mesh_of(*sphere(0.1), material="ball"), (material,))
        image = render_head(scene, camera, replace(PLAIN, light=light))
        peaks.append(float(image[..., :3].amax()))
    assert peaks[0] > 0.3
    assert peaks[1] < 0.02


def test_a_light_of_one_hue_keeps_what_the_camera_faces_and_tames_the_sides() -> None:
    light = torch.zeros(9, 3)
    light[0] = torch.tensor([0.8, 0.7, 0.6])
    light[2] = torch.tensor([-0.3, 0.0, 0.2])
    ahead, below = torch.tensor([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    even = of_one_hue(light, front_camera())
    torch.testing.assert_close(sh_basis(ahead) @ even, sh_basis(ahead) @ light)

    def redness(of: torch.Tensor) -> float:
        seen = (sh_basis(torch.stack([ahead, below])) @ of).log()
        difference = seen[1] - seen[0]
        return float((difference[0] - difference[2]).abs())

    assert redness(even) < 0.6 * redness(light)
