"""Room for a film's frames, in memory or in a file that goes with them."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def empty_frames(shape: tuple[int, ...], folder: Path | None = None) -> Tensor:
    """Return bytes (uint8) of that shape to be filled, in memory, or in a file in `folder`.

    The file has no name, and is gone when nothing uses the frames any more.
    """
    if folder is None:
        return torch.empty(shape, dtype=torch.uint8)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(int(np.prod(shape)))
        return torch.from_numpy(np.memmap(file, np.uint8, "r+", shape=shape))
