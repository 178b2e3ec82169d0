"""Pictures side by side, with labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import UInt8
from torch import Tensor

from avatar.core.errors import OptionError

Picture = UInt8[Tensor, "_ _ 3"]
"""sRGB bytes, of any size."""


@dataclass(frozen=True, kw_only=True)
class TileOptions:
    """Sizes in pixels and sRGB colours of a sheet of pictures."""

    gap: int = 12
    label_size: int = 15
    paper: tuple[int, int, int] = (243, 243, 241)
    ink: tuple[int, int, int] = (70, 72, 76)


def tile(
    pictures: Sequence[Picture],
    columns: int,
    labels: Sequence[str] = (),
    options: TileOptions | None = None,
) -> Picture:
    """Lay pictures (sRGB bytes) of one size out in rows of `columns`, each with its label below.

    Raises:
        OptionError: no pictures, pictures of different sizes, or labels that are not one each.
    """
    options = options or TileOptions()
    if not pictures or columns < 1:
        raise OptionError(f"pictures, columns: expected some, got {len(pictures)}, {columns}")
    if len({tuple(picture.shape) for picture in pictures}) > 1:
        raise OptionError("pictures: expected all of one size; resize them first")
    if labels and len(labels) != len(pictures):
        raise OptionError(f"labels: expected {len(pictures)}, got {len(labels)}")
    height, width = pictures[0].shape[:2]
    pitch = height + options.gap + (_label_height(options) if labels else 0)
    rows = -(-len(pictures) // columns)
    sheet = _paper(
        rows * pitch - options.gap, columns * (width + options.gap) - options.gap, options
    )
    for number, picture in enumerate(pictures):
        top, left = number // columns * pitch, number % columns * (width + options.gap)
        sheet[top : top + height, left : left + width] = picture
        if labels:
            below = top + height
            strip = _label(labels[number], width, options)
            sheet[below : below + len(strip), left : left + width] = strip
    return sheet


def stack(rows: Sequence[Picture], options: TileOptions | None = None) -> Picture:
    """Lay pictures (sRGB bytes) under one another on a sheet, centred, with a margin around."""
    options = options or TileOptions()
    margin = 2 * options.gap
    width = max(row.shape[1] for row in rows)
    height = sum(row.shape[0] for row in rows) + options.gap * (len(rows) - 1)
    sheet = _paper(height + 2 * margin, width + 2 * margin, options)
    top = margin
    for row in rows:
        left = margin + (width - row.shape[1]) // 2
        sheet[top : top + row.shape[0], left : left + row.shape[1]] = row
        top += row.shape[0] + options.gap
    return sheet


def _paper(height: int, width: int, options: TileOptions) -> Picture:
    return torch.tensor(options.paper, dtype=torch.uint8).repeat(height, width, 1)


def _label(text: str, width: int, options: TileOptions) -> Picture:
    """Return a strip of paper with a line of text in its middle."""
    import numpy as np  # noqa: PLC0415 - slow to import, and needed here alone
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - likewise

    strip = Image.new("RGB", (width, _label_height(options)), options.paper)
    font = ImageFont.load_default(options.label_size)
    ImageDraw.Draw(strip).text((width // 2, 4), text, fill=options.ink, font=font, anchor="ma")
    return torch.from_numpy(np.array(strip))


def _label_height(options: TileOptions) -> int:
    return options.label_size + 8
