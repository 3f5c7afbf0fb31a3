"""Binary formats smaller than double, and arithmetic that rounds every step to one of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Precision(NamedTuple):
    """A binary format: `digits` bits of significand, normal numbers from 2**(lowest - 1) to below 2**highest."""

    name: str
    digits: int
    lowest: int
    highest: int

    @property
    def smallest(self) -> float:
        """The smallest positive number, a subnormal one."""
        return math.ldexp(1.0, self.lowest - self.digits)

    def round(self, x: Array) -> Array:
        """The nearest numbers of the format, ties to even, as float64; infinity beyond the largest."""
        _, exponent = np.frexp(x)
        step = np.maximum(exponent, self.lowest) - self.digits
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = np.ldexp(np.rint(np.ldexp(x, -step)), step)
        return np.where(np.abs(rounded) >= math.ldexp(1.0, self.highest), np.copysign(math.inf, x), rounded)

    def loses(self, size: Array) -> Flags:
        """Where a nonzero number of this size rounds to 0."""
        return np.asarray((size <= self.smallest / 2.0) & (size > 0.0))


FLOAT32 = Precision("float32", 24, -125, 128)
FLOAT16 = Precision("float16", 11, -13, 16)
BFLOAT16 = Precision("bfloat16", 8, -125, 128)
PRECISIONS = {precision.name: precision for precision in (FLOAT32, FLOAT16, BFLOAT16)}


class Rounded(NDArrayOperatorsMixin):
    """Numbers of a format. The result of every operator and numpy function is rounded to it.

    Double has more than twice the digits of each format, so rounding a step twice is correct. Constants are float32, as
    in frameworks.
    """

    __slots__ = ("precision", "values")

    def __init__(self, values: Array, precision: Precision) -> None:
        self.values, self.precision = precision.round(values), precision

    def __getitem__(self, index: Any) -> Rounded:
        return Rounded(self.values[index], self.precision)

    def map(self, function: Callable[[Array], Array]) -> Rounded:
        """The values of a function, rounded."""
        with np.errstate(all="ignore"):
            return Rounded(function(self.values), self.precision)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> Rounded:
        return self.map(lambda _: getattr(ufunc, method)(*map(_values, inputs)))

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Rounded:
        return self.map(lambda _: function(*map(_values, inputs), **options))


def _values(given: Any) -> Any:
    if isinstance(given, list):
        return [_values(each) for each in given]
    return given.values if isinstance(given, Rounded) else FLOAT32.round(np.asarray(given, np.float64))
