"""Videos that teach little or nothing: what is said of them."""

import pytest
import torch

from avatar.capture.follow_face import FaceTrace
from avatar.core.errors import VideoError
from avatar.create.take_checks import camera_warnings, check_length, stillness_warnings

FRAMES, SIDE = 30, 160


def trace(time: float) -> FaceTrace:
    return FaceTrace(
        time=time,
        width=SIDE,
        height=SIDE,
        points=torch.zeros(478, 3),
        confidences=torch.ones(478),
        presence=1.0,
        shot=0,
        found=True,
        brows=None,
    )


def test_a_second_with_the_face_in_half_of_the_frames_is_enough():
    times = tuple(number / 25 for number in range(FRAMES))
    seen = tuple(trace(time) for time in times)
    check_length("clip", times, seen)
    check_length("clip", times, (*seen[:15], *[None] * 15))
    with pytest.raises(VideoError, match=r"clip: the face is seen in 47% of the frames"):
        check_length("clip", times, (*seen[:14], *[None] * 16))
    with pytest.raises(VideoError, match=r"at least 1 s to learn from, got 0.96 s"):
        check_length("clip", times[:25], seen[:25])


def test_a_face_that_does_not_change_is_told():
    generator = torch.Generator().manual_seed(0)
    talking = 0.3 * torch.rand(FRAMES, 52, generator=generator)
    assert stillness_warnings("clip", talking) == []
    (told,) = stillness_warnings("clip", talking[:1].expand(FRAMES, 52))
    assert "the expression hardly changes" in told
    assert "film someone who talks" in told


def test_a_camera_that_moves_is_told():
    generator = torch.Generator().manual_seed(0)
    wall = torch.randint(0, 256, (SIDE // 8, 2 * SIDE // 8, 3), generator=generator)
    wall = wall.repeat_interleave(8, 0).repeat_interleave(8, 1).to(torch.uint8)
    mattes = torch.zeros(FRAMES, SIDE, SIDE, dtype=torch.uint8)
    mattes[:, 60:, 40:120] = 255
    still = wall[:, :SIDE].expand(FRAMES, SIDE, SIDE, 3)
    assert camera_warnings(still, mattes) == []
    panned = torch.stack([wall[:, 4 * number : SIDE + 4 * number] for number in range(FRAMES)])
    (told,) = camera_warnings(panned, mattes)
    assert "the background moves" in told
    assert "put it on a stand" in told
    close_up = torch.full_like(mattes, 255)
    assert camera_warnings(panned, close_up) == []
