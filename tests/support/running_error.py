"""A first-order bound, by mpmath, on the rounding error of an expression that is evaluated as written.

The oracle's jets run over numbers that carry, beside their value, a bound on the error of double precision so far: half
an ulp for each operation and `KERNEL` ulp for each function, propagated by the derivatives. The bound includes what a
formula loses by cancellation, so at each x it is the condition number times an ulp.
"""

from __future__ import annotations

from typing import Any

import mpmath
from mpmath import mp, mpf
from support.oracle import Jet, jet

KERNEL = 4
UNIT = mpf(2) ** -53


class Bound:
    """A value and a bound on its error, in units of 2^-53."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, error: Any = 0) -> None:
        self.value, self.error = +mpf(value), +mpf(error)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Jet):
            return NotImplemented
        o = bound(other)
        total = self.value + o.value
        return Bound(total, self.error + o.error + abs(total))

    __radd__ = __add__

    def __neg__(self) -> Bound:
        return Bound(-self.value, self.error)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Jet):
            return NotImplemented
        o = bound(other)
        product = self.value * o.value
        return Bound(product, abs(self.value) * o.error + abs(o.value) * self.error + abs(product))

    __rmul__ = __mul__

    def __pow__(self, n: Any) -> Bound:
        return self.lift(self.value**n, n * self.value ** (n - 1) if n else 0)

    def lift(self, g: Any, slope: Any) -> Bound:
        """g at the value; `slope` is its derivative there."""
        return Bound(g, abs(slope) * self.error + 2 * KERNEL * abs(g))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == bound(other).value)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < bound(other).value)

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= bound(other).value)

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > bound(other).value)

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= bound(other).value)


def bound(x: Any) -> Bound:
    return x if isinstance(x, Bound) else Bound(x)


def _function(*derivatives: Any) -> Any:
    """A function on jets of bounds, from the value and three derivatives as functions of mpmath."""

    def apply(x: Any) -> Jet:
        x = jet(x)
        at = bound(x.v)
        g = [derivative(at.value) for derivative in derivatives]
        return Jet(at, x.d1, x.d2).chain(*(at.lift(g[i], g[i + 1]) for i in range(3)))

    return apply


def _tanh(x: Any) -> list[Any]:
    t, s = mpmath.tanh(x), mpmath.sech(x) ** 2
    return [t, s, -2 * t * s, s * (6 * t * t - 2)]


def _erf(x: Any) -> list[Any]:
    g = 2 / mpmath.sqrt(mp.pi) * mpmath.exp(-x * x)
    return [mpmath.erf(x), g, -2 * x * g, (4 * x * x - 2) * g]


def _parts(of: Any) -> Any:
    return _function(*(lambda x, i=i: of(x)[i] for i in range(4)))


NAMES: dict[str, Any] = {
    "__builtins__": {},
    "exp": _function(*[mpmath.exp] * 4),
    "expm1": _function(mpmath.expm1, *[mpmath.exp] * 3),
    "log": _function(mpmath.log, lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3),
    "log1p": _function(mpmath.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2, lambda x: 2 / (1 + x) ** 3),
    "sqrt": _function(mpmath.sqrt, lambda x: x**-0.5 / 2, lambda x: -(x**-1.5) / 4, lambda x: 3 * x**-2.5 / 8),
    "sin": _function(mpmath.sin, mpmath.cos, lambda x: -mpmath.sin(x), lambda x: -mpmath.cos(x)),
    "cos": _function(mpmath.cos, lambda x: -mpmath.sin(x), lambda x: -mpmath.cos(x), mpmath.sin),
    "tanh": _parts(_tanh),
    "erf": _parts(_erf),
    "abs": lambda x: x if jet(x).v > 0 else -x,
    "min": lambda a, b: jet(a) if jet(a) <= jet(b) else jet(b),
    "max": lambda a, b: jet(a) if jet(a) >= jet(b) else jet(b),
    "where": lambda condition, a, b: jet(a) if condition else jet(b),
}


def _constant(value: Any) -> Jet:
    return Jet(Bound(value, value), Bound(0), Bound(0))


def jet_with_bounds(text: str, x: float, parameters: dict[str, float], by: str = "x") -> tuple[Bound, Bound, Bound]:
    """f and both derivatives by x, or f and the derivative by a parameter, each with a bound on its error."""
    with mp.workdps(80):
        names = {**NAMES, "pi": _constant(mp.pi), "e": _constant(mp.e)}
        for name, value in {**parameters, "x": x}.items():
            names[name] = Jet(Bound(value), Bound(1) if name == by else Bound(0), Bound(0))
        found = jet(eval(text, names))  # noqa: S307 - the text is the test's own
        return bound(found.v), bound(found.d1), bound(found.d2)
