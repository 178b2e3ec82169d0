"""Train the streaming viseme network on the corpora that `make_corpus.py` made.

    python assets/scripts/speech/make_corpus.py --hours 5 --work FOLDER
    python assets/scripts/speech/train.py --work FOLDER --minutes 35

Writes `assets/speech_visemes.safetensors`. One thread; the learning rate follows the clock, so
that the time given is the time used.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from augment import Windows
from make_corpus import SHARES
from safetensors.torch import save_file
from tcn import VisemeTcn
from torch import Tensor
from torch.nn import functional

from avatar.speech.viseme_network import DELAYS
from avatar.speech.visemes import VISEMES

OUTPUT = Path(__file__).parents[2] / "speech_visemes.safetensors"
BATCH = 16
PEAK_RATE = 2.5e-3
# What spoils lip sync most when it is missed counts most.
WEIGHTS = {"closed": 1.6, "teeth_on_lip": 1.5, "oo": 1.4, "o": 1.4, "silence": 0.8}


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the weighted cross-entropy over all delays."""
    weights = torch.tensor([WEIGHTS.get(name, 1.0) for name in VISEMES])
    total = logits.new_zeros(())
    frames = labels.shape[1]
    for place, delay in enumerate(DELAYS):
        late = logits[:, delay:, place].reshape(-1, len(VISEMES))
        truth = labels[:, : frames - delay].reshape(-1)
        total = total + functional.cross_entropy(late, truth, weights, label_smoothing=0.05)
    return total / len(DELAYS)


def train(corpora: list[tuple[np.ndarray, np.ndarray]], minutes: float, seed: int) -> VisemeTcn:
    """Return the trained network; prints its loss once a minute."""
    torch.manual_seed(seed)
    network = VisemeTcn()
    optimizer = torch.optim.AdamW(
        network.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01
    )
    windows = Windows(corpora, list(SHARES.values()), seed)
    start, step, told, smooth = time.monotonic(), 0, 0.0, 0.0
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        rate = PEAK_RATE * min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = rate + 1e-6
        mels, labels = windows.batch(BATCH)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(mels)
        loss = loss_of(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        smooth = loss.item() if step == 1 else 0.98 * smooth + 0.02 * loss.item()
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"{60 * minutes * done:.0f} s, step {step}, loss {smooth:.3f}", flush=True)  # noqa: T201
    return network.eval()


def main() -> None:
    """Read the corpora, train, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    corpora = []
    for kind in SHARES:
        with np.load(arguments.work / f"{kind}.npz") as file:
            corpora.append((file["samples"], file["labels"]))
    network = train(corpora, arguments.minutes, arguments.seed)
    weights = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(weights, arguments.output)


if __name__ == "__main__":
    main()
