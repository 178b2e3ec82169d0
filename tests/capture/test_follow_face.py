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


def test_ten_seconds_without_a_face_are_gaps_and_the_face_is_found_again(photo):
    grey = np.full_like(photo, 120)
    traces = followed([photo, photo, *[grey] * 20, *[photo] * 2], rate=2)
    seen = [trace is not None for trace in traces]
    assert seen == [True] * 2 + [False] * 20 + [True] * 2


def test_one_frame_a_second_is_followed_though_the_face_jumps(photo):
    traces = followed(moving_picture(photo, 4, step=30), rate=1)
    assert all(trace is not None for trace in traces)
    middles = torch.stack([trace.points[:468, :2].mean(0) for trace in traces])
    assert float((middles.diff(dim=0) + 30).abs().max()) < 3


def test_an_upright_film_of_4k_is_followed(photo):
    large = np.zeros((3840, 2160, 3), np.uint8) + 90
    face = photo.repeat(4, 0).repeat(4, 1)
    large[800 : 800 + len(face), 300 : 300 + face.shape[1]] = face
    traces = followed([large, large])
    assert all(trace is not None for trace in traces)
    assert (traces[0].width, traces[0].height) == (2160, 3840)
    (small,) = followed([photo])
    there = small.points[:468, :2] * 4 + torch.tensor([300.0, 800.0])
    size = float(there.amax(0).sub(there.amin(0)).max())
    assert float((traces[1].points[:468, :2] - there).norm(dim=1).mean()) < 0.02 * size


def test_points_are_the_same_whether_what_the_head_hides_is_kept_or_found_anew(photo, monkeypatch):
    import avatar.capture.follow_face as following

    pictures = moving_picture(photo, 4, step=2)
    kept = followed(pictures)
    monkeypatch.setattr(following, "_TURNED", -1.0)
    anew = followed(pictures)
    for first, second in zip(kept, anew, strict=True):
        assert torch.equal(first.points, second.points)
        assert float((first.confidences - second.confidences).abs().mean()) < 0.05
