"""Read the arrays of a pickle without executing it.

A pickle is a program; the usual reader runs whatever it calls. Here every name a pickle may use is
in one table of stand-ins that only hold data (`inert.py`); any other name, and any instruction
with which a pickle reaches outside itself, ends the reading before anything happens.
"""

import io
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from numpy import ndarray

from avatar.core.errors import ModelError
from avatar.head.flame.inert import (
    InertArray,
    InertChumpy,
    InertColumns,
    InertObject,
    InertRows,
    InertTriplets,
    InertType,
    array_of,
    made_array,
    made_bytes,
    made_from_buffer,
    made_object,
    made_scalar,
    made_set,
)

LARGEST_FILE = 2**30

_NUMPY = {
    "dtype": InertType,
    "ndarray": "numpy.ndarray",
}
_NUMPY_CORE = {
    "multiarray._reconstruct": made_array,
    "multiarray.scalar": made_scalar,
    "numeric._frombuffer": made_from_buffer,
}
_PYTHON = {
    **{("copy_reg", "_reconstructor"): made_object, ("copyreg", "_reconstructor"): made_object},
    **{("__builtin__", "object"): "object", ("builtins", "object"): "object"},
    **{("__builtin__", "set"): made_set, ("builtins", "set"): made_set},
    ("_codecs", "encode"): made_bytes,
}
_SPARSE = {"csc": InertColumns, "csr": InertRows, "coo": InertTriplets}
_CHUMPY_CLASSES = {("chumpy.ch", "Ch"), ("chumpy", "Ch")}

_REFUSED_OPCODES = (
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.PERSID, pickle.BINPERSID),
    *(pickle.INST, pickle.OBJ, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
_FAILURES = (
    *(pickle.UnpicklingError, EOFError, struct.error, ValueError, TypeError, KeyError),
    *(IndexError, AttributeError, MemoryError, OverflowError, RecursionError),
)


class _Refused(pickle.UnpicklingError):
    """A pickle that wants more than to carry arrays."""


# Python's own twin of the compiled reader: its table of opcodes can be cut down, and it does not
# make room for as many remembered objects as a forged file claims.
class _DataUnpickler(pickle._Unpickler):  # pyright: ignore[reportPrivateUsage]
    dispatch: ClassVar[dict[int, Any]] = {
        code: action
        for code, action in pickle._Unpickler.dispatch.items()  # pyright: ignore[reportPrivateUsage]
        if code not in {opcode[0] for opcode in _REFUSED_OPCODES}
    }

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        """Return the stand-in of that name; UnpicklingError where there is none."""
        found = _stand_in(module, name)
        if found is None:
            raise _Refused(f"it calls {module}.{name}, which a model has no use for")
        return found


def _take_bytearray(reader: Any) -> None:  # noqa: ANN401 - the class's own attributes are private
    """Read a bytearray without making room before the bytes are there."""
    (length,) = struct.unpack("<Q", reader.read(8))
    content = reader.read(length)
    if len(content) != length:
        raise EOFError("file ends within an array")
    reader.append(bytearray(content))


def _take_state(reader: Any) -> None:  # noqa: ANN401
    """Give an object its state; the stand-ins themselves cannot be changed."""
    state = reader.stack.pop()
    target = reader.stack[-1]
    if not isinstance(target, InertArray | InertType | InertObject):
        raise _Refused(f"it changes {type(target).__name__} objects")
    target.__setstate__(state)


_DataUnpickler.dispatch[pickle.BYTEARRAY8[0]] = _take_bytearray
_DataUnpickler.dispatch[pickle.BUILD[0]] = _take_state


def read_pickled_arrays(path: Path, *, what: str) -> Mapping[str, ndarray]:
    """Return the arrays of a pickled dictionary by name; whatever is no array is left out.

    Takes numpy arrays, scipy's sparse matrices (as dense arrays) and chumpy's variables, written
    by Python 2 or 3 in any protocol. Nothing in the file is executed.

    Raises:
        ModelError: the file is missing, over a gigabyte, damaged, or calls anything else.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ModelError(f"{what} {path}: expected at most {LARGEST_FILE} bytes, got {size}")
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{what} {path}: cannot be read ({error})") from error
    try:
        table = _DataUnpickler(io.BytesIO(content), encoding="latin1").load()
    except _Refused as error:
        raise ModelError(
            f"{what} {path}: expected a pickle of arrays alone, but {error}; "
            "do not open this file with other programs, get it from its authors"
        ) from error
    except _FAILURES as error:
        raise ModelError(
            f"{what} {path}: damaged ({type(error).__name__}: {error}); download it again"
        ) from error
    if not isinstance(table, dict):
        raise ModelError(f"{what} {path}: expected a dictionary, got {type(table).__name__}")
    return _arrays_of(table)


def _arrays_of(table: Mapping[Any, Any]) -> Mapping[str, ndarray]:
    arrays: dict[str, ndarray] = {}
    for name, value in table.items():
        try:
            arrays[str(name)] = array_of(value)
        except _FAILURES:
            continue
    return arrays


def _stand_in(module: str, name: str) -> object:
    if module == "numpy":
        return _NUMPY.get(name)
    for core in ("numpy.core.", "numpy._core."):
        if module.startswith(core):
            return _NUMPY_CORE.get(f"{module.removeprefix(core)}.{name}")
    if (module, name) in _CHUMPY_CLASSES:
        return InertChumpy
    if module.startswith("scipy.sparse"):
        kind = name.removesuffix("_matrix").removesuffix("_array")
        file = module.removeprefix("scipy.sparse").removeprefix(".").removeprefix("_")
        return _SPARSE.get(kind) if file in ("", kind) and kind != name else None
    return _PYTHON.get((module, name))
