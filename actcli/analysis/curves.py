"""What to draw of a function: f and its derivatives, kinks, and where the gradient vanishes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.regions import Region, vanishing_regions
from actcli.analysis.titles import titles
from actcli.errors import UsageError
from actcli.numerics.histogram import Histogram


class Kink(NamedTuple):
    """A point where f' jumps: f there, f' to the left and right, and the value that f' takes by convention."""

    x: float
    f: float
    left: float
    right: float
    taken: float


class Curve(NamedTuple):
    """A function sampled for drawing. f, df and d2f are NaN at jumps and where they are not finite."""

    label: str
    x: Array
    f: Array
    df: Array
    d2f: Array
    kinks: tuple[Kink, ...]
    regions: tuple[Region, ...]

    @property
    def span(self) -> Interval:
        return float(self.x[0]), float(self.x[-1])

    def derivative(self, order: int) -> Array:
        """f, f' or f''."""
        return (self.f, self.df, self.d2f)[order]

    def visible(self) -> list[Interval]:
        """The parts of the vanishing regions within the span; if there are very many, only those wide enough to see."""
        low, high = self.span
        seen = [region for region in self.regions if region.start <= high and region.stop >= low]
        least = 0.0 if len(seen) <= MANY else (high - low) / MANY
        parts = [(max(low, region.start), min(high, region.stop)) for region in seen]
        return [(start, stop) for start, stop in parts if stop - start >= least]


MANY = 1000  # up to this many regions are all drawn
FARTHEST, NEAREST = 1e300, 1e-12  # the largest number on an axis, and the least relative distance of its ends
NAMES = ("f(x)", "f'(x)", "f''(x)")  # of the derivatives, by order


def sample(
    functions: Sequence[Function],
    *,
    epsilon: float,
    span: Interval | None,
    data: Sequence[Histogram] = (),
    points: int = 2001,
) -> tuple[Curve, ...]:
    """The curves of the functions over `span`, by default one that shows breaks, vanishing regions and the data.

    Raises UsageError for a span that is too wide or too narrow for an axis.
    """
    functions = [first_output(function) if function.rowwise else function for function in functions]
    regions = [vanishing_regions(function, epsilon) for function in functions]
    span = _drawable(span or _default_span(functions, [region for each in regions for region in each], data))
    curves = [_curve(*pair, span, points) for pair in zip(functions, regions, strict=True)]
    return tuple(curve._replace(label=title) for curve, title in zip(curves, titles(functions), strict=True))


def _drawable(span: Interval) -> Interval:
    low, high = span
    size = max(abs(low), abs(high))
    if size <= FARTHEST and high - low >= max(1.0 / FARTHEST, NEAREST * size):
        return span
    raise UsageError(
        f"an x axis from {low!r} to {high!r} cannot be drawn",
        f"give ends up to {FARTHEST:g} that differ by more than {NEAREST:g} of their size",
    )


def first_output(function: Function) -> Function:
    """A rowwise function as one of x: output 1 of the row (x, 0)."""

    def along_row(kernel: Callable[..., Array]) -> Callable[..., Array]:
        return lambda x, **values: kernel(np.stack([x, np.zeros_like(x)], axis=-1), **values)[..., 0]

    whole = function.activation
    slice_ = replace(
        whole,
        name=f"{whole.name}(x, 0)[1]",
        kind="elementwise",
        f=along_row(whole.f),
        df=along_row(whole.df),
        d2f=along_row(whole.d2f),
        jacobian=None,
    )
    return Function(slice_, function.values)


def _default_span(functions: Sequence[Function], regions: Sequence[Region], data: Sequence[Histogram]) -> Interval:
    ends = [end for region in regions for end in (region.start, region.stop) if abs(end) < 10.0]
    ends = [max(-10.0, min(10.0, 1.15 * end)) for end in ends]
    ends += [1.15 * point for function in functions for point in function.breaks]
    ends += [histogram.quantile(share) for histogram in data if histogram.total for share in (0.005, 0.995)]
    low, high = max(-FARTHEST, min([-5.0, *ends])), min(FARTHEST, max([5.0, *ends]))
    return float(math.floor(low)), float(math.ceil(high))


def _curve(function: Function, regions: tuple[Region, ...], span: Interval, points: int) -> Curve:
    breaks = np.array([point for point in function.breaks if span[0] < point < span[1]])
    left, right = np.nextafter(breaks, -math.inf), np.nextafter(breaks, math.inf)
    x = np.unique(np.concatenate([np.linspace(*span, points), left, breaks, right]))

    def values(of: Callable[[Array], Array]) -> tuple[Array, Array]:
        """The values to draw, and the breaks where they jump."""
        before, after = of(left), of(right)
        with np.errstate(invalid="ignore", over="ignore"):  # at a pole both may be infinite
            jumps = breaks[~(np.abs(after - before) <= 1e-9 * np.maximum(1.0, np.abs(after)))]
        y = of(x)
        return np.where(np.isfinite(y) & ~np.isin(x, jumps), y, math.nan), jumps

    f, _ = values(function.f)
    df, jumps = values(function.df)
    d2f, _ = values(function.d2f)
    around = np.stack([jumps, np.nextafter(jumps, -math.inf), np.nextafter(jumps, math.inf)])
    columns = (jumps, function.f(jumps), *function.df(around)[[1, 2, 0]])
    kinks = tuple(Kink(*row) for row in zip(*(column.tolist() for column in columns), strict=True))
    return Curve(function.label, x, f, df, d2f, kinks, regions)


def limits(values: Sequence[Array], span: Interval) -> Interval:
    """The range of the y axis: all values, or up to ten times |x| if they explode."""
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    if not every.size:
        return -1.0, 1.0
    cap = 10.0 * max(1.0, abs(span[0]), abs(span[1]))
    low, high = np.clip([every.min(), every.max()], -cap, cap).tolist()
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def shares(histogram: Histogram, curves: Sequence[Curve]) -> tuple[float | None, float]:
    """The share of the numbers in the vanishing regions (None for several curves), and the share outside the span."""
    everything = (-math.inf, math.inf)
    inside = None
    if len(curves) == 1:
        regions = [(region.start, region.stop) for region in curves[0].regions]
        inside = float(histogram.within(regions, everything)[0]) / histogram.total
    return inside, 1.0 - float(histogram.within([curves[0].span], everything)[0]) / histogram.total


def spans(histograms: Sequence[Histogram]) -> list[Interval]:
    """The range to show of each distribution: 99.8 % of it, and 0; common to all unless one would be a mere line."""
    found = []
    for histogram in histograms:
        low, high = (histogram.quantile(share) for share in (0.001, 0.999)) if histogram.total else (-1.0, 1.0)
        low, high = max(-FARTHEST, min(low, 0.0)), min(FARTHEST, max(high, 0.0))
        margin = 0.02 * (high - low) or 1.0
        found.append((low - margin, high + margin))
    whole = min(low for low, _ in found), max(high for _, high in found)
    narrowest = min(high - low for low, high in found)
    return [whole] * len(found) if whole[1] - whole[0] <= 5.0 * narrowest else found
