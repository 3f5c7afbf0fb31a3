"""What a smaller floating-point format loses: where f' becomes 0 in it, and where f no longer changes.

Two things take f' to 0. Where it is smaller than half of the smallest number it underflows, whatever computes it. And
a framework computes it in the format: that of tanh is 1 - y^2 of the rounded output y, which is 0 as soon as y is 1.
"""

import math
from dataclasses import dataclass

from actcli.activation import Array, Function
from actcli.analysis.regions import Region, constant_tails, regions_where, vanishing_regions
from actcli.numerics.smaller import FLOAT32, Precision, Rounded


@dataclass(frozen=True, slots=True)
class Losses:
    """One function in one format. Where f is constant: from an infinity on, where f rounds to its limit there."""

    function: Function
    precision: Precision
    zero_gradient: tuple[Region, ...]  # as it is computed
    underflow: tuple[Region, ...]
    constant_output: tuple[Region, ...]

    def gradient(self, x: Array) -> Array:
        """f' as it is computed in the format."""
        return computed_gradient(self.function, self.precision, x)


def computed_gradient(function: Function, precision: Precision, x: Array) -> Array:
    """f' as PyTorch computes it in this format, where it has f: from the rounded x and the rounded f(x).

    What it computes step by step in the format itself is rounded at each step; the rest it computes in float32, and
    rounds at the end. Where it has no f, or rounds f' once, that is what is done here.
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
    """Where f' becomes 0 and f is constant in this format; nowhere, as far as known, for a rowwise function."""
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
