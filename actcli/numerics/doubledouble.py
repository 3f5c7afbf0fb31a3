"""Numbers as unevaluated sums of two doubles, 106 bits: for the few kernels that no plain form keeps within 4 ulp.

About thirty times slower than plain operations, so kernels send only the hard range of x here, through `refine`. For
moderate magnitudes only: nothing guards against overflow. Algorithms: Dekker 1971; Hida, Li and Bailey 2001.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from actcli.activation import Array, Flags

AT_ONCE = 1 << 14
_SPLITTER = 134217729.0  # 2^27 + 1, Veltkamp


def _split(a: Array) -> tuple[Array, Array]:
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


def product(a: Array, b: Array) -> tuple[Array, Array]:
    """a * b as an unevaluated sum high + low, exactly (Dekker 1971), for factors below 1e300."""
    high = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


def times(a: float, x: Array) -> tuple[Array, Array]:
    """a * x as high + low for all doubles; low is 0 where the product overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        if 1e-90 < abs(a) < 1e90:
            high, low = product(np.full(1, a), x)
            return high, np.where(np.isnan(low), 0.0, low)
        (a_part, a_exponent), (part, exponent) = math.frexp(a), np.frexp(x)
        high, low = a * x, product(np.full(1, a_part), part)[1]
        return high, np.where(np.isfinite(high), np.ldexp(low, exponent + a_exponent), 0.0)


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b as high + low, exactly (Knuth)."""
    high = a + b
    back = high - a
    return high, (a - (high - back)) + (b - back)


def _quick_two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """As `two_sum`, for |a| >= |b|."""
    high = a + b
    return high, b - (high - a)


class DD:
    """high + low, arrays of the same shape."""

    __slots__ = ("high", "low")
    __array_ufunc__ = None  # numpy arrays on the left defer to this class

    def __init__(self, high: Array | float, low: Array | float = 0.0) -> None:
        self.high = np.asarray(high, dtype=np.float64)
        self.low = np.asarray(low, dtype=np.float64)

    def __add__(self, other: DD | Array | float) -> DD:
        other = _dd(other)
        high, low = two_sum(self.high, other.high)
        return DD(*_quick_two_sum(high, low + (self.low + other.low)))

    __radd__ = __add__

    def __neg__(self) -> DD:
        return DD(-self.high, -self.low)

    def __sub__(self, other: DD | Array | float) -> DD:
        return self + -_dd(other)

    def __rsub__(self, other: DD | Array | float) -> DD:
        return -self + other

    def __mul__(self, other: DD | Array | float) -> DD:
        other = _dd(other)
        high, low = product(self.high, other.high)
        return DD(*_quick_two_sum(high, low + (self.high * other.low + self.low * other.high)))

    __rmul__ = __mul__

    def __truediv__(self, other: DD | Array | float) -> DD:
        other = _dd(other)
        first = self.high / other.high
        rest = self - other * first
        return DD(*_quick_two_sum(first, rest.high / other.high))

    def __rtruediv__(self, other: DD | Array | float) -> DD:
        return _dd(other) / self

    def rounded(self) -> Array:
        return self.high + self.low


def _dd(x: DD | Array | float) -> DD:
    return x if isinstance(x, DD) else DD(x)


@cache
def _tables() -> tuple[Array, Array, Array]:
    """2^(j/64) for j = 0 .. 63 as high and low, and ln(2)/64 in three parts, the first two with 32 bits."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 60
        powers = [Decimal(2) ** (Decimal(j) / 64) for j in range(64)]
        high = [float(power) for power in powers]
        low = [float(power - Decimal(value)) for power, value in zip(powers, high, strict=True)]
        step = Decimal(2).ln() / 64
        first = float(int(step * 2**38)) / 2**38
        second = float(int((step - Decimal(first)) * 2**70)) / 2**70
        third = float(step - Decimal(first) - Decimal(second))
    return np.array(high), np.array(low), np.array([first, second, third])


def exp(x: DD | Array) -> DD:
    """exp(x) for |x| < 700: x = (64 k + j) ln(2)/64 + r with |r| < 0.0055, then a table and a short series."""
    x = _dd(x)
    high, low, step = _tables()
    n = np.rint(x.high / step[0])
    r = DD(x.high - n * step[0]) - DD(n * step[1]) - DD(n * step[2]) + x.low
    whole = n.astype(np.int64)
    k, j = whole >> 6, whole & 63
    result = DD(high[j], low[j]) * (1.0 + _expm1_series(r))
    return DD(np.ldexp(result.high, k), np.ldexp(result.low, k))


def _expm1_series(r: DD) -> DD:
    """exp(r) - 1 for |r| < 0.0055."""
    t = r.high
    tail = t * t * t * (1 / 6 + t * (1 / 24 + t * (1 / 120 + t * (1 / 720 + t * (1 / 5040 + t / 40320)))))
    return r + (r * r * 0.5 + tail)


def expm1(x: DD | Array) -> DD:
    """exp(x) - 1 for |x| < 700, to about 30 digits above |x| = 0.0055 and 20 below."""
    x = _dd(x)
    small = np.abs(x.high) < 0.0055
    near = _expm1_series(DD(np.where(small, x.high, 0.0), np.where(small, x.low, 0.0)))
    far = exp(x) - 1.0
    return DD(np.where(small, near.high, far.high), np.where(small, near.low, far.low))


def log1p(x: DD | Array) -> DD:
    """log(1 + x) for -1 < x < 1e300: one Newton step from the double."""
    x = _dd(x)
    y = np.log1p(x.high)
    e = expm1(y)
    return DD(y) + (x - e) / (1.0 + e)


def sqrt(x: DD | Array) -> DD:
    """The root of x > 0: one Newton step from the double."""
    x = _dd(x)
    y = np.sqrt(x.high)
    return DD(y) + (x - DD(*product(y, y))) / (2.0 * y)


def refine(result: Array, x: Array, hard: Flags, kernel: Callable[[Array], DD]) -> Array:
    """`result` with the entries flagged in `hard` replaced by `kernel`, which is evaluated only there, in pieces small
    enough for its dozens of temporaries to stay in the cache: a third less time."""
    numbers = x[hard]
    if numbers.size:
        exact = np.empty_like(numbers)
        for start in range(0, len(numbers), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            exact[part] = kernel(numbers[part]).rounded()
        result[hard] = exact
    return result
