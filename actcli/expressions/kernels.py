"""The kernels of an expression: its tree evaluated on arrays, and continued where an intermediate value overflows.

x**2 * exp(-x**2) is infinity times 0 from 1e154 on, where it has long been 0. So if f or a derivative is NaN from some
|x| on because an intermediate value overflowed, it is continued as a constant, as 0 (below 1e-100) or as a straight
line if it was one by then, with its limit at infinity. Otherwise it stays NaN, which `why_unstable` reports; at
infinity it is infinite if it was large and growing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Activation, Array, Flags
from actcli.expressions.jets import differentiate
from actcli.expressions.tree import Call, Name, Node, Power, Product, children, nodes, text
from actcli.numerics.doubles import changes

Values: TypeAlias = tuple[tuple[str, float], ...]

_MAGNITUDES = np.unique(
    np.concatenate([np.ldexp(1.0, np.arange(-60, 1024)), np.geomspace(1e-3, 1e4, 1500), [np.finfo(np.float64).max]])
)
_NOTHING = 1e-100
_RUNS = 20  # runs of NaN to examine
_LARGE, _OVER = 1e140, 1e300
_SAME = 1e-12  # relative tolerance for a constant


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kernel of an Activation: f, a derivative by x, or the derivative by a parameter."""

    tree: Node
    order: int = 0
    by: str = "x"

    def __call__(self, x: Array, **values: float) -> Array:
        result = self.raw(x, values)
        lost = np.isnan(result)
        if lost.any():
            result[np.isnan(x)] = math.nan
            lost &= ~np.isnan(x)
            for side in (-1.0, 1.0):
                if np.any(lost & (x * side > 0)):
                    tail = _tail(self, side, tuple(values.items()))
                    beyond = lost & (x * side > tail.start)
                    result[beyond] = tail.at(x[beyond], side)
        return result

    def raw(self, x: Array, values: dict[str, float]) -> Array:
        """Return the value of the tree, NaN where x is NaN."""
        jet = differentiate(self.tree, x, values, self.by, self.order)
        found = (jet.v, jet.d1, jet.d2)[self.order]
        result = np.array(np.broadcast_to(0.0 if found is None else found, x.shape))
        result[np.isnan(x)] = math.nan
        return result + 0.0  # no -0


def written_out(tree: Node) -> tuple[int, int]:
    """Return how many nodes a tree has with its definitions expanded, and how many levels deep these are nested."""
    parts, levels = 0, 0
    for node in nodes(tree):
        more, below = _definition(node.activation) if isinstance(node, Call) else (0, 0)
        parts, levels = parts + 1 + more, max(levels, below)
    return parts, levels


@lru_cache(maxsize=4096)
def _definition(activation: Activation) -> tuple[int, int]:
    if not isinstance(activation.f, Quantity):
        return 0, 0
    parts, levels = written_out(activation.f.tree)
    return parts, levels + 1


@dataclass(frozen=True, slots=True)
class _Tail:
    """The straight line that continues a quantity from |x| = start on, and its limit; NaN if unknown."""

    start: float
    value: float = math.nan
    slope: float = 0.0
    limit: float = math.nan

    def at(self, x: Array, side: float) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            line = self.value + self.slope * (x - side * self.start)
        return np.where(np.isinf(x), self.limit, line)


@lru_cache(maxsize=1 << 14)  # six per expression, needed for every block
def _tail(quantity: Quantity, side: float, values: Values) -> _Tail:
    """Return how the quantity continues on one side."""
    known = dict(values)
    m = np.append(_MAGNITUDES, math.inf)
    y = quantity.raw(side * m, known)
    lost = np.isnan(y)
    good = np.flatnonzero(~lost[:-1])  # the last x is infinite
    if not good.size:
        return _Tail(math.inf)
    last = int(good[-1])
    start = float(m[last])
    if last < len(m) - 2:
        if overflow(quantity, float(side * m[last + 1]), known) is None:
            return _Tail(start)  # outside the domain
        start = float(changes(lambda at: np.isnan(quantity.raw(side * at, known)), m[last : last + 2])[0][0])
    value = float(quantity.raw(np.array([side * start]), known)[0])
    before = y[(m >= start / 2.0) & (m <= start) & ~lost]
    with np.errstate(invalid="ignore"):  # inf - inf
        constant = np.all((before == value) | (np.abs(before - value) <= _SAME * abs(value)))
    if constant:
        return _Tail(start, value, limit=value)
    if abs(value) < _NOTHING:
        return _Tail(start, 0.0, limit=0.0)
    if quantity.order == 0:
        slopes = Quantity(quantity.tree, 1)(side * np.array([start / 2.0, start, math.inf]), **known)
        if np.all(np.abs(slopes - slopes[0]) <= _SAME * abs(slopes[0])):
            slope = float(slopes[0])
            return _Tail(start, value, slope, math.copysign(math.inf, side * slope))
    if abs(value) > _LARGE and abs(before[0]) < abs(value):
        limit = math.copysign(math.inf, value)
        return _Tail(start, limit if abs(value) > _OVER else math.nan, limit=limit)
    return _Tail(start)


def overflow(quantity: Quantity, x: float, values: dict[str, float]) -> Node | None:
    """Return the first part of the tree that is infinite, or has an infinite derivative, at a finite x."""
    for part in _parts(quantity.tree):
        jet = differentiate(part, np.array([x]), values, quantity.by, quantity.order)
        if any(np.isinf(found).any() for found in (jet.v, jet.d1, jet.d2) if found is not None):
            return part
    return None


def _parts(node: Node) -> Iterator[Node]:
    """Yield the node and all below it in the order of evaluation: products from the left."""
    for child in children(node):
        yield from _parts(child)
    if isinstance(node, Product):
        yield from (Product(node.factors[:count]) for count in range(2, len(node.factors)))
    yield node


def domain(tree: Node, values: dict[str, float]) -> tuple[float, float] | None:
    """Return the interval on which f is defined, ignoring NaN due to overflow; None if it is defined nowhere."""
    f = Quantity(tree)
    x = np.concatenate([-_MAGNITUDES[::-1], [0.0], _MAGNITUDES])
    good = np.flatnonzero(~np.isnan(f(x, **values)))
    if not good.size:
        return None
    ends = []
    for edge, outside, infinity in ((int(good[0]), -1, -math.inf), (int(good[-1]), 1, math.inf)):
        beyond = edge + 2 * outside  # the next one may be a pole
        if not 0 <= beyond < len(x) or overflow(f, float(x[beyond]), values) is not None:
            ends.append(infinity)
            continue
        bracket = np.sort(x[[edge, edge + outside]])
        pair = changes(lambda at: np.isnan(f(at, **values)), bracket)
        ends.append(float(pair[0 if outside > 0 else 1][0]))
    return ends[0], ends[1]


def why_unstable(tree: Node, values: dict[str, float], within: tuple[float, float]) -> str | None:
    """Return where f or f' is NaN although it is a number on both sides, or overflows; None if nowhere."""
    x = np.concatenate([-_MAGNITUDES[::-1], [0.0], _MAGNITUDES])
    x = x[(x >= within[0]) & (x <= within[1])]
    for order, name in ((0, "f"), (1, "f'")):
        quantity = Quantity(tree, order)
        for run in _runs(np.isnan(quantity(x, **values)))[:_RUNS]:
            at = float(min(x[run], key=abs))
            if at and (source := overflow(quantity, at, values)) is not None:
                return f"{name} is lost at x = {at:.4g}, where {text(source)} overflows; {_remedy(source)}"
            if len(run) > 1:
                continue
            low, high = quantity(np.nextafter(at, np.array([-math.inf, math.inf])), **values).tolist()
            if abs(low - high) <= 1e-6 * max(1.0, abs(low)) < math.inf:
                return f"{name} is 0/0 at x = {at:.4g}, and {low:.6g} next to it; define it there with `where`"
    return None


def _runs(flags: Flags) -> list[NDArray[np.intp]]:
    """Return the indices of each run of adjacent flags."""
    places = np.flatnonzero(flags)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if run.size]


def _remedy(source: Node) -> str:
    match source:
        case Call(activation, _) if activation.name in ("exp", "sinh", "cosh", "expm1"):
            return "write it with exp of a negative argument, or with sigmoid, softplus, tanh or logcosh"
        case Power() | Product() | Name():
            return "divide by the highest power of x, or write it with softsign or squareplus"
        case _:
            return "replace it with a bounded function"
