"""The truth about an activation, from its formula alone: mpmath with enough digits and forward-mode differentiation.

Nothing here knows the stable forms of `actcli.functions`: the declared text is evaluated as written, on jets (value,
first and second derivative), with enough digits that cancellation cannot reach those that are compared.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

ZERO = mpf(0)


@dataclass(frozen=True)
class Jet:
    """A value with its first and second derivative."""

    v: Any
    d1: Any = ZERO
    d2: Any = ZERO

    def __add__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        o = jet(other)
        return Jet(self.v + o.v, self.d1 + o.d1, self.d2 + o.d2)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return Jet(-self.v, -self.d1, -self.d2)

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else self + -jet(other)

    def __rsub__(self, other: Any) -> Any:
        return jet(other) + -self

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        o = jet(other)
        return Jet(self.v * o.v, self.d1 * o.v + self.v * o.d1, self.d2 * o.v + 2 * self.d1 * o.d1 + self.v * o.d2)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else self * jet(other) ** -1

    def __rtruediv__(self, other: Any) -> Any:
        return jet(other) * self**-1

    def __pow__(self, n: Any) -> Jet:
        if self.v == 0 and n > 0:  # 0 * 0**-1 would be no number
            return self * self if n == 2 else self * self ** (n - 1)
        v = self.v
        return self.chain(v**n, n * v ** (n - 1), n * (n - 1) * v ** (n - 2))

    def chain(self, g: Any, g1: Any, g2: Any) -> Jet:
        """g(self), from g, g' and g'' at the value."""
        return Jet(g, g1 * self.d1, g2 * self.d1**2 + g1 * self.d2)

    def __lt__(self, other: Any) -> bool:
        return bool(self.v < jet(other).v)

    def __le__(self, other: Any) -> bool:
        return bool(self.v <= jet(other).v)

    def __gt__(self, other: Any) -> bool:
        return bool(self.v > jet(other).v)

    def __ge__(self, other: Any) -> bool:
        return bool(self.v >= jet(other).v)


def jet(x: Any) -> Jet:
    return x if isinstance(x, Jet) else Jet(mpf(x))


def _each(function: Any) -> Any:
    """`function` on a jet, a number, or each entry of a row."""

    def apply(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            return np.array([function(jet(entry)) for entry in x], dtype=object)
        return function(jet(x))

    return apply


def _all(function: Any) -> Any:
    """`function` of jets and numbers, entry by entry if one of them is a row."""

    def apply(*arguments: Any) -> Any:
        if any(isinstance(argument, np.ndarray) for argument in arguments):
            return np.frompyfunc(function, len(arguments), 1)(*arguments)
        return function(*arguments)

    return apply


@lru_cache(maxsize=1 << 13)  # by the digits as well; the jets by each entry of a row ask for the same values
def _value_of(function: Any, v: mpf, precision: int) -> mpf:
    return function(v)


def _exp(x: Jet) -> Jet:
    e = _value_of(mpmath.exp, x.v, mp.prec)
    return x.chain(e, e, e)


def _tanh(x: Jet) -> Jet:
    if abs(x.v) > 5000:  # 1 and 0 to 4,000 digits; mpmath cannot take exp of exp(1e155)
        return x.chain(mpmath.sign(x.v), ZERO, ZERO)
    t, slope = mpmath.tanh(x.v), mpmath.sech(x.v) ** 2
    return x.chain(t, slope, -2 * t * slope)


def _erf(x: Jet) -> Jet:
    if abs(x.v) > 100:  # 1 and 0 to 4,000 digits, at which mpmath takes its time
        return x.chain(mpmath.sign(x.v), ZERO, ZERO)
    g = 2 / mpmath.sqrt(mp.pi) * _value_of(mpmath.exp, -x.v * x.v, mp.prec)
    return x.chain(_value_of(mpmath.erf, x.v, mp.prec), g, -2 * x.v * g)


def _sqrt(x: Jet) -> Jet:
    r = mpmath.sqrt(x.v)
    return x.chain(r, 1 / (2 * r), -1 / (4 * r**3))


def _abs(x: Jet) -> Jet:
    return x if x.v > 0 else -x if x.v < 0 else Jet(mpf(0))


def _min(a: Any, b: Any) -> Jet:
    return jet(a) if jet(a).v <= jet(b).v else jet(b)


def _max(a: Any, b: Any) -> Jet:
    return jet(a) if jet(a).v >= jet(b).v else jet(b)


NAMES: dict[str, Any] = {
    "__builtins__": {},
    "exp": _each(_exp),
    "log": _each(lambda x: x.chain(mpmath.log(x.v), 1 / x.v, -1 / x.v**2)),
    "sin": _each(lambda x: x.chain(mpmath.sin(x.v), mpmath.cos(x.v), -mpmath.sin(x.v))),
    "cos": _each(lambda x: x.chain(mpmath.cos(x.v), -mpmath.sin(x.v), -mpmath.cos(x.v))),
    "tanh": _each(_tanh),
    "sinh": _each(lambda x: x.chain(mpmath.sinh(x.v), mpmath.cosh(x.v), mpmath.sinh(x.v))),
    "cosh": _each(lambda x: x.chain(mpmath.cosh(x.v), mpmath.sinh(x.v), mpmath.cosh(x.v))),
    "atan": _each(lambda x: x.chain(mpmath.atan(x.v), 1 / (1 + x.v**2), -2 * x.v / (1 + x.v**2) ** 2)),
    "log1p": _each(lambda x: x.chain(mpmath.log1p(x.v), 1 / (1 + x.v), -1 / (1 + x.v) ** 2)),
    "expm1": _each(lambda x: x.chain(mpmath.expm1(x.v), mpmath.exp(x.v), mpmath.exp(x.v))),
    "erf": _each(_erf),
    "sqrt": _each(_sqrt),
    "abs": _each(_abs),
    "min": _all(_min),
    "max": _all(_max),
    "sum": builtins.sum,
    "where": _all(lambda condition, a, b: jet(a) if condition else jet(b)),
    "concatenate": lambda *rows: np.concatenate(rows),
}


def _digits(values: Sequence[float]) -> int:
    """Enough decimal digits for 50 good ones: tails lose x^2 + |x|^3 at most, differences near 0 2 |log10 x|."""
    digits = 60
    for value in values:
        if value:
            value = max(-1e300, min(1e300, value))
            digits = max(
                digits,
                60
                + int(
                    min(900.0, abs(value) ** 2 + abs(value) ** 3 if abs(value) < 1e3 else 900.0)
                    + min(700.0, 2 * abs(math.log10(abs(value))))
                ),
            )
    return digits


def evaluate(text: str, x: Any, parameters: dict[str, float], by: str = "x", entry: int = 0) -> Any:
    """The jet of the formula `text` at x (a number, or a row) by x, by the row's entry `entry`, or by a parameter.

    Of a row: the row of its outputs.
    """
    row = np.ndim(x) == 1
    numbers = [float(number) for number in np.ravel(x)]
    scale = max([1.0, *(abs(value) for value in parameters.values() if math.isfinite(value))])
    spread = [max(numbers) - min(numbers)] if row else []
    sizes = [
        abs(math.log10(abs(value))) for value in (*numbers, *parameters.values()) if value and math.isfinite(value)
    ]
    with mp.workdps(_digits([number * scale for number in [*numbers, *spread]]) + int(2.0 * max(sizes, default=0.0))):
        names = {**NAMES, "pi": +mp.pi, "e": +mp.e}
        for name, value in parameters.items():
            exact = mpf(1) / 6 if value == 1 / 6 else mpf(value)  # the one default that is meant and is no double
            names[name] = Jet(exact, mpf(1)) if name == by else Jet(exact)
        one = mpf(1) if by == "x" else mpf(0)
        jets = [Jet(mpf(number), one if not row or place == entry else mpf(0)) for place, number in enumerate(numbers)]
        if row:
            half = len(jets) // 2
            # For gated functions: the halves of the row.
            names |= {"n": len(jets), "a": np.array(jets[:half], object), "b": np.array(jets[half:], object)}
            result = _value(text, names, np.array(jets, dtype=object))
            return result if isinstance(result, np.ndarray) else np.array([result], dtype=object)
        try:
            return jet(_value(text, names, jets[0]))
        except ZeroDivisionError:
            return _removed(text, names, jets[0])


def _value(text: str, names: dict[str, Any], x: Any) -> Any:
    return eval(text, {**names, "x": x})  # noqa: S307 - the text is our own declaration


def _removed(text: str, names: dict[str, Any], x: Jet) -> Jet:
    """The value at a removable singularity, such as that of sin(x) / x at 0: the mean of both sides."""
    with mp.workdps(400):
        sides = [jet(_value(text, names, Jet(x.v + sign * mpf(10) ** -50, x.d1))) for sign in (-1, 1)]
        return (sides[0] + sides[1]) / 2


def ulps(computed: float, truth: Any) -> float:
    """The error of a double in units in the last place of the true value; subnormals are spaced 2^-1074."""
    with mp.workdps(60):
        truth = mpf(truth)
        if abs(truth) > mpf(np.finfo(np.float64).max):
            return 0.0 if math.isinf(computed) and (computed > 0) == (truth > 0) else math.inf
        if not math.isfinite(computed):
            return math.inf
        return float(abs(mpf(computed) - truth) / mpf(math.ulp(abs(float(truth)))))
