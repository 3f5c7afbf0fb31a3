"""Forward-mode differentiation: the value and both derivatives are propagated through the tree together.

The leaves are the kernels f, df and d2f of activations. A derivative that is 0 by structure is None, so that it is
never multiplied by infinity.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Flags
from actcli.expressions.magnitudes import difference
from actcli.expressions.primitives import LOG, LOG1P
from actcli.expressions.tree import Call, Choice, Constant, Name, Node, Power, Product, Sum, Where, depends

COMPARE: dict[str, Callable[[Array, Array], Flags]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_LOGARITHMS = (LOG, LOG1P)
_FAR = 1e300
_HUGE = 1e100
_ORDER = {"min": "<=", "max": ">="}


@dataclass(frozen=True, slots=True)
class Jet:
    """A value and its derivatives by one name, each with the shape of x or a single entry."""

    v: Array
    d1: Array | None = None
    d2: Array | None = None

    def __neg__(self) -> Jet:
        return Jet(-self.v, None if self.d1 is None else -self.d1, None if self.d2 is None else -self.d2)

    def __add__(self, other: Jet) -> Jet:
        return Jet(self.v + other.v, _plus(self.d1, other.d1), _plus(self.d2, other.d2))

    def __mul__(self, other: Jet) -> Jet:
        d1 = _plus(_times(self.d1, other.v), _times(self.v, other.d1))
        cross = _times(_times(self.d1, other.d1), 2.0)
        d2 = _plus(_plus(_times(self.d2, other.v), cross), _times(self.v, other.d2))
        return Jet(_product(self.v, other.v), d1, d2)

    def __truediv__(self, other: Jet) -> Jet:
        """Divide: q b = a gives q' = (a' - q b') / b and q'' = (a'' - 2 q' b' - q b'') / b."""
        q = _quotient(self.v, other.v)
        if other.d1 is None:
            return Jet(q, _over(self.d1, other.v), _over(self.d2, other.v))
        q1 = _over(_plus(self.d1, _times(-q, other.d1)), other.v)
        curved = _plus(_times(_times(q1, -2.0), other.d1), _times(-q, other.d2))
        return Jet(q, q1, _over(_plus(self.d2, curved), other.v))

    def chain(self, v: Array, g1: Array, g2: Array | None, settled: Flags | None = None) -> Jet:
        """Return g(self) from g, g' and g'' at the value; where `settled`, g' is 0 even times infinity."""
        d1 = _settle(_times(g1, self.d1), settled)
        if g2 is None:
            return Jet(v, d1)
        bent = _settle(_times(_times(g2, self.d1), self.d1), settled)
        return Jet(v, d1, _plus(bent, _settle(_times(g1, self.d2), settled)))


def _plus(a: Array | None, b: Array | None) -> Array | None:
    return b if a is None else a if b is None else a + b


def _times(a: Array | None, b: Array | float | None) -> Array | None:
    return None if a is None or b is None else _product(a, b)


def _over(a: Array | None, b: Array) -> Array | None:
    return None if a is None else _quotient(a, b)


def _product(a: Array, b: Array | float) -> Array:
    """a * b; NaN where one has overflowed but the true product may be finite: exp(2 * x) * exp(-x)."""
    product = a * b
    lost = np.isinf(product)
    return np.where(lost & (np.minimum(np.abs(a), np.abs(b)) < 1.0 / _HUGE), np.nan, product) if lost.any() else product


def _quotient(a: Array, b: Array) -> Array:
    """a / b; NaN where a has overflowed but the true quotient may be finite: x**3 / (1 + x**2)."""
    quotient = a / b
    lost = np.isinf(quotient)
    return np.where(lost & np.isinf(a) & (np.abs(b) > _HUGE), np.nan, quotient) if lost.any() else quotient


def _settle(derivative: Array | None, settled: Flags | None) -> Array | None:
    if derivative is None or settled is None or not settled.any():
        return derivative
    return np.where(settled, 0.0, derivative)


def differentiate(node: Node, x: Array, values: Mapping[str, float], by: str = "x", order: int = 2) -> Jet:
    """Evaluate the tree at each x, with `order` (0, 1 or 2) derivatives by x, or the first one by a parameter.

    An intermediate overflow inside a slowly growing function (the square in log(1 + x**2)) gives NaN.
    """
    with np.errstate(all="ignore"):
        return _Evaluation(x, values, by, order).at(node)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    x: Array
    values: Mapping[str, float]
    by: str
    order: int

    def at(self, node: Node) -> Jet:
        match node:
            case Constant(value):
                return Jet(np.array([value]))
            case Name(id):
                v = self.x if id == "x" else np.array([self.values[id]])
                return Jet(v, np.ones(1) if id == self.by and self.order else None)
            case Sum(terms):
                return reduce(operator.add, (-self.at(term) if negative else self.at(term) for negative, term in terms))
            case Product(factors):
                divides, first = factors[0]
                start = Jet(np.ones(1)) / self.at(first) if divides else self.at(first)
                return reduce(self._multiplied, factors[1:], start)
            case Power(base, exponent):
                return self._power(self.at(base), self.at(exponent), depends(exponent, "x"))
            case Call(activation, argument, settings):
                return self._call(activation, self.at(argument), {name: self.at(value) for name, value in settings})
            case Choice(name, first, second):
                a, b = self.at(first), self.at(second)
                chosen, _ = self._compared(_ORDER[name], (first, a.v), (second, b.v))
                return self._chosen(chosen | np.isnan(a.v), a, b)
            case Where(comparison, left, right, yes, no):
                holds, unknown = self._compared(comparison, (left, self.at(left).v), (right, self.at(right).v))
                result = self._chosen(holds, self.at(yes), self.at(no))
                return result if not unknown.any() else self._chosen(unknown, Jet(np.array([np.nan])), result)

    def _multiplied(self, product: Jet, factor: tuple[bool, Node]) -> Jet:
        divides, node = factor
        return product / self.at(node) if divides else product * self.at(node)

    def _compared(self, comparison: str, left: tuple[Node, Array], right: tuple[Node, Array]) -> tuple[Flags, Flags]:
        """Return where the comparison of two parts holds, and where that is unknown. Parts that are both 0, or the
        same infinity, are compared by their magnitudes; at infinite x, by those far out."""
        compare = COMPARE[comparison]
        a, b, x = np.broadcast_arrays(left[1], right[1], self.x)
        holds, unknown = compare(a, b), np.isnan(a) | np.isnan(b)
        tie = (a == b) & (np.isinf(a) | (a == 0.0))
        if tie.any():
            there = replace(self, x=np.clip(x[tie], -_HUGE, _HUGE), order=0)
            further = difference(left[0], right[0], lambda part: there.at(part).v)
            holds[tie], unknown[tie] = compare(further, np.zeros(1)), np.isnan(further)
        return holds, unknown

    @staticmethod
    def _chosen(first: Flags, a: Jet, b: Jet) -> Jet:
        def pick(p: Array | None, q: Array | None) -> Array | None:
            if p is None and q is None:
                return None
            return np.where(first, 0.0 if p is None else p, 0.0 if q is None else q)

        return Jet(np.where(first, a.v, b.v), pick(a.d1, b.d1), pick(a.d2, b.d2))

    def _call(self, activation: Activation, u: Jet, settings: Mapping[str, Jet]) -> Jet:
        parameters = dict(activation.bind({name: float(value.v.flat[0]) for name, value in settings.items()}).values)
        infinite = np.isinf(u.v)
        settled = None
        if infinite.any():
            slow, settles = _far_away(activation, tuple(parameters.items()))
            side = (u.v > 0).astype(np.intp)
            settled = infinite & settles[side]
            u = self._lost(u, infinite & slow[side])
        result = Jet(activation.f(u.v, **parameters))
        if u.d1 is not None and activation in _LOGARITHMS:
            result = _logarithmic(result.v, u, 1.0 + u.v if activation is LOG1P else u.v)
        elif u.d1 is not None:
            g2 = activation.d2f(u.v, **parameters) if self.order == 2 else None
            result = u.chain(result.v, activation.df(u.v, **parameters), g2, settled)
        for name, value in settings.items():
            if value.d1 is not None:
                by = _times(activation.wrt[name](u.v, **parameters), value.d1)
                result = Jet(result.v, _plus(result.d1, by), result.d2)
        return result

    def _lost(self, u: Jet, where: Flags) -> Jet:
        """Return the argument of a slowly growing function with NaN where it has overflowed at a finite x."""
        return Jet(np.where(where & np.isfinite(self.x), np.nan, u.v), u.d1, u.d2)

    def _power(self, u: Jet, n: Jet, varies: bool) -> Jet:
        """Return u**n; a negative base is allowed if n is a single integer."""
        if varies:
            u = Jet(_not_negative(u.v), u.d1, u.d2)
        if n.d1 is None:
            return self._constant_power(u, float(n.v[0]) if n.v.size == 1 else n.v)
        v = u.v**n.v
        # 0 ** n is 0 for all n > 0: its derivative is not 0 * log(0).
        flat = (u.v == 0.0) & (n.v > 0.0)
        logarithm = u.chain(np.log(u.v), 1.0 / u.v, -1.0 / u.v / u.v) if u.d1 is not None else Jet(np.log(u.v))
        w = n * logarithm
        return w.chain(v, v, v if self.order == 2 else None, flat)

    def _constant_power(self, u: Jet, n: Any) -> Jet:
        if isinstance(n, float) and not n.is_integer():
            u = Jet(_not_negative(u.v), u.d1, u.d2)
        if isinstance(n, float) and 0.0 < n < 1.0:
            u = self._lost(u, np.isinf(u.v))
        v = u.v**n
        if u.d1 is None:
            return Jet(v)
        # If the base stays 0, like max(0, x) for x < 0, the derivative is 0, not infinity times 0.
        flat = (u.v == 0.0) & (u.d1 == 0.0)
        near = u.chain(v, n * u.v ** (n - 1.0), n * (n - 1.0) * u.v ** (n - 2.0) if self.order == 2 else None, flat)
        far = np.abs(u.v) > 1e10
        if near.d2 is None or not far.any() or np.all(n >= 2.0):
            return near
        # u**(n - 2) may underflow or overflow although its product with u' squared does not.
        w = u.d1 / u.v
        bent = _plus(_over(u.d2, u.v), (n - 1.0) * w * w)
        return Jet(v, near.d1, np.where(far, n * v * bent, near.d2))


def _logarithmic(v: Array, u: Jet, argument: Array) -> Jet:
    """Return log(argument), which is u plus a constant, through u' / argument, whose square does not overflow."""
    argument = _not_negative(argument)
    w = _over(u.d1, argument)
    return Jet(v, w, _plus(_over(u.d2, argument), _times(_times(w, w), -1.0)))


def _not_negative(x: Array) -> Array:
    return np.where(x < 0.0, np.nan, x)


@lru_cache(maxsize=1 << 14)
def _far_away(activation: Activation, parameters: tuple[tuple[str, float], ...]) -> tuple[Flags, Flags]:
    """Return, for the low and the high side, whether f grows more slowly than x, and whether f' reaches 0."""
    ends = np.array([-_FAR, _FAR])
    values = dict(parameters)
    with np.errstate(all="ignore"):
        slow = np.isinf(activation.f(ends * np.inf, **values)) & (np.abs(activation.f(ends, **values)) < 1e-10 * _FAR)
        settles = (activation.df(ends, **values) == 0.0) & (activation.df(ends * np.inf, **values) == 0.0)
    return slow, settles
