"""Train the streaming viseme network on the corpora that `make_corpus.py` made.

    python assets/scripts/speech/make_corpus.py --hours 8 --work FOLDER
    python assets/scripts/speech/train.py --work FOLDER --minutes 50

Writes `assets/speech_visemes.safetensors`. One thread; minutes are of processor time.
"""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from augment import Windows
from make_corpus import SHARES
from safetensors.torch import load_file, save_file
from tcn import VisemeTcn
from torch import Tensor
from torch.nn import functional

from avatar.speech.viseme_network import DELAYS
from avatar.speech.visemes import VISEMES

OUTPUT = Path(__file__).parents[2] / "speech_visemes.safetensors"
BATCH = 16
PEAK_RATE = 2e-3
AVERAGE = 0.995
DELAY_WEIGHTS = (0.6, 0.9, 1.25, 1.25)
"""Shares of the heads, by what `speak` uses: the two that wait longest."""
# What spoils lip sync most when it is missed counts most.
WEIGHTS = {"closed": 1.8, "teeth_on_lip": 1.8, "oo": 1.5, "o": 1.5, "silence": 0.8}


class Budget:
    """Minutes of processor time, and minutes by the clock for machines that others use too."""

    def __init__(self, minutes: float, clock: float) -> None:
        self._minutes, self._clock = minutes, clock
        self._worked, self._begun = time.process_time(), time.monotonic()

    def used(self) -> float:
        """Return the share that is used up."""
        worked = (time.process_time() - self._worked) / (60 * self._minutes)
        passed = (time.monotonic() - self._begun) / (60 * self._clock)
        return max(worked, passed)


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the weighted cross-entropy over all delays.

    The logits are shifted by the weights here (Menon et al. 2021), so that the network's own stay
    true probabilities: unshifted, every second p b m it told was none.
    """
    weights = torch.tensor([WEIGHTS.get(name, 1.0) for name in VISEMES])
    logits = logits + weights.log()
    total = logits.new_zeros(())
    frames = labels.shape[1]
    for place, delay in enumerate(DELAYS):
        late = logits[:, delay:, place].reshape(-1, len(VISEMES))
        truth = labels[:, : frames - delay].reshape(-1)
        one = functional.cross_entropy(late, truth, weights, label_smoothing=0.05)
        total = total + DELAY_WEIGHTS[place] * one
    return total / len(DELAYS)


def train(
    windows: Windows,
    network: VisemeTcn,
    time_given: Budget,
    rate: float,
    keep: Callable[[VisemeTcn], None],
) -> None:
    """Train until the time is used; `keep` gets the averaged network now and then.

    The rate falls in a straight line with the time, whichever of the two runs out first; the
    weights are averaged over the last few hundred steps (Polyak and Juditsky 1992).
    """
    fused = torch.compile(network)
    optimizer = torch.optim.AdamW(network.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
    average = copy.deepcopy(network)
    step, told, smooth = 0, 0.0, 0.0
    while (done := time_given.used()) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 100) * (1 - done) + 1e-6
        mels, labels = windows.batch(BATCH)
        with torch.autocast("cpu", torch.bfloat16):
            logits = fused(mels)
        loss = loss_of(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        _follow(average, network, min(AVERAGE, step / (step + 10)))
        smooth = loss.item() if step == 1 else 0.98 * smooth + 0.02 * loss.item()
        if time.monotonic() - told > 60:
            told = time.monotonic()
            keep(average)
            print(f"{100 * done:.1f} %, step {step}, loss {smooth:.3f}", flush=True)  # noqa: T201
    keep(average)


@torch.no_grad()
def _follow(average: VisemeTcn, network: VisemeTcn, share: float) -> None:
    for mean, value in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1 - share)


def main() -> None:
    """Read the corpora, train, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--clock", type=float, default=1e6, help="minutes by the clock at most")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    corpora = []
    for kind in SHARES:
        with np.load(arguments.work / f"{kind}.npz") as file:
            corpora.append((file["samples"], file["labels"]))
    torch.manual_seed(arguments.seed)
    network = VisemeTcn()
    if arguments.start:
        weights = load_file(arguments.start)
        network.load_state_dict({name: value.float() for name, value in weights.items()})

    def keep(averaged: VisemeTcn) -> None:
        halves = {name: value.half().contiguous() for name, value in averaged.state_dict().items()}
        save_file(halves, arguments.output)

    windows = Windows(corpora, list(SHARES.values()), arguments.seed)
    train(windows, network, Budget(arguments.minutes, arguments.clock), arguments.rate, keep)


if __name__ == "__main__":
    main()
