"""A face is followed while it is there, and marked as gone when it is not."""

import numpy as np
import pytest
import torch
from skimage import data

from avatar.capture.follow_face import FaceFollower, FollowOptions
from avatar.capture.read_video import VideoFrame
from avatar.core.errors import OptionError
from tests.video_files import moving_picture


@pytest.fixture(scope="module")
def photo():
    return data.astronaut()[:360, 60:420]


def followed(pictures, options=None, rate=25):
    follower = FaceFollower(options)
    return [
        follower.follow(VideoFrame(pixels=torch.from_numpy(p.copy()), time=index / rate))
        for index, p in enumerate(pictures)
    ]


def test_points_move_with_the_picture(photo):
    traces = followed(moving_picture(photo, 10, step=3))
    assert all(trace is not None for trace in traces)
    assert [trace.found for trace in traces] == [True] + [False] * 9
    middles = torch.stack([trace.points[:468, :2].mean(0) for trace in traces])
    assert float((middles.diff(dim=0) + 3).abs().max()) < 0.8


def test_face_is_gone_where_it_is_not_shown_and_found_again(photo):
    noise = np.random.default_rng(1).integers(90, 110, photo.shape, np.uint8)
    traces = followed([photo] * 3 + [noise] * 3 + [photo] * 6)
    seen = [trace is not None for trace in traces]
    assert seen[:3] == [True] * 3
    assert not any(seen[3:6])
    assert seen[-1]
    assert traces[-1].shot > traces[0].shot


def test_option_errors_name_the_range(photo):
    with pytest.raises(OptionError, match="1 to 4"):
        FaceFollower(FollowOptions(views=9))
    with pytest.raises(OptionError, match="largest"):
        FaceFollower(FollowOptions(face=0))
    assert followed([photo], FollowOptions(face=5)) == [None]
