"""Panoramas of light as Radiance pictures (.hdr): RGBE pixels, rows run-length encoded or plain.

Format: Ward, "Real pixels" (Graphics Gems II, 1991), and its later run-length encoding.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from avatar.core.errors import ImageError

_MOST_PIXELS = 1 << 27
_LEAST_RUN, _MOST_RUN = 8, 0x7FFF
"""Widths between which rows may be encoded channel by channel."""


def read_radiance(path: Path | str) -> Float[Tensor, "height width 3"]:
    """Return a .hdr picture as linear RGB; safe for files from strangers.

    Raises:
        ImageError: it is missing, damaged, or not of this kind.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        width, height, start = _header(content)
        rgbe = _pixels(np.frombuffer(content, np.uint8, offset=start), width, height)
    except IndexError as error:
        raise ImageError(f"{path}: the picture is cut short; get it again") from error
    except ValueError as error:
        raise ImageError(f"{path}: expected a Radiance picture (.hdr): {error}") from error
    exponent = rgbe[..., 3:].astype(np.float32)
    scale = np.where(exponent > 0, np.exp2(exponent - 136), 0)
    return torch.from_numpy((rgbe[..., :3] * scale).astype(np.float32))


def _header(content: bytes) -> tuple[int, int, int]:
    """Return width, height and where the pixels begin."""
    if not content.startswith(b"#?"):
        raise ValueError("it does not begin with #?RADIANCE")
    end = content.index(b"\n\n") + 2
    line = content.index(b"\n", end)
    size = content[end:line].split()
    if len(size) != 4 or size[0] != b"-Y" or size[2] != b"+X":
        raise ValueError(f"rows must go from the top left, got {content[end:line][:40]!r}")
    height, width = int(size[1]), int(size[3])
    if height < 1 or width < 1 or height * width > _MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels")
    return width, height, line + 1


def _pixels(data: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    encoded = _LEAST_RUN <= width <= _MOST_RUN and bytes(data[:2]) == b"\x02\x02"
    if not encoded:
        if len(data) < 4 * width * height:
            raise ValueError("the file ends too soon")
        return data[: 4 * width * height].reshape(height, width, 4)
    rows = np.empty((height, width, 4), np.uint8)
    position = 0
    for row in rows:
        if int(data[position + 2]) << 8 | int(data[position + 3]) != width:
            raise ValueError("a row is of another width")
        position += 4
        for channel in range(4):
            position = _run_lengths(data, position, row[:, channel])
    return rows


def _run_lengths(data: NDArray[np.uint8], position: int, row: NDArray[np.uint8]) -> int:
    """Fill one channel of a row; return where the next begins."""
    filled = 0
    while filled < len(row):
        count = int(data[position])
        if count > 128:
            values = data[position + 1 : position + 2].repeat(count - 128)
            position += 2
        else:
            values = data[position + 1 : position + 1 + count]
            position += 1 + count
        if not len(values) or filled + len(values) > len(row):
            raise ValueError("a run does not fit its row")
        row[filled : filled + len(values)] = values
        filled += len(values)
    return position
