"""Reads Radiance .hdr environment maps (RGBE, run-length encoded rows)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_radiance(path: Path) -> NDArray[np.float64]:
    """Return linear RGB (height, width, 3); ValueError if the file is not of this kind."""
    content = path.read_bytes()
    head_end = content.index(b"\n\n") + 2
    size_end = content.index(b"\n", head_end)
    size = content[head_end:size_end].split()
    if size[0] != b"-Y" or size[2] != b"+X":
        raise ValueError(f"{path.name}: expected rows from the top, got {size!r}")
    height, width = int(size[1]), int(size[3])
    data = np.frombuffer(content, np.uint8, offset=size_end + 1)
    rows, position = [], 0
    for _ in range(height):
        position += 4  # 2, 2 and the width
        row, position = _row(data, position, width)
        rows.append(row)
    rgbe = np.stack(rows).astype(np.float64)
    return rgbe[..., :3] * np.exp2(rgbe[..., 3:] - 136)


def _row(data: NDArray[np.uint8], position: int, width: int) -> tuple[NDArray[np.uint8], int]:
    channels = np.empty((4, width), dtype=np.uint8)
    for channel in channels:
        filled = 0
        while filled < width:
            count = int(data[position])
            if count > 128:
                channel[filled : filled + count - 128] = data[position + 1]
                filled, position = filled + count - 128, position + 2
            else:
                channel[filled : filled + count] = data[position + 1 : position + 1 + count]
                filled, position = filled + count, position + 1 + count
    return channels.T, position
