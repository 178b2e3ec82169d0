"""Live sources give frames at their own pace, and say clearly when there are none."""

import io
import sys
import time

import numpy as np
import pytest

from avatar.capture.read_camera import open_camera
from avatar.core.errors import VideoError
from tests.video_files import write_video

pytest.importorskip("av")


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    rows = np.arange(96, dtype=np.uint8)[:, None, None]
    write_video(path, [np.broadcast_to(rows + 5 * i, (96, 96, 3)) for i in range(10)], rate=25)
    return path


def test_a_file_is_played_at_its_own_pace(film):
    with open_camera(str(film)) as camera:
        start = time.monotonic()
        waits = [time.monotonic() - start - frame.time for frame in camera.frames()]
    assert len(waits) == 10
    assert min(waits) > -0.005
    assert not camera.endless


def test_a_pipe_is_read_as_it_comes(film, tmp_path, monkeypatch):
    moving = tmp_path / "film.mkv"
    frames = [np.full((96, 96, 3), 20 * i, np.uint8) for i in range(10)]
    write_video(moving, frames, rate=1)
    held = io.TextIOWrapper(io.BytesIO(moving.read_bytes()))
    monkeypatch.setattr(sys, "stdin", held)
    start = time.monotonic()
    with open_camera("-") as camera:
        times = [frame.time for frame in camera.frames()]
    assert times == pytest.approx(range(10))
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    ("source", "message"),
    [("97", "camera 97"), ("nothing.mp4", "expected a number"), ("/dev/null", "/dev/null")],
)
def test_what_is_not_there_is_named(source, message):
    with pytest.raises(VideoError, match=message), open_camera(source):
        pass


def test_a_camera_that_ends_has_gone_away(film):
    with open_camera(str(film)) as camera:
        object.__setattr__(camera, "endless", True)
        with pytest.raises(VideoError, match=r"no more pictures after 0\.\d s"):
            list(camera.frames())
