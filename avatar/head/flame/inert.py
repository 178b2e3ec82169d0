"""Stand-ins for the objects in a pickle: they hold data, and nothing they do runs foreign code.

Not even numpy sees the file's own sizes and formats before they are checked here.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy import ndarray

_DEEPEST = 8
_ITEM_TYPES = frozenset(
    f"{kind}{size}"
    for kind, sizes in {"f": "248", "i": "1248", "u": "1248"}.items()
    for size in sizes
) | {"b1"}


class InertType:
    """A numpy dtype of plain numbers: one letter and a size, and the order of its bytes."""

    __slots__ = ("code", "order")

    def __init__(self, code: object, *_flags: object) -> None:
        """Take a code such as `f8`; ValueError for anything but plain numbers."""
        if code not in _ITEM_TYPES:
            raise ValueError(f"arrays of {code!r} are not taken, only of plain numbers")
        self.code = str(code)
        self.order = "<"

    def __setstate__(self, state: object) -> None:
        """Take the byte order; ValueError for structured and sub-array types."""
        fields = state if isinstance(state, tuple) else ()
        if len(fields) < 5 or fields[1] not in ("<", ">", "|", "=") or any(fields[2:5]):
            raise ValueError("a numpy dtype that is not of plain numbers")
        self.order = str(fields[1])

    def of(self, raw: bytes, shape: tuple[int, ...], order: str) -> ndarray:
        """Return an array of these bytes; ValueError unless the shape takes exactly all of them."""
        kind = np.dtype(self.order + self.code)
        if math.prod(shape) * kind.itemsize != len(raw):
            raise ValueError(f"an array of shape {shape} with {len(raw)} bytes")
        return np.frombuffer(raw, kind).reshape(shape, order="F" if order == "F" else "C")


class InertArray:
    """A numpy array as its pickle describes it."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values = np.zeros(0)

    def __setstate__(self, state: object) -> None:
        """Take version, shape, dtype, Fortran order and bytes; ValueError if they disagree."""
        fields = cast("tuple[Any, ...]", state) if isinstance(state, tuple) else ()
        if len(fields) == 5:
            fields = fields[1:]
        if len(fields) != 4 or not isinstance(fields[1], InertType):
            raise ValueError("a numpy array that is not one of plain numbers")
        shape, kind, fortran, raw = fields
        self.values = kind.of(_bytes(raw), _shape(shape), "F" if fortran else "C")


class InertObject:
    """An instance of a class that is not at hand: nothing but its attributes."""

    __slots__ = ("attributes",)

    def __new__(cls, *_ignored: object) -> "InertObject":
        """Make an empty one, whatever the arguments."""
        made = super().__new__(cls)
        made.attributes = {}
        return made

    def __setstate__(self, state: object) -> None:
        """Take the attributes; ValueError unless they are named."""
        if not isinstance(state, dict):
            raise ValueError(f"expected an object's attributes, got {type(state).__name__}")
        self.attributes = cast("dict[Any, Any]", state)


class InertChumpy(InertObject):
    """A variable of the library chumpy: `x` is its value."""

    __slots__ = ()


class InertColumns(InertObject):
    """A scipy matrix of compressed columns."""

    __slots__ = ()


class InertRows(InertObject):
    """A scipy matrix of compressed rows."""

    __slots__ = ()


class InertTriplets(InertObject):
    """A scipy matrix of rows, columns and values."""

    __slots__ = ()


def made_array(_class: object, _shape: object, _code: object) -> InertArray:
    """Begin a numpy array; its state follows."""
    return InertArray()


def made_from_buffer(raw: object, kind: object, shape: object, order: object) -> InertArray:
    """Return a numpy array of a buffer; ValueError if its size is not the shape's."""
    if not isinstance(kind, InertType):
        raise ValueError("a numpy array that is not one of plain numbers")
    array = InertArray()
    array.values = kind.of(_bytes(raw), _shape(shape), str(order))
    return array


def made_scalar(kind: object, raw: object) -> float:
    """Return one number."""
    if not isinstance(kind, InertType):
        raise ValueError("a numpy scalar that is not a plain number")
    return float(kind.of(_bytes(raw), (), "C"))


def made_object(kind: object, *_base: object) -> InertObject:
    """Begin an object the old way; its state follows."""
    if not (isinstance(kind, type) and issubclass(kind, InertObject)):
        raise ValueError("an object of a class that is not taken")
    return kind()


def made_bytes(text: object, encoding: object = "latin1") -> bytes:
    """Return the bytes that Python 3 writes as text for Python 2."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes that are not written as latin1")
    return text.encode("latin1")


def made_set(items: object = ()) -> frozenset[object]:
    """Return a set of the items of a list."""
    if not isinstance(items, list | tuple):
        raise ValueError("a set of something that is not a list")
    return frozenset(cast("list[object]", items))


def array_of(value: object) -> ndarray:
    """Return the array a value stands for; ValueError if it stands for none."""
    for _ in range(_DEEPEST):
        if isinstance(value, InertArray):
            return value.values
        if isinstance(value, InertChumpy) and "x" in value.attributes:
            value = value.attributes["x"]
        elif isinstance(value, InertColumns | InertRows | InertTriplets):
            return _dense(value)
        else:
            break
    raise ValueError(f"expected an array, got {type(value).__name__}")


def _dense(matrix: InertObject) -> ndarray:
    attributes: Mapping[str, Any] = matrix.attributes
    shape = _shape(attributes.get("_shape", attributes.get("shape")))
    if len(shape) != 2 or math.prod(shape) > 2**28:
        raise ValueError(f"a sparse matrix of shape {shape}")
    values = array_of(attributes["data"])
    if isinstance(matrix, InertTriplets):
        # scipy calls them `coords` since its version 1.13.
        places = attributes.get("coords") or (attributes["row"], attributes["col"])
        rows, columns = (array_of(place) for place in places)
    else:
        starts, minor = array_of(attributes["indptr"]), array_of(attributes["indices"])
        lengths = np.diff(starts)
        if starts.ndim != 1 or (lengths < 0).any() or lengths.sum() != len(minor):
            raise ValueError("a sparse matrix whose pointers do not fit its indices")
        major = np.repeat(np.arange(len(lengths)), lengths)
        rows, columns = (minor, major) if isinstance(matrix, InertColumns) else (major, minor)
    if not len(rows) == len(columns) == len(values):
        raise ValueError("a sparse matrix with more indices than values")
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    if not inside.all():
        raise ValueError("a sparse matrix with entries outside it")
    dense = np.zeros(shape)
    np.add.at(dense, (rows, columns), values)
    return dense


def _bytes(raw: object) -> bytes:
    if isinstance(raw, str):
        return raw.encode("latin1")
    if isinstance(raw, bytes | bytearray):
        return bytes(raw)
    raise ValueError("an array whose content is not bytes")


def _shape(shape: object) -> tuple[int, ...]:
    sizes = cast("tuple[object, ...]", shape) if isinstance(shape, tuple | list) else None
    if sizes is None or len(sizes) > 4:
        raise ValueError(f"a shape that is none: {shape!r:.80}")
    # numpy's integers arrive as floats from `made_scalar`.
    whole = tuple(int(size) if isinstance(size, int | float) else -1 for size in sizes)
    if any(size < 0 for size in whole):
        raise ValueError(f"a shape that is none: {shape!r:.80}")
    return whole
