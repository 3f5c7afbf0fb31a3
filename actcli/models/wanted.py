"""What a model expects of an input, and whether an array or a number fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from actcli.errors import DataError, UsageError
from actcli.text import counted

DTYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(int16)": "int16", "tensor(int8)": "int8", "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16", "tensor(uint32)": "uint32", "tensor(uint64)": "uint64", "tensor(bool)": "bool",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """An input of a model. A free dimension is None; `dims` is None if their number is free."""

    name: str
    dims: tuple[int | None, ...] | None
    dtype: str

    def __str__(self) -> str:
        if self.dims is None:
            return f"{self.name}: {self.dtype} of any shape"
        sizes = ", ".join("any" if d is None else str(d) for d in self.dims)
        return f"{self.name}: {self.dtype} of shape ({sizes})"

    def beside(self, value: Any) -> Wanted:
        """The same, but with as many free dimensions as the array has if their number is free."""
        free = self.dims is None and isinstance(value, np.ndarray)
        return replace(self, dims=(None,) * value.ndim) if free else self


def checked(want: Wanted, array: Any, path: str) -> Any:
    """The array as the model wants it. Raises DataError for a wrong rank, size or type, and for NaN."""
    hint = f"the model wants {want}"
    if array.dtype.kind not in "fiub":
        raise DataError(f"{path}: contains {array.dtype}, not numbers", hint)
    if want.dims is None:
        return _typed(want, array, path)
    if way := _way_to_fit(want.dims, array.shape):
        hint = f"{hint}; save {way}"
    if array.ndim != len(want.dims):
        raise DataError(f"{path}: has {counted(array.ndim, 'dimensions')}, shape {array.shape}", hint)
    for axis, (own, dim) in enumerate(zip(array.shape, want.dims, strict=True)):
        if axis > 0 and dim is not None and own != dim:
            raise DataError(f"{path}: axis {axis} has {own} entries, shape {array.shape}", hint)
    return _typed(want, array, path)


def number(want: Wanted, text: str) -> Any:
    """A number that fills an input, in its type."""
    value = float(text)
    if not math.isfinite(value):
        raise UsageError(f"--input {want.name}={text}: is not finite", "a network turns it into NaN")
    try:
        made = _typed(want, np.array([value]), f"--input {want.name}={text}")
    except DataError as error:
        raise UsageError(error.message, error.hint) from None
    return made.item() if want.dims != () else made.reshape(())


def listed(wanted: Sequence[Wanted]) -> str:
    """The inputs that a model wants, in one line."""
    return f"its inputs: {'; '.join(map(str, wanted))}"


def _way_to_fit(dims: Sequence[int | None], shape: Sequence[int]) -> str:
    """Code that makes an array `a` of this shape fit, if it is a single input, has channels last, or needs flattening;
    else ""."""
    if _fits(dims[1:], shape):
        return "a[None], if it is one input"
    if len(shape) != len(dims) or _fits(dims[1:], shape[1:]):
        flat = len(dims) == 2 and len(shape) > 2 and dims[1] == math.prod(shape[1:])
        return "a.reshape(len(a), -1)" if flat else ""
    orders = ((0, *order) for order in permutations(range(1, min(len(shape), 6))))
    order = next((order for order in orders if _fits(dims[1:], [shape[axis] for axis in order[1:]])), None)
    return f"a.transpose{order}" if order else ""


def _fits(dims: Sequence[int | None], shape: Sequence[int]) -> bool:
    return len(dims) == len(shape) and all(dim in (None, own) for dim, own in zip(dims, shape, strict=True))


def _typed(want: Wanted, array: Any, path: str) -> Any:
    if array.dtype.kind == "f":
        bad = ~np.isfinite(array)
        if bad.any():
            row = int(np.flatnonzero(bad.reshape(len(array), -1).any(axis=1))[0]) if array.ndim else 0
            raise DataError(
                f"{path}: entry {row + 1} contains NaN or infinity, {int(bad.sum())} in all",
                "leave these rows out: a network turns them into NaN",
            )
        if not want.dtype.startswith("float") and not (array == np.round(array)).all():
            raise DataError(f"{path}: contains fractions", f"the model wants {want}")
    if array.dtype != want.dtype and array.size:
        low, high = array.min().item(), array.max().item()
        least, most = _limits(want.dtype)
        if low < least or high > most:
            raise DataError(f"{path}: contains {low:.6g} to {high:.6g}, beyond {want.dtype}", f"the model wants {want}")
    return np.asarray(array, dtype=want.dtype)


def _limits(dtype: str) -> tuple[float, float]:
    """The least and the largest value of a type."""
    if dtype == "bool":
        return 0, 1
    if dtype.startswith("float"):
        most = float(np.finfo(dtype).max)
        return -most, most
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
