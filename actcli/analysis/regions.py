"""Where f' vanishes: the intervals of |f'| < epsilon, exact to the last bit.

Between neighbouring critical points (breaks of f, zeros of f', zeros of f'') |f'| is monotone, so it crosses epsilon at
most once; bisection on the ordered doubles finds the two adjacent numbers between which it does.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from actcli.activation import Array, Flags, Function, Interval
from actcli.errors import positive
from actcli.numerics.doubles import ascending, changes, grid, intervals
from actcli.parameters import INF
from actcli.registry.specs import resolve

RegionKind = Literal["zero", "tail", "stationary"]
Smoothness = Literal["discontinuous", "C0", "C1", "C2", "Cinf"]
Monotone = Literal["increasing", "nondecreasing", "decreasing", "nonincreasing", "constant", "no"]

_BESIDE = 1e-300


@dataclass(frozen=True, slots=True)
class Region:
    """A maximal interval on which f' vanishes, ends included; -inf and inf where it is unbounded.

    The ends are the outermost doubles at which |f'| < epsilon. `zero`: f' is identically 0; `tail`: it reaches to
    infinity; `stationary`: bounded, around an isolated zero of f'.
    """

    start: float
    stop: float
    kind: RegionKind

    def condition(self, digits: int) -> str:
        """The region as a condition on x, with its ends to this many digits (17: all)."""
        start, stop = (repr(end) if digits >= 17 else f"{end:.{digits}g}" for end in (self.start, self.stop))
        if math.isinf(self.start) and math.isinf(self.stop):
            return "everywhere"
        if math.isinf(self.start):
            return f"x <= {stop}"
        if math.isinf(self.stop):
            return f"x >= {start}"
        return f"x = {start}" if start == stop else f"{start} <= x <= {stop}"


class Shape(NamedTuple):
    """An elementwise function seen whole."""

    points: Array  # -inf, ..., inf, ascending: between neighbours f, f' and |f'| are monotone
    value: Array  # f there
    slope: Array  # f' there
    sup_gradient: float  # sup |f'|
    range: tuple[float, float]
    monotone: Monotone
    smoothness: Smoothness


@lru_cache(maxsize=256)
def shape(function: Function) -> Shape:
    """The critical points of an elementwise function and what follows from them. A shape takes up to 2 MB, so the cache
    is small: finish with one function before asking for the next."""
    function = function.whole
    points = grid(function.breaks, function.activation.domain, function.activation.window)
    points = ascending(np.concatenate([points, *changes(lambda x: function.df(x) > 0, points)]))
    points = ascending(np.concatenate([points, *changes(lambda x: function.d2f(x) > 0, points)]))
    value, slope = function.f(points), function.df(points)
    return Shape(
        points=points,
        value=value,
        slope=slope,
        sup_gradient=float(np.nanmax(np.abs(slope))),
        range=(float(np.nanmin(value)), float(np.nanmax(value))),
        monotone=_monotone(function, points, slope),
        smoothness=_smoothness(function),
    )


@lru_cache(maxsize=1 << 14)
def sup_gradient(function: Function) -> float:
    """sup |f'| of an elementwise function."""
    return shape(function).sup_gradient


@lru_cache(maxsize=1 << 14)
def extent(function: Function) -> Interval:
    """The infimum and the supremum of f."""
    return function.range or shape(function).range


@lru_cache(maxsize=1 << 14)
def signs(function: Function) -> tuple[bool, bool]:
    """Whether f' is never below 0, and whether f is never below 0; False if f is known only within a window."""
    if function.takes_rows or function.activation.window is not None:
        return False, False
    whole = shape(function)
    return bool((whole.slope >= 0.0).all()), bool((whole.value >= 0.0).all())


def _monotone(function: Function, points: Array, slope: Array) -> Monotone:
    jumps = _jumps(function)
    rises, falls = bool(np.any(slope > 0) or np.any(jumps > 0)), bool(np.any(slope < 0) or np.any(jumps < 0))
    if rises and falls:
        return "no"
    if not rises and not falls:
        return "constant"
    flat = any(region.kind == "zero" for region in _regions(function, points, slope, lambda x: function.df(x) == 0.0))
    if rises:
        return "nondecreasing" if flat else "increasing"
    return "nonincreasing" if flat else "decreasing"


def _jumps(function: Function) -> Array:
    """The jumps of f just before and just after each break; 0 where f is continuous."""
    at = np.array(function.breaks)
    sides = function.f(np.stack([np.nextafter(at, -INF), at, np.nextafter(at, INF)]))
    before, after = sides[:-1], sides[1:]
    return np.subtract(after, before, out=np.zeros_like(after), where=~_agree(before, after))


def _agree(a: Array, b: Array) -> Flags:
    """Where the two differ by rounding at most; an infinity agrees only with itself."""
    return np.isclose(a, b, rtol=1e-12, atol=1e-12)


def _smoothness(function: Function) -> Smoothness:
    """How many derivatives are continuous, judged by both sides of every break."""
    if not function.breaks:
        return "Cinf"
    at = np.array(function.breaks)
    left, right = _beside(function)
    levels: tuple[Smoothness, ...] = ("discontinuous", "C0", "C1")
    for level, derivative in zip(levels, (function.f, function.df, function.d2f), strict=True):
        a, b = derivative(left), derivative(right)
        if not np.all(_agree(a, b) & np.isfinite(a) & np.isfinite(function.f(at))):
            return level
    return "C2"


def _beside(function: Function) -> tuple[Array, Array]:
    """The numbers next to each break on either side; beside 0, large enough that their multiples do not round to 0."""
    at = np.array(function.breaks)
    return np.minimum(np.nextafter(at, -INF), at - _BESIDE), np.maximum(np.nextafter(at, INF), at + _BESIDE)


def vanishing_regions(function: Function | str, epsilon: float = 1e-3) -> tuple[Region, ...]:
    """The maximal intervals of x with |f'(x)| < epsilon, ascending; `function` may be a FUNCTION spec.

    Empty for a rowwise or gated function, whose f' takes a whole row. Raises UsageError for an unknown function and for
    an epsilon that is not above 0.
    """
    return _vanishing(resolve(function).whole, positive("epsilon", epsilon))


@lru_cache(maxsize=1 << 14)
def _vanishing(function: Function, epsilon: float) -> tuple[Region, ...]:
    if function.rowwise:
        return ()
    whole = shape(function)

    def vanishes(x: Array) -> Flags:
        return np.abs(function.df(x)) < epsilon

    regions = list(_regions(function, whole.points, whole.slope, vanishes))
    at_kink = _at_kink(function)
    unresolved = _unresolved(whole.points, whole.slope, vanishes(whole.points)).tolist()
    regions += [Region(x, x, "stationary") for x in unresolved if not at_kink(x, x)]
    return tuple(sorted(regions, key=lambda region: region.start))


def regions_where(function: Function, flag: Callable[[Array], Flags]) -> tuple[Region, ...]:
    """The maximal intervals on which `flag` is true, ascending, without those that are a single kink."""
    whole = shape(function)
    return tuple(_regions(function, whole.points, whole.slope, flag))


def _regions(function: Function, points: Array, slope: Array, flag: Callable[[Array], Flags]) -> Iterator[Region]:
    at_kink = _at_kink(function)
    for i, j, start, stop in intervals(flag, points):
        if at_kink(start, stop) or (start == stop and math.isinf(start)):
            continue  # a convention at a kink or a limit at infinity, not an interval
        identically_zero = not np.any(slope[i:j]) and all(math.isinf(end) or at_kink(end, end) for end in (start, stop))
        # The end of the domain; the end of the window of an oscillating function does not count.
        at_end = function.activation.window is None and (i == 0 or j == len(points))
        yield Region(start, stop, "zero" if identically_zero else "tail" if at_end else "stationary")


def _at_kink(function: Function) -> Callable[[float, float], bool]:
    """Whether an interval is a break, or the neighbours of one."""
    kinks = np.column_stack(_beside(function)).tolist()
    return lambda start, stop: any(left <= start and stop <= right for left, right in kinks)


def _unresolved(points: Array, slope: Array, below: Flags) -> Array:
    """The nearest double to each zero of f' whose region is narrower than the spacing of the doubles."""
    i = np.flatnonzero((np.abs(np.diff(np.sign(slope))) == 2) & ~below[:-1] & ~below[1:])
    return np.where(np.abs(slope[i]) <= np.abs(slope[i + 1]), points[i], points[i + 1])


def constant_tails(function: Function, rounded: Callable[[Array], Array]) -> tuple[Region, ...]:
    """The intervals up to an infinity on which f rounds to its finite limit there."""
    regions = {
        Region(start, stop, "tail")
        for limit in filter(math.isfinite, function.limits or ())
        for start, stop in _where_rounded(function, rounded, limit)
        if math.isinf(start) or math.isinf(stop)
    }
    return tuple(sorted(regions, key=lambda region: region.start))


def _where_rounded(
    function: Function, rounded: Callable[[Array], Array], value: float
) -> Iterator[tuple[float, float]]:
    target = rounded(np.array([value]))
    for _, _, start, stop in intervals(lambda x: rounded(function.f(x)) == target, shape(function).points):
        yield start, stop


class SaturatedSides(NamedTuple):
    """The closed intervals where f saturates, on the low and on the high side."""

    low: tuple[tuple[float, float], ...]
    high: tuple[tuple[float, float], ...]


@lru_cache(maxsize=1 << 14)
def saturated_sides(function: Function, tau: float) -> SaturatedSides:
    """The zero and tail regions of |f'| <= tau * sup|f'|, by side.

    An interval that reaches one infinity is on that side. A bounded one (the flat middle of a shrinkage function) is
    split at its middle, the whole line at 0. If |f'| is unbounded, tau itself is the threshold.
    """
    if function.rowwise:
        return SaturatedSides((), ())
    function = function.whole
    sup = sup_gradient(function)
    threshold = tau * sup if math.isfinite(sup) else tau
    low, high = [], []
    for region in vanishing_regions(function, math.nextafter(threshold, math.inf)):
        if region.kind == "stationary":
            continue
        start, stop = region.start, region.stop
        if math.isinf(start) == math.isinf(stop):
            middle = 0.0 if math.isinf(start) else start + (stop - start) / 2.0
            low.append((start, middle))
            high.append((math.nextafter(middle, math.inf), stop))
        elif math.isinf(start):
            low.append((start, stop))
        else:
            high.append((start, stop))
    return SaturatedSides(tuple(low), tuple(high))
