"""Make the network's training data: synthetic speech with exact phone times.

    python assets/scripts/speech/make_corpus.py --hours 8 --work FOLDER

Needs espeak-ng, flite and festival with the voices named in `festival.py` (all Debian packages).
Their voices are used to make data; none of them is part of this project.
"""

import argparse
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import espeak
import festival
import flite
import numpy as np
import pocketsphinx
from align_labels import align_labels
from sentences import read_english
from utterance import Utterance

from avatar.speech.english import EnglishPhones

SHARES = {"flite": 0.45, "festival": 0.35, "espeak": 0.2}


def utterances(kind: str, seed: int, folder: Path) -> Iterator[Utterance]:
    """Give utterances of one synthesiser without end; those that fail are left out."""
    draw = random.Random(seed)
    dictionary = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    source = read_english(dictionary)
    synthesiser = espeak.Espeak() if kind == "espeak" else None
    while True:
        try:
            if kind == "festival":
                yield from festival.make_batch(draw, source, folder)
                continue
            if synthesiser is not None:
                made = espeak.make(draw, source, synthesiser)
            else:
                made = flite.make(draw, source, folder)
        except (ValueError, EOFError, subprocess.SubprocessError):
            continue
        if made is not None:
            yield made


def make(kind: str, seconds: float, seed: int, path: Path) -> None:
    """Write that many seconds of one synthesiser."""
    samples, labels, voices = [], [], []
    total = 0.0
    aligner, mended = EnglishPhones(), Counter[bool]()
    with tempfile.TemporaryDirectory() as folder:
        for item in utterances(kind, seed, Path(folder)):
            aligned = align_labels(aligner, item)
            mended[aligned is not item] += item.text is not None
            samples.append(aligned.samples)
            labels.append(aligned.labels)
            voices.append(item.voice)
            total += len(item.labels) / 100
            if total >= seconds:
                break
    np.savez(path, samples=np.concatenate(samples), labels=np.concatenate(labels))
    told = f"{total:.0f} s, {len(voices)} utterances, {len(set(voices))} voices"
    print(f"{path}: {told}, {mended[True]} aligned, {mended[False]} not")  # noqa: T201


def main() -> None:
    """Make one file a synthesiser, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    seconds = [3600 * arguments.hours * share for share in SHARES.values()]
    seeds = [10 * arguments.seed + number for number in range(len(SHARES))]
    paths = [arguments.work / f"{kind}.npz" for kind in SHARES]
    with ProcessPoolExecutor(arguments.processes) as pool:
        list(pool.map(make, SHARES, seconds, seeds, paths))


if __name__ == "__main__":
    main()
