import math

import pytest
import torch

from avatar.render.frame_head import frame_head, head_vertices


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> torch.Tensor:
    """The corners of a box, x fastest."""
    return torch.cartesian_prod(*torch.tensor([low, high]).T.flip(0))[:, [2, 1, 0]]


HEAD = box((-0.08, -0.12, -0.16), (0.08, 0.12, 0.05))
BUST = torch.cat([HEAD, box((-0.25, -0.3, -0.16), (0.25, -0.2, 0.05))])


@pytest.mark.parametrize("yaw", [-math.pi / 2, -0.7, 0.0, 0.7, math.pi / 2, math.pi])
def test_head_fills_the_picture_from_every_side(yaw: float) -> None:
    pixels, depths = frame_head(BUST, yaw=yaw, size=(300, 360)).project(head_vertices(BUST))
    assert depths.min() > 0.3
    assert pixels.min() > 0
    assert pixels[:, 0].max() < 299
    assert pixels[:, 1].max() < 359
    height = pixels[:, 1].max() - pixels[:, 1].min()
    assert 0.72 * 360 < height < 0.95 * 360


def test_positive_yaw_shows_the_face_turned_to_its_left() -> None:
    nose, back = torch.tensor([[0.0, 0.0, 0.1]]), torch.tensor([[0.0, 0.0, -0.1]])
    camera = frame_head(BUST, yaw=0.5)
    assert camera.project(nose)[0][0, 0] > camera.project(back)[0][0, 0]


def test_positive_pitch_shows_the_face_nodding_down() -> None:
    nose, back = torch.tensor([[0.0, 0.0, 0.1]]), torch.tensor([[0.0, 0.0, -0.1]])
    camera = frame_head(BUST, pitch=0.5)
    assert camera.project(nose)[0][0, 1] > camera.project(back)[0][0, 1]


def test_zoom_enlarges_about_the_middle() -> None:
    plain, near = frame_head(BUST), frame_head(BUST, zoom=2.0)
    middle = torch.tensor([383.5, 383.5])
    torch.testing.assert_close(
        near.project(HEAD)[0] - middle, 2 * (plain.project(HEAD)[0] - middle), atol=0.05, rtol=1e-3
    )
