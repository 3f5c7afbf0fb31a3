"""What a smaller floating-point format loses: where f' becomes 0 in it, and where f no longer changes.

Two things turn f' into 0. Below half of the smallest number it underflows, however it is computed. And a framework
computes it in the format: for tanh as 1 - y^2 of the rounded output y, which is 0 as soon as y is 1.
"""

import math
from typing import NamedTuple

from actcli.activation import Array, Function
from actcli.analysis.regions import Region, constant_tails, regions_where, vanishing_regions
from actcli.numerics.smaller import FLOAT32, Precision, Rounded


class Losses(NamedTuple):
    """One function in one format. f counts as constant where it rounds to its limit, up to that infinity."""

    function: Function
    precision: Precision
    zero_gradient: tuple[Region, ...]  # as it is computed
    underflow: tuple[Region, ...]
    constant_output: tuple[Region, ...]

    def gradient(self, x: Array) -> Array:
        """f' as frameworks compute it in the format."""
        return computed_gradient(self.function, self.precision, x)


def computed_gradient(function: Function, precision: Precision, x: Array) -> Array:
    """f' as PyTorch computes it in this format, from the rounded x and the rounded f(x).

    What PyTorch computes step by step in the format is rounded at each step; the rest is computed in float32 and
    rounded at the end. If PyTorch does not have f, or rounds f' only once, so does this.
    """
    x = precision.round(x)
    way = function.activation.backward
    if way is None:
        return precision.round(function.df(x))
    working = precision if way.stepwise else FLOAT32
    given, values = Rounded(x, working), function.parameters
    y = function.f(x) if way.f is None else way.f(given, **values).values
    df = way.float32 if way.float32 is not None and precision is FLOAT32 else way.df
    return precision.round(df(given, Rounded(precision.round(y), working), **values).values)


def losses(function: Function, precision: Precision) -> Losses:
    """Where f' becomes 0 and f is constant in this format; empty for a rowwise function."""
    if function.rowwise:
        return Losses(function, precision, (), (), ())
    threshold = math.nextafter(precision.smallest / 2.0, math.inf)
    whole = function.whole
    return Losses(
        function,
        precision,
        regions_where(whole, lambda x: computed_gradient(whole, precision, x) == 0.0),
        vanishing_regions(whole, threshold),
        constant_tails(whole, precision.round),
    )
