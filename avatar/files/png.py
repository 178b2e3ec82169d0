"""PNG images of 8 and 16 bits a channel, with the sizes checked before anything is unpacked.

Source: Portable Network Graphics Specification (W3C, third edition). Pillow reads and writes the
8-bit ones; it drops the lower byte of 16-bit colour, so those are handled here.
"""

import io
import itertools
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels: PNG's name for grey, RGB, RGBA
_CHANNELS = {kind: channels for channels, kind in _COLOUR_TYPES.items()}


class PngError(ValueError):
    """Bytes that are no PNG, or one of another kind than expected."""


def encode_png(pixels: Pixels) -> bytes:
    """Return the file of an array (height, width, channels) with 1, 3 or 4 channels."""
    height, width, channels = pixels.shape
    if pixels.dtype == np.uint8:
        file = io.BytesIO()
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        image.save(file, "PNG", compress_level=3)
        return file.getvalue()
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = pixels.astype(">u2", order="C").view(np.uint8).reshape(height, -1)
    # Filter 2 (up): each byte less the one above it; smooth maps shrink well.
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    filtered[1:, 1:] = rows[1:] - rows[:-1]
    data = zlib.compress(filtered.tobytes(), 3)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def decode_png(data: bytes, max_side: int) -> Pixels:
    """Return the pixels (height, width, channels) of a grey, RGB or RGBA PNG.

    Raises:
        PngError: damaged, larger than `max_side` on a side, interlaced, or of another kind.
    """
    width, height, depth, kind, _, _, interlaced = _header(data)
    if not (1 <= width <= max_side and 1 <= height <= max_side):
        raise PngError(f"expected 1 to {max_side} pixels a side, got {width} x {height}")
    if depth not in (8, 16) or kind not in _CHANNELS or interlaced:
        raise PngError("expected grey, RGB or RGBA of 8 or 16 bits, not interlaced")
    channels = _CHANNELS[kind]
    try:
        if depth == 8:
            return _decode_8_bit(data, (height, width, channels))
        return _decode_16_bit(data, (height, width, channels))
    except (OSError, ValueError, SyntaxError, zlib.error, struct.error) as error:
        raise PngError(f"damaged: {error}") from error


def _header(data: bytes) -> tuple[int, ...]:
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < 33:
        raise PngError("not a PNG")
    return struct.unpack(">IIBBBBB", data[16:29])


def _decode_8_bit(data: bytes, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        pixels = np.array(image)
    if pixels.size != shape[0] * shape[1] * shape[2] or pixels.dtype != np.uint8:
        raise PngError("a transparent colour or another extension changes its kind")
    return pixels.reshape(shape)


def _decode_16_bit(data: bytes, shape: tuple[int, int, int]) -> NDArray[np.uint16]:
    height, width, channels = shape
    stride = 2 * channels * width
    unpacker = zlib.decompressobj()
    rows = unpacker.decompress(_image_data(data), height * (stride + 1))
    if len(rows) < height * (stride + 1):
        raise PngError("cut short")
    filtered = np.frombuffer(rows, np.uint8).reshape(height, stride + 1)
    filters, values = filtered[:, 0], filtered[:, 1:]
    if not np.isin(filters[1:], (0, 2)).all() or filters[0] not in (0, 2):
        raise PngError("16-bit rows are filtered in another way than this package does")
    # Runs of rows that each add to the one above, starting anew at every unfiltered row.
    out = np.empty_like(values)
    starts = [0, *(np.flatnonzero(filters[1:] == 0) + 1).tolist(), height]
    for start, end in itertools.pairwise(starts):
        np.cumsum(values[start:end], axis=0, dtype=np.uint8, out=out[start:end])
    return out.reshape(-1).view(">u2").astype(np.uint16).reshape(shape)


def _image_data(data: bytes) -> bytes:
    """Join the IDAT chunks, checking every chunk's length and checksum."""
    parts: list[bytes] = []
    place = 8
    while place + 12 <= len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        checksum = data[place + 8 + length : place + 12 + length]
        if checksum != struct.pack(">I", zlib.crc32(name + content)):
            raise PngError(f"wrong checksum of chunk {name!r}")
        if name == b"IDAT":
            parts.append(content)
        place += 12 + length
    return b"".join(parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum
