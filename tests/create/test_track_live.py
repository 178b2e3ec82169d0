"""Live tracking keeps up, keeps nothing, and keeps what was recorded when the camera goes."""

import threading
import time

import pytest
import torch
from skimage import data

from avatar.animation.clip_file import load_clip
from avatar.animation.join import join_frames
from avatar.capture.read_video import VideoFrame
from avatar.cli import main
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.errors import VideoError
from avatar.create.newest import Newest
from avatar.create.track_live import track_live
from avatar.fit.video.face_tracker import TrackerOptions
from avatar.head.registry import load_model
from tests.video_files import moving_picture, write_video

pytest.importorskip("av")

QUICK = TrackerOptions(calibrate_at=(), background=False)
PICTURES = moving_picture(data.astronaut()[:336, 64:400], 20, step=1)


class FakeCamera:
    """Shows the portrait at a rate; goes away where it is told to."""

    name = "fake camera"

    def __init__(self, count, rate, gone=False):
        self.count, self.rate, self.gone = count, rate, gone

    def frames(self):
        start = time.monotonic()
        for index in range(self.count):
            time.sleep(max(0.0, start + index / self.rate - time.monotonic()))
            pixels = torch.from_numpy(PICTURES[index % len(PICTURES)].copy())
            yield VideoFrame(pixels=pixels, time=index / self.rate)
        if self.gone:
            raise VideoError("fake camera: gives no more pictures after 1.0 s; is it there?")


def test_frames_that_come_too_fast_are_dropped_and_the_delay_stays():
    frames = list(track_live(FakeCamera(90, 60.0), load_model("anny"), QUICK))
    assert all(frame.clip is not None for frame in frames)
    assert len(frames) + frames[-1].dropped <= 90
    times = torch.tensor([frame.time for frame in frames])
    assert bool((times.diff() > 0).all())
    # Whatever the machine does beside this, a frame waits for at most those being worked on.
    for frame in frames[len(frames) // 2 :]:
        longest = max(sum(other.seconds.values()) for other in frames)
        assert frame.delay < 3 * longest + 0.5
    assert set(frames[-1].seconds) == {"follow", "calibrate", "fit"}
    take = join_frames([frame.clip for frame in frames])
    assert float(take.times[0]) == 0
    assert take.joint_names == ("neck", "head")
    assert float(take.weights[:, ARKIT_INDEX["mouthSmileLeft"]].min()) > 0.1


def test_a_camera_that_goes_away_is_told_and_nothing_hangs():
    before = threading.active_count()
    seen = []
    frames = track_live(FakeCamera(6, 30.0, gone=True), load_model("anny"), QUICK)
    with pytest.raises(VideoError, match="no more pictures"):
        seen.extend(frames)
    assert seen
    assert threading.active_count() == before


def test_closing_early_ends_every_thread():
    before = threading.active_count()
    frames = track_live(FakeCamera(10_000, 30.0), load_model("anny"), QUICK)
    assert next(frames).clip is not None
    frames.close()
    assert threading.active_count() == before


def test_only_the_newest_is_handed_on():
    handed: Newest[int] = Newest()
    for number in range(5):
        assert handed.put(number)
    assert handed.get() == 4
    assert handed.dropped == 4
    handed.close(VideoError("gone"))
    assert not handed.put(6)
    with pytest.raises(VideoError, match="gone"):
        handed.get()


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "face.mp4"
    write_video(path, PICTURES, rate=20, codec="mpeg4")
    return path


def test_a_fake_camera_is_tracked_and_recorded(film, tmp_path, capsys):
    take = tmp_path / "take.npz"
    arguments = ["track", "--camera", str(film), "--send", "vmc://127.0.0.1:9", "-o", str(take)]
    assert main(arguments) == 0
    assert capsys.readouterr().out.split() == [str(take)]
    assert len(load_clip(take).times) >= 1


def test_ctrl_c_saves_what_was_recorded(film, tmp_path, monkeypatch, capsys):
    import avatar.create.track_live as recipe

    real = recipe.track_live

    def stopped(*arguments):
        frames = real(*arguments)
        yield next(frames)
        frames.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "track_live", stopped)
    take = tmp_path / "take.csv"
    assert main(["track", str(film), "--live", "-o", str(take)]) == 0
    assert take.stat().st_size > 500
    assert "saved" in capsys.readouterr().err


def test_a_camera_that_goes_away_leaves_the_take(film, tmp_path, monkeypatch, capsys):
    import avatar.create.track_live as recipe

    real = recipe.track_live

    def unplugged(*arguments):
        frames = real(*arguments)
        yield next(frames)
        frames.close()
        raise VideoError("camera 0: gives no more pictures after 0.1 s; is it there?")

    monkeypatch.setattr(recipe, "track_live", unplugged)
    take = tmp_path / "take.npz"
    assert main(["track", "--camera", str(film), "-o", str(take)]) == 2
    assert len(load_clip(take).times) == 1
    assert "no more pictures after 0.1 s; is it there?; what came before is saved" in (
        capsys.readouterr().err
    )


BAD = {
    "neither": (["track"], "expected a video, or --camera"),
    "both": (["track", "a.mp4", "--camera", "0"], "give one of them"),
    "no camera": (["track", "--camera", "97"], "camera 97: cannot be opened"),
    "send offline": (["track", "a.mp4", "--send", "vmc://localhost"], "live"),
    "odd address": (["track", "--live", "--camera", "0", "--send", "udp://x"], "expected vmc"),
    "film of a camera": (["track", "--camera", "0", "-o", "take.mp4"], "ending in"),
    "no time": (["track", "--camera", "0", "--seconds", "0"], "seconds"),
}


@pytest.mark.parametrize("case", BAD)
def test_odd_wishes_get_a_line(case, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())
