"""Reads 16-bit colour PNGs in full depth: Pillow silently drops their lower byte.

Source: the PNG specification (W3C, third edition), chunks 4 and 11. Pillow's own zlib decoder does
the work, asked once for the high bytes and once for the low ones.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_ALPHA, _COLOUR, _COLOUR_ALPHA = 4, 2, 6


def read_png16(path: Path) -> NDArray[np.uint16] | None:
    """Return a 16-bit colour PNG as (height, width, channels), None for any other file.

    Channels are RGB, RGBA, or grey and alpha.

    Raises:
        OSError: the file is cut short.
    """
    header, compressed = _chunks(path)
    if header is None:
        return None
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 16 or kind not in (_GREY_ALPHA, _COLOUR, _COLOUR_ALPHA):
        return None
    size = (width, height)
    if kind == _GREY_ALPHA:
        # Four bytes per pixel, which the decoder hands over untouched when told they are RGBA.
        packed = _decoded(compressed, size, "RGBA", "RGBA", interlaced)
        return packed.view(">u2").astype(np.uint16)
    mode = "RGB" if kind == _COLOUR else "RGBA"
    high = _decoded(compressed, size, mode, f"{mode};16B", interlaced).astype(np.uint16)
    high <<= 8
    # To a reader of little-endian samples the second byte is the more significant one.
    high |= _decoded(compressed, size, mode, f"{mode};16L", interlaced)
    return high


def _decoded(
    compressed: bytes, size: tuple[int, int], mode: str, raw_mode: str, interlaced: int
) -> NDArray[np.uint8]:
    try:
        image = Image.frombytes(mode, size, compressed, "zip", raw_mode, interlaced)
    except ValueError as error:
        raise OSError(f"image file is truncated ({error})") from error
    return np.asarray(image)


def _chunks(path: Path) -> tuple[bytes | None, bytes]:
    """Return the header chunk and the joined data chunks; no header if it is no PNG."""
    header: bytes | None = None
    data: list[bytes] = []
    with path.open("rb") as file:
        if file.read(8) != _SIGNATURE:
            return None, b""
        while len(start := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", start)
            content = file.read(length)
            if name == b"IHDR":
                header = content
                if content[8:9] != b"\x10":
                    return None, b""
            elif name == b"IDAT":
                data.append(content)
            file.read(4)
    return header, b"".join(data)
