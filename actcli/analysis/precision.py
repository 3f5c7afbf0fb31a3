"""What a smaller floating-point format loses: where f' rounds to 0, and where f no longer changes.

The true values are rounded once, to nearest, ties to even. That is the best the format allows: a framework that
computes in it may lose a gradient earlier, and hardware that flushes subnormal numbers to 0 does.
"""

import math
from dataclasses import dataclass

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.analysis.regions import Region, constant_tails, vanishing_regions


@dataclass(frozen=True, slots=True)
class Precision:
    """A binary format: `digits` bits of significand, numbers from 2**(lowest - 1) up to below 2**highest normal."""

    name: str
    digits: int
    lowest: int
    highest: int

    @property
    def smallest(self) -> float:
        """The smallest positive number, a subnormal one."""
        return math.ldexp(1.0, self.lowest - self.digits)

    def round(self, x: Array) -> Array:
        """The nearest numbers of the format, as float64; beyond the largest, infinity."""
        _, exponent = np.frexp(x)
        step = np.maximum(exponent, self.lowest) - self.digits
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = np.ldexp(np.rint(np.ldexp(x, -step)), step)
        return np.where(np.abs(rounded) >= math.ldexp(1.0, self.highest), np.copysign(math.inf, x), rounded)

    def loses(self, gradient: Array) -> Flags:
        """Where a gradient that is not 0 rounds to 0."""
        size = np.abs(gradient)
        return np.asarray((size <= self.smallest / 2.0) & (size > 0.0))


PRECISIONS = {
    precision.name: precision
    for precision in (
        Precision("float32", 24, -125, 128),
        Precision("float16", 11, -13, 16),
        Precision("bfloat16", 8, -125, 128),
    )
}


@dataclass(frozen=True, slots=True)
class Losses:
    """One function in one format. Where f is constant: from an infinity on, where f rounds to its limit there."""

    precision: Precision
    zero_gradient: tuple[Region, ...]
    constant_output: tuple[Region, ...]

    def constant(self, x: Array) -> Flags:
        inside = np.zeros(x.shape, np.bool_)
        for region in self.constant_output:
            inside |= (x >= region.start) & (x <= region.stop)
        return inside


def losses(function: Function, precision: Precision) -> Losses:
    """Where f' rounds to 0 and f is constant in this format; nowhere, as far as known, for a rowwise function."""
    if function.rowwise:
        return Losses(precision, (), ())
    threshold = math.nextafter(precision.smallest / 2.0, math.inf)
    return Losses(precision, vanishing_regions(function, threshold), constant_tails(function, precision.round))
