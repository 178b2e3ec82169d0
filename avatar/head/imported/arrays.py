"""Checks of the arrays that head model files carry."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from avatar.core.errors import ModelError


class CheckedArrays:
    """Arrays of a file by name; each way of taking one says what is wrong with it."""

    def __init__(self, arrays: Mapping[str, ndarray], *, what: str) -> None:
        """Keep the arrays; `what` names the file in messages."""
        self._arrays = arrays
        self._what = what

    def require(self, names: Sequence[str], found: Sequence[str]) -> None:
        """Raise ModelError, naming what there is, unless all these arrays are there."""
        missing = [name for name in names if name not in self._arrays]
        if missing:
            raise ModelError(
                f"{self._what}: expected the arrays {', '.join(names)}; {', '.join(missing)} "
                f"missing among {', '.join(sorted(found)[:40]) or 'none'}; "
                "give the file as its authors publish it"
            )

    def numbers(self, name: str, shape: tuple[int | None, ...]) -> Float[Tensor, "..."]:
        """Return a finite float64 array of that shape; None stands for any length."""
        array = self._of_shape(name, shape)
        if array.dtype.kind not in "fiu":
            raise self._wrong(name, "numbers", str(array.dtype))
        values = torch.from_numpy(np.array(array, dtype=np.float64))
        if not bool(values.isfinite().all()):
            raise self._wrong(name, "finite numbers", "nan or infinite ones")
        return values

    def indices(self, name: str, shape: tuple[int | None, ...], count: int) -> Int[Tensor, "..."]:
        """Return an int64 array of that shape whose entries are from 0 to `count` - 1."""
        array = self._of_shape(name, shape)
        if array.dtype.kind not in "iu":
            raise self._wrong(name, "integers", str(array.dtype))
        values = torch.from_numpy(np.array(array, dtype=np.int64))
        if len(values) == 0 or int(values.min()) < 0 or int(values.max()) >= count:
            raise self._wrong(name, f"indices from 0 to {count - 1}", "others")
        return values

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a one-dimensional array of texts."""
        array = self._of_shape(name, (None,))
        if array.dtype.kind not in "US":
            raise self._wrong(name, "texts", str(array.dtype))
        return tuple(str(text) for text in array.astype("U"))

    def text(self, name: str) -> str:
        """Return an array of a single text."""
        array = self._arrays[name]
        if array.dtype.kind not in "US" or array.size != 1:
            raise self._wrong(name, "one text", f"{array.dtype} of shape {array.shape}")
        return str(array.astype("U").item())

    def rows_of_shares(
        self, name: str, shape: tuple[int | None, ...], *, across: int
    ) -> Float[Tensor, "..."]:
        """Return weights that are not negative and sum to one along `across`, exactly so."""
        weights = self.numbers(name, shape)
        sums = weights.sum(across, keepdim=True)
        if bool((weights < -1e-4).any()) or bool(((sums - 1).abs() > 0.02).any()):
            raise self._wrong(name, "weights of at least 0 that sum to 1 at each vertex", "others")
        weights = weights.clamp_min(0)
        return weights / weights.sum(across, keepdim=True)

    def _of_shape(self, name: str, shape: tuple[int | None, ...]) -> ndarray:
        array = self._arrays[name]
        pairs = zip(array.shape, shape, strict=False)
        if array.ndim != len(shape) or any(want not in (None, size) for size, want in pairs):
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise self._wrong(name, f"shape ({wanted})", str(array.shape))
        return array

    def _wrong(self, name: str, expected: str, got: str) -> ModelError:
        return ModelError(f"{self._what}: {name}: expected {expected}, got {got}")
