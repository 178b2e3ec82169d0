from dataclasses import replace

import pytest
import torch

from avatar.core.avatar import Avatar, AvatarInfo
from avatar.core.errors import OptionError
from avatar.core.mesh import SurfacePoints
from avatar.core.rig import Rig
from avatar.render.crop_photo import crop_photo
from avatar.render.expressions import PREVIEW_EXPRESSIONS
from avatar.render.frame_head import frame_head
from avatar.render.options import RenderOptions
from avatar.render.preview_sheet import PhotoView, SheetOptions, preview_sheet
from avatar.render.tile import TileOptions, stack, tile
from avatar.render.tone import SHOULDER, backdrop, composite, faded_below, tone_map
from tests.render.shapes import front_camera, mesh_of, sphere

FAST = SheetOptions(width=420, render=RenderOptions(samples=1, shadows=False))


@pytest.fixture(scope="module")
def ball() -> Avatar:
    """A ball that opens its jaw by moving down."""
    mesh = mesh_of(*sphere(0.12, rings=16))
    count = len(mesh.vertices)
    morphs = torch.zeros(52, count, 3)
    morphs[17, :, 1] = -0.05
    return Avatar(
        info=AvatarInfo(name="ball", head_model="ball", licence="CC0", generator="test"),
        mesh=mesh,
        rig=Rig(
            morphs=morphs,
            joint_names=("neck",),
            parents=(-1,),
            joint_positions=torch.zeros(1, 3),
            skin_weights=torch.ones(count, 1),
        ),
        materials=(),
        landmarks68=SurfacePoints(
            corners=torch.zeros(68, 3, dtype=torch.int64), barycentrics=torch.full((68, 3), 1 / 3)
        ),
    )


def views(avatar: Avatar, count: int) -> tuple[PhotoView, ...]:
    camera = frame_head(avatar.mesh, size=(200, 150))
    photo = PhotoView(
        pixels=torch.full((150, 200, 3), 0.2), camera=camera, vertices=avatar.mesh.vertices
    )
    return (photo,) * count


@pytest.mark.parametrize("photos", [0, 1, 2, 9])
def test_sheet_has_its_width_however_many_photos(ball: Avatar, photos: int) -> None:
    sheet = preview_sheet(ball, views(ball, photos), FAST)
    assert sheet.dtype == torch.uint8
    assert sheet.shape[1] == FAST.width + 4 * FAST.tile.gap


def test_expression_moves_the_head_in_its_picture(ball: Avatar) -> None:
    chosen = tuple(e for e in PREVIEW_EXPRESSIONS if e.label in ("neutral", "jaw open"))
    sheet = preview_sheet(ball, (), replace(FAST, expressions=chosen))
    cell = (FAST.width + FAST.tile.gap) // 2 - FAST.tile.gap
    row = sheet[-cell:, 24:-24].float()
    assert (row[:, :cell] - row[:, -cell:]).abs().mean() > 5


def test_expressions_name_arkit_coefficients() -> None:
    for expression in PREVIEW_EXPRESSIONS:
        weights = expression.coefficients(torch.zeros(1))
        assert float(weights.min()) >= 0
        assert float(weights.max()) <= 1
        assert int((weights > 0).sum()) == len(expression.weights)


def test_crop_and_its_camera_agree() -> None:
    camera = front_camera(100, 80, focal=150.0)
    point = torch.tensor([[0.03, 0.01, 0.0]])
    photo = torch.zeros(80, 100, 3)
    (column, row), _ = camera.project(point)[0][0], None
    photo[int(row.round()), int(column.round())] = 1
    corners = torch.tensor([[-0.05, -0.05, 0.0], [0.1, 0.05, 0.0]])
    crop, cropped = crop_photo(photo, camera, corners, size=96)
    place = crop[..., 0].argmax()
    found = torch.tensor([float(place % 96), float(place // 96)])
    torch.testing.assert_close(found, cropped.project(point)[0][0], atol=1.6, rtol=0)


def test_crop_shows_the_backdrop_beyond_the_photo_and_no_smeared_border() -> None:
    camera = front_camera(50, 50, focal=100.0)
    stripes = torch.zeros(50, 50, 3)
    stripes[:, ::2, 0] = 1
    corners = torch.tensor([[-0.5, -0.5, 0], [0.5, 0.5, 0]])
    crop, cropped = crop_photo(stripes, camera, corners, 64)
    border, _ = cropped.project(torch.tensor([[-0.245, 0.245, 0.0]]))
    outside = int(border[0, 1].floor()) - 1
    assert outside > 8
    torch.testing.assert_close(crop[:outside], backdrop(64, 64, crop)[:outside])


def test_a_bust_fades_out_before_the_picture_ends() -> None:
    faded = faded_below(torch.ones(100, 4, 4), 0.8)
    assert bool((faded[:79] == 1).all())
    assert bool((faded[1:] <= faded[:-1]).all())
    assert float(faded[-1].abs().max()) == 0


def test_tiles_keep_their_pixels_and_their_order() -> None:
    pictures = [torch.full((4, 6, 3), value, dtype=torch.uint8) for value in (10, 20, 30)]
    sheet = tile(pictures, 2, options=TileOptions(gap=2))
    assert sheet.shape == (10, 14, 3)
    assert sheet[0, 0, 0] == 10
    assert sheet[0, 8, 0] == 20
    assert sheet[6, 0, 0] == 30
    assert sheet[6, 8].tolist() == list(TileOptions().paper)


def test_label_leaves_ink_below_its_picture() -> None:
    picture = torch.zeros(20, 80, 3, dtype=torch.uint8)
    sheet = tile([picture], 1, ["front"])
    assert sheet.shape[0] > 20
    assert sheet[20:].min() < 150


def test_stack_centres_narrow_rows() -> None:
    wide = torch.zeros(4, 10, 3, dtype=torch.uint8)
    narrow = torch.zeros(4, 6, 3, dtype=torch.uint8)
    sheet = stack([wide, narrow], TileOptions(gap=2))
    assert sheet.shape == (18, 18, 3)
    assert sheet[10, 4:14, 0].tolist() == [243] * 2 + [0] * 6 + [243] * 2


def test_tiles_of_different_sizes_are_an_option_error() -> None:
    with pytest.raises(OptionError, match="all of one size"):
        tile([torch.zeros(4, 4, 3).byte(), torch.zeros(4, 5, 3).byte()], 2)


def test_tone_curve_keeps_mid_tones_and_never_clips() -> None:
    light = torch.linspace(0, 4, 401)
    shown = tone_map(light)
    torch.testing.assert_close(shown[light <= SHOULDER], light[light <= SHOULDER])
    assert (shown.diff() >= 0).all()
    assert shown.max() <= 1


def test_composite_of_nothing_is_the_background() -> None:
    ground = backdrop(8, 8)
    torch.testing.assert_close(composite(torch.zeros(8, 8, 4), ground), ground)
