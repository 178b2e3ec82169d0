"""The causal network in torch, to be trained; `avatar.speech.viseme_network` runs it in numpy."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from avatar.speech.log_mel import MELS
from avatar.speech.viseme_network import DELAYS, DELTA, DILATIONS, KERNEL
from avatar.speech.visemes import VISEMES


class Block(nn.Module):
    """A dilated causal depthwise convolution and a small perceptron, added to what came in."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.taps = nn.Parameter(torch.randn(KERNEL, channels) * 0.3 / math.sqrt(KERNEL))
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, 2 * channels)
        self.narrow = nn.Linear(2 * channels, channels)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, frames, channels) of the same shape."""
        frames = x.shape[1]
        padded = functional.pad(x, (0, 0, (KERNEL - 1) * self.dilation, 0))
        mixed = sum(
            padded[:, tap * self.dilation : tap * self.dilation + frames] * self.taps[tap]
            for tap in range(KERNEL)
        )
        hidden = functional.gelu(self.widen(self.norm(mixed)), approximate="tanh")
        return x + self.narrow(hidden)


class VisemeTcn(nn.Module):
    """Log-mels to the logits of the visemes, for every delay."""

    def __init__(self, channels: int = 160) -> None:
        super().__init__()
        self.input = nn.Linear(2 * MELS, channels)
        self.blocks = nn.ModuleList(Block(channels, dilation) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(channels)
        self.output = nn.Linear(channels, len(DELAYS) * len(VISEMES))

    def forward(self, mels: Tensor) -> Tensor:
        """Return (batch, frames, delays, visemes) logits of (batch, frames, mels)."""
        before = functional.pad(mels, (0, 0, DELTA, 0))[:, :-DELTA]
        x = self.input(torch.cat([mels, mels - before], -1))
        for block in self.blocks:
            x = block(x)
        return self.output(self.norm(x)).unflatten(-1, (len(DELAYS), len(VISEMES)))
