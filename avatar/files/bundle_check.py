"""Checks of what a stranger's `.avatar` file holds, each naming the field that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from avatar.core.errors import BundleError

_MAX_TEXT = 10_000


@dataclass(frozen=True)
class Fields:
    """A JSON object whose fields are read with their type checked."""

    place: str
    values: dict[str, Any]

    def record(self, name: str) -> "Fields":
        """Return a field that is an object."""
        value = self._field(name, dict, "an object")
        return Fields(f"{self.place}: {name}", cast("dict[str, Any]", value))

    def records(self, name: str) -> list["Fields"]:
        """Return a field that is a list of objects."""
        items = self._items(name, dict, "objects")
        return [Fields(f"{self.place}: {name}[{i}]", item) for i, item in enumerate(items)]

    def text(self, name: str) -> str:
        """Return a field that is a string."""
        text = self._field(name, str, "text")
        if len(text) > _MAX_TEXT:
            raise BundleError(f"{self.place}: {name}: expected at most {_MAX_TEXT} characters")
        return text

    def optional_text(self, name: str) -> str | None:
        """Return a field that is a string or null."""
        return None if self.values.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field that is a list of strings."""
        return tuple(self._items(name, str, "texts"))

    def integer(self, name: str) -> int:
        """Return a field that is an integer."""
        return self._field(name, int, "an integer")

    def integers(self, name: str) -> tuple[int, ...]:
        """Return a field that is a list of integers."""
        return tuple(self._items(name, int, "integers"))

    def boolean(self, name: str) -> bool:
        """Return a field that is true or false."""
        return self._field(name, bool, "true or false")

    def fraction(self, name: str) -> float:
        """Return a field that is a number in [0, 1]."""
        return self._fraction(name, self.values.get(name))

    def number(self, name: str, least: float, most: float, absent: float) -> float:
        """Return a field that is a number from `least` to `most`, `absent` where there is none."""
        value = self.values.get(name, absent)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and least <= value <= most:
            return float(value)
        raise BundleError(f"{self.place}: {name}: expected a number from {least:g} to {most:g}")

    def fractions(self, name: str, count: int) -> tuple[float, ...]:
        """Return a field that is a list of so many numbers in [0, 1]."""
        value = self._field(name, list, f"{count} numbers")
        if len(value) != count:
            raise BundleError(f"{self.place}: {name}: expected {count} numbers, got {len(value)}")
        return tuple(self._fraction(name, item) for item in value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return a field that is one of some strings."""
        value = self.text(name)
        if value not in choices:
            raise BundleError(
                f"{self.place}: {name}: expected one of {', '.join(choices)}, got {value[:80]!r}"
            )
        return value

    def _fraction(self, name: str, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        raise BundleError(f"{self.place}: {name}: expected numbers from 0 to 1")

    def _field(self, name: str, kind: type, expected: str) -> Any:  # noqa: ANN401 -- JSON
        value = self.values.get(name)
        # In Python true is an integer; in JSON it is not.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BundleError(f"{self.place}: {name}: expected {expected}")
        return value

    def _items(self, name: str, kind: type, expected: str) -> list[Any]:
        items = cast("list[Any]", self._field(name, list, f"a list of {expected}"))
        wrong = [i for i in items if not isinstance(i, kind) or type(i) is bool]
        if wrong:
            raise BundleError(f"{self.place}: {name}: expected a list of {expected}")
        return items


def check_shape(
    tensors: Mapping[str, Tensor], name: str, dtype: torch.dtype, shape: tuple[int | None, ...]
) -> Tensor:
    """Return the tensor of that name if it has that dtype and shape (None: any size)."""
    if name not in tensors:
        raise BundleError(f"tensor {name!r}: it is missing")
    tensor = tensors[name]
    fits = tensor.ndim == len(shape) and all(
        size is None or size == actual for size, actual in zip(shape, tensor.shape, strict=True)
    )
    if tensor.dtype != dtype or not fits:
        sizes = ", ".join("any" if size is None else str(size) for size in shape)
        raise BundleError(
            f"tensor {name!r}: expected {dtype} of shape ({sizes}), "
            f"got {tensor.dtype} of shape {tuple(tensor.shape)}"
        )
    return tensor


def check_values(name: str, tensor: Tensor) -> Tensor:
    """Return the tensor if all its values are finite."""
    if not tensor.isfinite().all():
        raise BundleError(f"tensor {name!r}: expected finite values, got NaN or infinity")
    return tensor


def check_indices(name: str, tensor: Tensor, limit: int) -> Tensor:
    """Return the tensor if all its values are indices below `limit`."""
    if tensor.numel() and not (tensor.min() >= 0 and tensor.max() < limit):
        raise BundleError(
            f"tensor {name!r}: expected indices from 0 to {limit - 1}, "
            f"got {int(tensor.min())} to {int(tensor.max())}"
        )
    return tensor
