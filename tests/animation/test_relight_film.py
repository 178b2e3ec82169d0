"""A head in a light while something goes round: which side is lit, and what is behind it."""

import math

import numpy as np
import pytest
import torch

from avatar.animation.relight_film import relight_frames
from avatar.animation.relight_options import RelightOptions, Turning
from avatar.core.errors import OptionError
from avatar.render.light import Lamp, Light
from avatar.render.light_options import LightOptions
from tests.export.synthetic import synthetic_avatar

SIZE = 64
LEFT, RIGHT = np.s_[20:44, 38:46], np.s_[20:44, 18:26]
"""Of a picture: the side of the person's left cheek, and of the right one."""


def lamp_from_the_left() -> Light:
    """A lamp at +X, the person's left, which a picture of a face that looks at it shows right."""
    lamp = Lamp(direction=torch.tensor([1.0, 0.0, 0.0]), color=(1.0, 1.0, 1.0))
    return Light(environment=torch.zeros(9, 3), lamps=(lamp,))


def frames(turning: Turning, panorama: torch.Tensor | None = None, **more) -> list[np.ndarray]:
    options = RelightOptions(size=SIZE, fps=10, seconds=0.4, turning=turning, **more)
    light = lamp_from_the_left()
    return list(relight_frames(synthetic_avatar(), light, options, panorama))


def sides(picture: np.ndarray) -> tuple[float, float]:
    return float(picture[RIGHT].mean()), float(picture[LEFT].mean())


def test_a_light_that_goes_round_lights_one_side_and_then_the_other():
    pictures = frames("light")
    assert len(pictures) == 4
    right, left = sides(pictures[0])
    assert left > right + 20
    right, left = sides(pictures[2])
    assert right > left + 20


def test_before_a_head_that_turns_the_light_stands():
    for picture in frames("head"):
        right, left = sides(picture)
        assert left > right + 15


def test_a_camera_that_goes_round_sees_the_lit_side_come_and_go():
    brightness = [float(picture[20:44, 18:46].mean()) for picture in frames("camera")]
    assert max(brightness) > min(brightness) + 20


def test_the_panorama_behind_turns_with_the_light():
    panorama = torch.full((32, 64, 3), 0.1)
    panorama[:, :16] = torch.tensor([4.0, 0.0, 0.0])
    reds = [
        float(picture[:8, :, 0].mean() - picture[:8, :, 2].mean())
        for picture in frames("light", panorama)
    ]
    assert max(reds) > min(reds) + 30
    (grey, *_) = frames("light", panorama, behind="grey")
    assert np.abs(grey[:4].astype(int) - grey[:4].mean(-1, keepdims=True)).max() < 12


def test_what_is_behind_is_where_its_light_comes_from():
    """A bright quarter behind the head is seen there, and no more once it was turned round."""
    panorama = torch.full((32, 64, 3), 0.05)
    panorama[:, :8] = panorama[:, -8:] = 3.0  # the middle of the picture is before the face
    behind, _, before, _ = frames("light", panorama)
    assert behind[:6].mean() > before[:6].mean() + 40


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0.0},
        {"seconds": math.inf},
        {"size": 65},
        {"fps": 1},
        {"light": LightOptions(light_spin=2.0)},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        RelightOptions(**wrong)


def test_a_wall_is_as_dark_as_its_room():
    dark, *_ = frames("light")
    bright = Light(environment=torch.eye(9)[:, :1].expand(9, 3))
    options = RelightOptions(size=SIZE, fps=10, seconds=0.1)
    (day,) = relight_frames(synthetic_avatar(), bright, options)
    assert dark[:4].mean() < 0.6 * day[:4].mean()
