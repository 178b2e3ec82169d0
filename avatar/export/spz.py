"""Splats of one frame as .spz: 20 bytes a splat, packed by gzip (Niantic's format, MIT)."""

import gzip
import struct
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.core.pose_splats import PosedSplats
from avatar.export.ply_splats import HARMONIC
from avatar.files.atomic import atomic_write

FRACTION = 18
"""Bits behind the point of a coordinate: steps of 4 micrometres, up to 32 m from the origin."""

_MAGIC, _ANTIALIASED = 0x5053474E, 1
_COLOR_SCALE = 0.15
_LARGEST = 1 / np.sqrt(2)


def export_spz(posed: PosedSplats, path: Path | str, version: int = 3) -> None:
    """Write splats as .spz, whole or not at all; version 3 keeps rotations finer than 2.

    Axes as here, which are the format's own (right, up, back).

    Raises:
        OptionError: another version, or splats more than 32 m away.
        OutputError: the file cannot be written.
    """
    if version not in (2, 3):
        raise OptionError(f"version: expected 2 or 3, got {version}")
    means = posed.means.detach().double()
    if means.numel() and float(means.abs().max()) >= 1 << (23 - FRACTION):
        raise OptionError(f".spz: expected splats within {1 << (23 - FRACTION)} m of the origin")
    fixed = (means * (1 << FRACTION)).round().to(torch.int64)
    places = torch.stack([fixed >> shift & 255 for shift in (0, 8, 16)], -1)
    harmonic = (posed.colors - 0.5) / HARMONIC
    turns = torch.nn.functional.normalize(posed.rotations, dim=1)
    header = struct.pack("<IIIBBBB", _MAGIC, version, len(means), 0, FRACTION, _ANTIALIASED, 0)
    data = [
        header,
        _bytes(places),
        _bytes(posed.opacities * 255),
        _bytes((harmonic * _COLOR_SCALE + 0.5) * 255),
        _bytes((posed.scales.clamp_min(1e-12).log() + 10) * 16),
        _smallest_three(turns) if version == 3 else _imaginary(turns),
    ]
    with atomic_write(path) as file:
        file.write(gzip.compress(b"".join(data), mtime=0))


def _bytes(values: Tensor) -> bytes:
    rounded: UInt8[np.ndarray, ...] = (
        values.detach().cpu().double().round().clamp(0, 255).numpy().astype(np.uint8)
    )
    return np.ascontiguousarray(rounded).tobytes()


def _imaginary(turns: Float[Tensor, "splats 4"]) -> bytes:
    """Pack x, y and z of the quaternion whose w is not negative."""
    signed = torch.where(turns[:, 3:] < 0, -turns, turns)
    return _bytes(signed[:, :3] * 127.5 + 127.5)


def _smallest_three(turns: Float[Tensor, "splats 4"]) -> bytes:
    """Pack the place of the largest entry, and sign and 9 bits of the others, first one highest."""
    numbers = turns.detach().cpu().double().numpy()
    rows = np.arange(len(numbers))
    largest = np.abs(numbers).argmax(1)
    numbers = numbers * np.where(numbers[rows, largest] < 0, -1.0, 1.0)[:, None]
    packed = largest.astype(np.uint32)
    for entry in range(4):
        value = numbers[:, entry]
        size = (np.abs(value) / _LARGEST * 511 + 0.5).astype(np.uint32).clip(0, 511)
        field = (value < 0).astype(np.uint32) << 9 | size
        packed = np.where(largest == entry, packed, packed << 10 | field).astype(np.uint32)
    return packed.astype("<u4").tobytes()
