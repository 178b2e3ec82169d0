"""`avatar view --desktop` as a user types it."""

import sys

import numpy as np
import pytest
from PIL import Image

from avatar.animation.clip_file import save_clip
from avatar.animation.edit_clip import trim
from avatar.capture.read_video import open_video
from avatar.cli import main
from avatar.export.exercise_clip import exercise_clip
from tests.export.synthetic import synthetic_avatar
from tests.viewers.opengl import needs_opengl


@pytest.fixture
def head(folder):
    return str(folder / "Ada.avatar")


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "exercise.npz"
    save_clip(trim(exercise_clip(synthetic_avatar().rig), 0.0, 2.0), path)
    return str(path)


def desktop(*arguments: str) -> int:
    return main(["view", *arguments, "--desktop"])


def picture(path) -> np.ndarray:
    return np.array(Image.open(path)).astype(int)


@needs_opengl
def test_without_a_window_it_draws_a_picture(head, tmp_path, capsys):
    path = tmp_path / "frame.png"
    assert desktop(head, "--headless", "-o", str(path), "--size", "200", "150") == 0
    shown = picture(path)
    assert shown.shape == (150, 200, 3)
    assert shown.std() > 10
    assert capsys.readouterr().out == f"{path}\n"


@needs_opengl
def test_a_moment_of_a_clip_is_another_picture(head, clip, tmp_path):
    paths = [tmp_path / "start.png", tmp_path / "later.jpg"]
    for path, time in zip(paths, ("0", "1.5"), strict=True):
        arguments = ("--headless", "-o", str(path), "--clip", clip, "--time", time)
        assert desktop(head, *arguments, "--size", "160", "120") == 0
    apart = np.abs(picture(paths[0]) - picture(paths[1]))
    assert (apart > 12).mean() > 0.002


@needs_opengl
def test_a_clip_becomes_a_film(head, clip, tmp_path):
    path = tmp_path / "film.webm"
    assert desktop(head, "--headless", "-o", str(path), "--clip", clip, "--size", "97", "64") == 0
    with open_video(path) as video:
        frames = list(video.frames())
    assert len(frames) == 61
    assert tuple(frames[0].pixels.shape) == (64, 96, 3)
    assert frames[45].pixels.float().sub(frames[0].pixels.float()).abs().mean() > 0.2


def test_without_a_screen_it_says_what_to_do_instead(head, monkeypatch, capsys):
    if sys.platform in ("win32", "darwin"):
        pytest.skip("there is always a screen here")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    pytest.importorskip("moderngl")
    assert desktop(head) == 2
    said = capsys.readouterr().err
    assert "no screen" in said
    assert "--headless" in said


def test_a_missing_extra_is_named(head, monkeypatch, capsys):
    monkeypatch.setattr(
        "avatar.cli.view.find_spec", lambda name: None if name == "imgui_bundle" else name
    )
    assert desktop(head) == 2
    said = capsys.readouterr().err
    assert "imgui_bundle" in said
    assert "pip install 'avatar[desktop]'" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--headless",), "--output"),
        (("-o", "frame.png"), "--headless"),
        (("--headless", "-o", "frame.txt"), ".png"),
        (("--headless", "-o", "frame.png", "--camera", "0"), "leave --headless out"),
        (("--camera", "0", "--voice", "-"), "one of them"),
        (("--headless", "-o", "frame.png", "--size", "9", "9"), "64 to 4096"),
        (("--headless", "-o", "frame.png", "--time", "-1"), "0 or more"),
        (("--headless", "-o", "frame.png", "--light", "moon"), "softbox"),
        (("--headless", "-o", "frame.png", "--light", "none.hdr"), "cannot be read"),
        (("--headless", "-o", "frame.png", "--look", "splats"), "has no splats"),
        (("--headless", "-o", "film.mp4"), "--clip"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, told, head, tmp_path, monkeypatch, capsys):
    pytest.importorskip("moderngl")
    monkeypatch.chdir(tmp_path)
    assert desktop(head, *arguments) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.glob("f*.*"))


def test_options_of_the_window_need_the_window(head, capsys):
    assert main(["view", head, "--clip", "speech.csv"]) == 2
    assert "add --desktop" in capsys.readouterr().err


@needs_opengl
def test_a_time_beyond_the_clip_is_refused(head, clip, tmp_path, capsys):
    path = str(tmp_path / "frame.png")
    assert desktop(head, "--headless", "-o", path, "--clip", clip, "--time", "99") == 2
    assert "0 to 2.00 s" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "nobody.avatar"])
def test_what_is_no_head_is_refused(name, folder, capsys):
    pytest.importorskip("moderngl")
    path = str(folder / name)
    assert desktop(path, "--headless", "-o", str(folder / "frame.png")) == 2
    assert "path" in capsys.readouterr().err
