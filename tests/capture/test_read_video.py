"""Videos are read upright, at their own times, and as far as they are whole."""

import numpy as np
import pytest
import torch

from avatar.capture.read_video import open_video, turned
from avatar.core.errors import VideoError
from tests.video_files import write_sound, write_video

av = pytest.importorskip("av")


def ramps(count, size=(64, 96)):
    """Frames whose brightness rises evenly."""
    return [np.full((*size, 3), 20 + 5 * index, np.uint8) for index in range(count)]


def read(path):
    with open_video(path) as video:
        return list(video.frames()), video


def test_frames_come_in_order_with_their_colours(tmp_path):
    write_video(tmp_path / "a.mp4", ramps(10))
    frames, video = read(tmp_path / "a.mp4")
    assert [frame.pixels.shape for frame in frames] == [(64, 96, 3)] * 10
    levels = [float(frame.pixels.float().mean()) for frame in frames]
    assert np.abs(np.array(levels) - (20 + 5 * np.arange(10))).max() < 4
    assert video.warnings == []
    assert not video.has_sound


def test_uneven_times_stay_uneven(tmp_path):
    times = [0.0, 0.04, 0.2, 0.21, 0.7, 1.5]
    write_video(tmp_path / "a.mkv", ramps(6), times)
    frames, _ = read(tmp_path / "a.mkv")
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.002)


def test_sound_is_noticed(tmp_path):
    write_video(tmp_path / "a.mp4", ramps(10), sound=True)
    assert read(tmp_path / "a.mp4")[1].has_sound


@pytest.mark.parametrize(("quarters", "corner"), [(1, (1, 0)), (-1, (0, 1)), (2, (1, 1))])
def test_quarter_turns_are_counter_clockwise(quarters, corner):
    pixels = torch.zeros(2, 2, 3, dtype=torch.uint8)
    pixels[0, 0] = 9
    assert turned(pixels, quarters)[corner][0] == 9


def test_truncated_file_gives_what_it_holds_and_warns(tmp_path):
    noise = np.random.default_rng(0)
    frames = [noise.integers(0, 255, (64, 96, 3), np.uint8) for _ in range(50)]
    write_video(tmp_path / "a.mkv", frames)
    content = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "half.mkv").write_bytes(content[: len(content) // 2])
    found, video = read(tmp_path / "half.mkv")
    assert 10 < len(found) < 40
    assert len(video.warnings) == 1
    assert "half.mkv" in video.warnings[0]


def test_what_is_no_video_is_refused_in_words(tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    (tmp_path / "png.mp4").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "text.mp4").write_text("no video at all")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with av.open(str(tmp_path / "sound.m4a"), "w") as container:
        write_sound(container, container.add_stream("aac", rate=16000, layout="mono"), 0.5)
    for name, words in {
        "png.mp4": "picture",
        "text.mp4": "not a video",
        "empty.mp4": "not a video",
        "sound.m4a": "only sound",
        "missing.mp4": "no such file",
    }.items():
        with pytest.raises(VideoError, match=words):
            read(tmp_path / name)


def test_a_film_without_a_frame_is_refused_in_words(tmp_path):
    write_video(tmp_path / "one.mkv", [np.zeros((32, 32, 3), np.uint8)] * 3)
    data = (tmp_path / "one.mkv").read_bytes()
    # The head of the file says what would come; the frames themselves are cut off.
    (tmp_path / "none.mkv").write_bytes(data[: data.index(b"\x1f\x43\xb6\x75")])
    with pytest.raises(VideoError, match="not a video that can be read"):
        read(tmp_path / "none.mkv")
