"""`avatar speak`: every output, and nothing half-written when it fails or is stopped."""

import wave
from pathlib import Path

import numpy as np
import pytest

from avatar.cli import main

av = pytest.importorskip("av")

RATE = 16000


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """Half a second of something like a vowel."""
    time = np.arange(RATE // 2) / RATE
    samples = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 9)) / 4
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 20000).astype("<i2").tobytes())
    return path


def test_every_kind_of_output_is_written(voice, tmp_path):
    names = ("talk.mp4", "talk.glb", "talk.csv", "talk.npz")
    outputs = [str(tmp_path / name) for name in names]
    film = ["--film.size", "64", "--film.fps", "10", "--film.samples", "1"]
    assert main(["speak", str(voice), *film, "-o", *outputs]) == 0
    for output in outputs:
        assert Path(output).stat().st_size > 500
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "voice.wav"])
    with av.open(outputs[0]) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}


BAD = {
    "no such file": (["speak", "none.wav"], "no such file"),
    "no sound": (["speak", "head.avatar"], "one sound"),
    "two sounds": (["speak", "a.wav", "b.wav"], "one sound"),
    "odd output": (["speak", "VOICE", "-o", "talk.gif"], "ending in"),
    "empty text": (["speak", "VOICE", "--text", " "], "text"),
    "no text file": (["speak", "VOICE", "--text-file", "none.txt"], "text_file"),
    "no folder": (["speak", "VOICE", "-o", "none/talk.npz"], "no folder"),
    "no head": (["speak", "none.avatar", "VOICE", "-o", "talk.npz"], "none.avatar"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_line_and_leaves_nothing(case, voice, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    code = main([str(voice) if word == "VOICE" else word for word in arguments])
    error = capsys.readouterr().err
    assert code == 2, error
    assert message in error
    assert "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["voice.wav"]


def test_ctrl_c_leaves_nothing_and_keeps_the_older_film(voice, tmp_path, monkeypatch):
    import avatar.create.render_film as recipe

    def stopped(*_arguments):
        yield np.zeros((64, 64, 3), np.uint8)
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "film_frames", stopped)
    film = tmp_path / "talk.mp4"
    film.write_bytes(b"the older one")
    assert main(["speak", str(voice), "--film.size", "64", "-o", str(film)]) == 130
    assert film.read_bytes() == b"the older one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.mp4", "voice.wav"]
