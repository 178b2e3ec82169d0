"""flite by its command: voices derived from recordings, with the time of every phone."""

import random
import subprocess
import wave
from pathlib import Path

import numpy as np
from sentences import english
from utterance import Utterance, labels_of, utterance

from avatar.speech.visemes import Phone

VOICES = ("slt", "rms", "awb", "slt", "rms", "awb", "kal16")
DRIFTS = ("kal16",)
"""Voices whose printed times run off against their audio, and are scaled to its length."""


def make(draw: random.Random, words: list[str], folder: Path) -> Utterance | None:
    """Return an English utterance in a random voice, speed and pitch."""
    voice = draw.choice(VOICES)
    path = folder / "flite.wav"
    command = ["flite", "-voice", voice, "-psdur", "-t", english(draw, words), "-o", str(path)]
    command += ["--setf", f"duration_stretch={draw.uniform(0.72, 1.25):.2f}"]
    command += ["--setf", f"int_f0_target_mean={draw.uniform(90, 230):.0f}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    names, ends = zip(*(item.split(":") for item in printed), strict=True)
    times = np.array([0.0, *map(float, ends)])
    if voice in DRIFTS:
        times *= len(samples) / rate / times[-1]
    phones = [
        Phone(name=name, start=start, end=end)
        for name, start, end in zip(names, times[:-1], times[1:], strict=True)
    ]
    return utterance(samples, rate, labels_of(phones, len(samples) / rate), f"flite:{voice}")
