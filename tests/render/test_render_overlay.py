import pytest
import torch

from avatar.core.errors import OptionError
from avatar.core.material import Material
from avatar.render.options import RenderOptions
from avatar.render.render_clay import CLAY, render_clay
from avatar.render.render_overlay import OverlayOptions, edge_coverage, render_overlay
from avatar.render.scene import prepare_scene
from tests.render.shapes import front_camera, join, mesh_of, sphere, square


def test_photo_is_untouched_where_the_mesh_is_not() -> None:
    photo = torch.rand(64, 64, 3)
    scene = prepare_scene(mesh_of(*square(0.1)))
    picture = render_overlay(photo, front_camera(), scene)
    torch.testing.assert_close(picture[:20], photo[:20])
    assert (picture[30:34, 30:34] - photo[30:34, 30:34]).abs().max() > 0.05


def test_opacity_zero_without_wire_is_the_photo() -> None:
    photo = torch.rand(64, 64, 3)
    scene = prepare_scene(mesh_of(*sphere(0.05)))
    options = OverlayOptions(opacity=0.0, wire_opacity=0.0)
    torch.testing.assert_close(render_overlay(photo, front_camera(), scene, options), photo)


def test_wire_runs_along_the_edges_of_triangles() -> None:
    scene = prepare_scene(mesh_of(*square(0.2)))  # 40 pixels wide, cut along one diagonal
    coverage = edge_coverage(scene, front_camera(), 1.0)
    diagonal = coverage[torch.arange(14, 50), torch.arange(14, 50)]
    other = coverage[torch.arange(14, 30), torch.arange(49, 33, -1)]
    assert diagonal.min() > 0.9
    assert other.max() < 0.1


def test_photo_of_another_size_than_the_camera_is_an_option_error() -> None:
    scene = prepare_scene(mesh_of(*square(0.1)))
    with pytest.raises(OptionError, match=r"photo: expected 64 x 64"):
        render_overlay(torch.zeros(32, 64, 3), front_camera(), scene)


def test_clay_hides_textures_and_leaves_layers_out() -> None:
    materials = (
        Material(name="skin", base_color_map=torch.rand(8, 8, 3)),
        Material(name="film", base_color=(1.0, 0.0, 0.0, 0.5), alpha_mode="blend"),
    )
    both = join(mesh_of(*square(0.2)), mesh_of(*square(0.1, z=0.1), material="film"))
    image = render_clay(prepare_scene(both, materials), front_camera(), RenderOptions(unlit=True))
    torch.testing.assert_close(image[32, 32], torch.tensor([*CLAY, 1.0]))
