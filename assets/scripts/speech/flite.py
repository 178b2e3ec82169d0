"""flite by its command: voices derived from recordings, with the time of every phone."""

import random
import subprocess
import wave
from pathlib import Path

import numpy as np
from sentences import English, english
from utterance import Utterance, labels_of, utterance

from avatar.speech.visemes import Phone

VOICES = ("slt", "rms", "awb", "slt", "rms", "awb", "kal16")
LATE = {"slt": 0.006, "rms": 0.006, "awb": 0.006, "kal16": 0.0}


def make(draw: random.Random, source: English, folder: Path) -> Utterance | None:
    """Return an English utterance in a random voice, speed and pitch."""
    voice = draw.choice(VOICES)
    path = folder / "flite.wav"
    text = english(draw, source)
    command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)]
    command += ["--setf", f"duration_stretch={draw.uniform(0.72, 1.25):.2f}"]
    command += ["--setf", f"int_f0_target_mean={draw.uniform(90, 230):.0f}"]
    command += ["--setf", f"int_f0_target_stddev={draw.uniform(8, 40):.0f}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    names, ends = zip(*(item.split(":") for item in printed), strict=True)
    times = np.array([0.0, *map(float, ends)])
    phones = [
        Phone(name=name, start=start, end=end)
        for name, start, end in zip(names, times[:-1], times[1:], strict=True)
    ]
    labels = labels_of(phones, len(samples) / rate, LATE[voice])
    return utterance(samples, rate, labels, f"flite:{voice}", text)
