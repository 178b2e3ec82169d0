"""Reads FlatBuffers tables: the container of TensorFlow Lite models.

Source: the FlatBuffers internals documentation, "Format". A table starts with a signed offset back
to its vtable; the vtable holds, per field, the field's offset in the table or zero.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.core.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class FlatTable:
    """One table inside `data`, at byte `position`; fields are addressed by their index."""

    data: bytes
    position: int

    @staticmethod
    def root(data: bytes) -> "FlatTable":
        """Return the outermost table.

        Raises:
            ModelError: the buffer is too short to hold one.
        """
        return FlatTable(data=data, position=_unpack("<I", data, 0))

    def scalar(self, field: int, code: str, default: int = 0) -> int:
        """Return an integer field in `struct`'s notation (`b`, `i`, `I`), or its default."""
        position = self._field(field)
        return default if position is None else _unpack(f"<{code}", self.data, position)

    def table(self, field: int) -> "FlatTable | None":
        """Return the table a field points to, None where the field is absent."""
        position = self._target(field)
        return None if position is None else FlatTable(data=self.data, position=position)

    def tables(self, field: int) -> "list[FlatTable]":
        """Return a vector of tables; an absent field is an empty one."""
        start, count = self._vector(field)
        places = [start + 4 * index for index in range(count)]
        return [
            FlatTable(data=self.data, position=place + _unpack("<I", self.data, place))
            for place in places
        ]

    def array(self, field: int, dtype: str) -> NDArray[np.generic]:
        """Return a vector of scalars as a read-only array; an absent field is an empty one."""
        start, count = self._vector(field)
        kind = np.dtype(dtype).newbyteorder("<")
        if start + count * kind.itemsize > len(self.data):
            raise ModelError("model file: a vector reaches past the end; the file is damaged")
        return np.frombuffer(self.data, kind, count, start)

    def integers(self, field: int) -> list[int]:
        """Return a vector of 32-bit integers as a list."""
        return [int(value) for value in self.array(field, "i4")]

    def text(self, field: int) -> str:
        """Return a string, empty where the field is absent."""
        return self.array(field, "u1").tobytes().decode("utf-8", "replace")

    def _field(self, field: int) -> int | None:
        vtable = self.position - _unpack("<i", self.data, self.position)
        if 4 + 2 * field >= _unpack("<H", self.data, vtable):
            return None
        offset = _unpack("<H", self.data, vtable + 4 + 2 * field)
        return self.position + offset if offset else None

    def _target(self, field: int) -> int | None:
        position = self._field(field)
        return None if position is None else position + _unpack("<I", self.data, position)

    def _vector(self, field: int) -> tuple[int, int]:
        position = self._target(field)
        return (0, 0) if position is None else (position + 4, _unpack("<I", self.data, position))


def _unpack(code: str, data: bytes, position: int) -> int:
    try:
        return struct.unpack_from(code, data, position)[0]
    except struct.error as error:
        raise ModelError("model file: cut short or damaged; reinstall the package") from error
