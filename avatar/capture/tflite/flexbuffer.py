"""Reads FlexBuffers maps: the options of custom operators in TensorFlow Lite models.

Source: the FlexBuffers documentation, "FlexBuffer binary format". The last byte is the width of the
root, the byte before its type; a type byte is `type << 2 | log2(width)` and offsets count back.
"""

import struct
from dataclasses import dataclass

from avatar.core.errors import ModelError

_INTEGER, _UNSIGNED, _FLOAT, _MAP = 1, 2, 3, 9
_INTEGER_VECTOR, _UNSIGNED_VECTOR = 11, 12
_CODES = {
    _INTEGER: {1: "<b", 2: "<h", 4: "<i", 8: "<q"},
    _UNSIGNED: {1: "<B", 2: "<H", 4: "<I", 8: "<Q"},
    _FLOAT: {4: "<f", 8: "<d"},
}

FlexValue = int | float | list[int]


def read_flexbuffer_map(data: bytes) -> dict[str, FlexValue]:
    """Return a map of numbers and vectors of integers, the only things our models store.

    Raises:
        ModelError: the buffer is no map, or holds other kinds of values.
    """
    try:
        return _Reader(data=data).root_map()
    except (struct.error, IndexError, KeyError) as error:
        raise ModelError(f"model file: unreadable operator options ({error!r})") from error


@dataclass(frozen=True, kw_only=True)
class _Reader:
    data: bytes

    def root_map(self) -> dict[str, FlexValue]:
        width, kind = self.data[-1], self.data[-2]
        if kind >> 2 != _MAP:
            raise ModelError(f"operator options: expected a map, got FlexBuffers type {kind >> 2}")
        values = self.target(len(self.data) - 2 - width, width)
        width = 1 << (kind & 3)
        keys = self.target(values - 3 * width, width)
        key_width = self.number(_UNSIGNED, values - 2 * width, width)
        count = int(self.number(_UNSIGNED, values - width, width))
        names = [
            self.key(self.target(keys + i * int(key_width), int(key_width))) for i in range(count)
        ]
        types = [self.data[values + count * width + i] for i in range(count)]
        return {
            name: self.value(values + i * width, width, type_byte)
            for i, (name, type_byte) in enumerate(zip(names, types, strict=True))
        }

    def value(self, position: int, parent_width: int, type_byte: int) -> FlexValue:
        kind, width = type_byte >> 2, 1 << (type_byte & 3)
        if kind in _CODES:
            return self.number(kind, position, parent_width)
        if kind in (_INTEGER_VECTOR, _UNSIGNED_VECTOR):
            start = self.target(position, parent_width)
            count = int(self.number(_UNSIGNED, start - width, width))
            scalar = _INTEGER if kind == _INTEGER_VECTOR else _UNSIGNED
            return [int(self.number(scalar, start + i * width, width)) for i in range(count)]
        raise ModelError(f"operator options: FlexBuffers type {kind} is not supported")

    def number(self, kind: int, position: int, width: int) -> int | float:
        return struct.unpack_from(_CODES[kind][width], self.data, position)[0]

    def target(self, position: int, width: int) -> int:
        return position - int(self.number(_UNSIGNED, position, width))

    def key(self, position: int) -> str:
        return self.data[position : self.data.index(0, position)].decode("ascii")
