"""Films: picture and sound in step, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.animation.check_film import check_film
from avatar.animation.film import film_frames, write_film
from avatar.animation.film_options import FilmOptions
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.create.default_head import default_head
from avatar.speech.decode import Block

av = pytest.importorskip("av")

RATE = 44100
CLICK = 1.0
SMALL = FilmOptions(size=64, samples=1)


def flashes(fps: int) -> Iterator[np.ndarray]:
    """Two seconds of black that turn white after the first."""
    for number in range(2 * fps + 1):
        value = 255 if number >= CLICK * fps else 0
        yield np.full((64, 64, 3), value, np.uint8)


def click() -> Iterator[Block]:
    """Silence with a beep that starts after a second."""
    time = np.arange(2 * RATE) / RATE
    samples = np.where(time >= CLICK, np.sin(2 * np.pi * 1000 * time), 0.0).astype(np.float32)
    for start in range(0, len(samples), 5000):
        yield Block(samples=samples[start : start + 5000], rate=RATE)


@pytest.mark.parametrize(
    ("suffix", "codec", "fps"),
    [("mp4", "vp9", 30), ("mp4", "mpeg4", 60), ("webm", "vp9", 60), ("mkv", "mpeg4", 25)],
)
def test_sound_and_picture_start_together(suffix, codec, fps, tmp_path):
    path = tmp_path / f"film.{suffix}"
    write_film(flashes(fps), path, click(), FilmOptions(size=64, fps=fps, codec=codec))
    with av.open(str(path)) as container:
        lights = [
            (frame.time, frame.to_ndarray(format="gray").mean())
            for frame in container.decode(video=0)
        ]
    with av.open(str(path)) as container:
        levels = []
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray()).reshape(-1)
            places = frame.time + np.arange(len(samples)) / frame.rate
            levels.append(np.stack([places, samples]))
    flash = next(time for time, light in lights if light > 128)
    sound = np.concatenate(levels, 1)
    beep = sound[0, sound[1] > 0.3 * sound[1].max()][0]
    assert lights[0][0] == 0
    assert len(lights) == 2 * fps + 1
    assert flash == pytest.approx(CLICK, abs=0.5 / fps)
    assert beep == pytest.approx(flash, abs=0.006)


def test_the_mouth_opens_in_the_frames_that_say_so():
    head = default_head()
    weights = torch.zeros(3, 52)
    weights[1, ARKIT_INDEX["jawOpen"]] = 0.6
    clip = Clip(times=torch.tensor([0.0, 0.1, 0.2]), weights=weights)
    frames = list(film_frames(head, clip, FilmOptions(size=128, fps=10, samples=1)))
    assert len(frames) == 3
    first, opened, last = (frame.astype(int) for frame in frames)
    assert np.array_equal(first, last)
    changed = np.abs(opened - first).sum(-1) > 30
    rows = np.flatnonzero(changed.any(1))
    assert changed.sum() > 20
    assert rows.min() > 0.4 * 128


@pytest.mark.parametrize("options", [{"size": 63}, {"fps": 5}, {"samples": 3}, {"zoom": 0.0}])
def test_odd_films_are_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        FilmOptions(**options)


def test_webm_takes_no_mpeg4(tmp_path: Path):
    with pytest.raises(OptionError, match="webm"):
        check_film(tmp_path / "film.webm", FilmOptions(codec="mpeg4"))
