"""Shared by rowwise functions: exact differences from the maximum, exact sums, and products with exponentials that are
themselves too small for a double."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array
from actcli.numerics import doubledouble
from actcli.numerics.doubledouble import DD, product
from actcli.parameters import INF

FAR = 1500.0  # exp(-FAR) times the largest double is 0
NEAR = 690.0  # the reach of the exponentials of doubledouble

_LOG_SCALE = DD(1039.720770839918, -6.779890526766997e-14)  # log 2^1500


def shift(x: Array) -> tuple[Array, Array]:
    """x - max x along the last axis, and what its rounding lost.

    A single +inf becomes 0 and the others -inf; a row of -inf, or with two +inf, has no limit and is NaN.
    """
    x = np.ascontiguousarray(x)  # contiguous rows are several times as fast to read
    largest = x.max(axis=-1, keepdims=True)
    infinite = np.isinf(largest)
    if infinite.any():
        alone = np.count_nonzero(x == largest, axis=-1, keepdims=True) == 1
        top = np.where(alone, 0.0, np.nan)
        x = np.where(infinite, np.where(x == largest, top, -INF), x)
        largest = np.where(infinite, top, largest)
    # Differences with -inf, and of huge numbers of opposite sign, give the right limits.
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = x - largest
        back = shifted - x
        lost = (x - (shifted - back)) - (largest + back)
    return shifted, np.where(shifted > -FAR, lost, 0.0)  # beyond, the exponential ignores it


def total(high: Array, low: Array | None = None, exact_from: float = INF) -> DD:
    """The sum of high + low along the last axis, which is kept with length 1: halves are added in pairs, exactly once
    at most `exact_from` numbers are left."""
    lost: Array | float = 0.0 if low is None else low.sum(axis=-1, keepdims=True)
    while (n := high.shape[-1]) > 1:
        half = n // 2
        a, b = high[..., :half], high[..., half : 2 * half]
        pairs = a + b
        if n <= exact_from:
            back = pairs - a
            lost = lost + ((a - (pairs - back)) + (b - back)).sum(axis=-1, keepdims=True)
        high = pairs if n == 2 * half else np.concatenate([pairs, high[..., -1:]], axis=-1)
    result: DD = DD(high) + lost
    return result


class Exact(NamedTuple):
    """The numbers of a `Row` with 30 digits; e only where it is above exp(-NEAR)."""

    e: DD
    total: DD
    others: DD
    above_one: DD


class Row(NamedTuple):
    """e = exp((x - max x) / tau) and its sum. What rounding lost is kept as a share of each and put back once at the
    end: if every step were rounded, products of shares would be off by 6 ulp."""

    shifted: Array  # (x - max x) / tau
    lost: Array  # what its rounding lost, which is also what e lost as a share of e
    e: Array
    first: NDArray[np.int64]  # the index of the largest entry
    total: Array  # the sum of e along the last axis
    total_lost: Array
    above_one: DD  # total - 1: the sum of e over all other entries

    def others(self) -> tuple[Array, Array]:
        """total - e without cancellation, and what it lost."""
        others = self.total - self.e
        low = ((self.total - others) - self.e) + (self.total * self.total_lost - self.e * self.lost)
        _put(DD(others, low), self.first, self.above_one)
        return others, low / np.maximum(others, np.finfo(np.float64).smallest_subnormal)

    def shares(self) -> Array:
        """e / total."""
        return self.e / self.total * (1.0 + (self.lost - self.total_lost))

    def rest(self) -> Array:
        """1 - e / total."""
        others, lost = self.others()
        return others / self.total * (1.0 + (lost - self.total_lost))

    def spread(self) -> Array:
        """e / total * (1 - e / total)."""
        others, lost = self.others()
        return (self.e / self.total) * (others / self.total) * (1.0 + (self.lost + lost - 2.0 * self.total_lost))

    def tail(self, result: Array, factor: Array, balance: float = 0.0) -> Array:
        """`result` with factor * e / total where e is too small for a double but the product may not be.

        Where that holds for all but the largest entry, its own result is `balance` times the sum of the others.
        """
        far = self.shifted < -NEAR
        if far.any():
            factor = np.broadcast_to(factor / self.total, far.shape)
            result[far] = times_far_exp(factor[far], self.shifted[far], self.lost[far])
            alone = np.count_nonzero(far, axis=-1, keepdims=True) == far.shape[-1] - 1
            if balance and alone.any():
                result = np.where(alone & ~far, balance * result.sum(axis=-1, keepdims=True, where=far), result)
        return result

    def exact(self) -> Exact:
        """The sums with 30 digits."""
        near = self.shifted > -NEAR
        nan = np.where(np.isnan(self.shifted), np.nan, 0.0)
        e = doubledouble.exp(DD(np.where(near, self.shifted, 0.0), np.where(near, self.lost, 0.0)))
        e = DD(np.where(near, e.high, self.e + nan), np.where(near, e.low, self.e * self.lost))
        below = DD(e.high.copy(), e.low.copy())
        _put(below, self.first, DD(np.zeros(self.first.shape), np.zeros(self.first.shape)))
        above = total(below.high, below.low)
        whole = above + 1.0
        others = whole - e
        _put(others, self.first, above)
        return Exact(e, whole, others, above)


def _put(row: DD, place: NDArray[np.int64], value: DD) -> None:
    np.put_along_axis(row.high, place, value.high, axis=-1)
    np.put_along_axis(row.low, place, value.low, axis=-1)


def row_of(x: Array, tau: float = 1.0) -> Row:
    """The row of x at temperature tau."""
    shifted, lost = shift(x) if tau == 1.0 else _shift_over(x, tau)
    with np.errstate(under="ignore"):
        e = np.exp(shifted)
    first = np.expand_dims(np.argmax(shifted, axis=-1), -1)
    largest = np.take_along_axis(e, first, axis=-1)  # 1 or NaN
    np.put_along_axis(e, first, 0.0, axis=-1)
    above = total(e, e * lost, exact_from=64)  # the errors of earlier rounds average out
    np.put_along_axis(e, first, largest, axis=-1)
    whole = above + largest
    return Row(shifted, lost, e, first, whole.high, whole.low / whole.high, above)


def _shift_over(x: Array, tau: float) -> tuple[Array, Array]:
    """(x - max x) / tau, at least -FAR, and what its rounding lost: 500 ulp in the tail."""
    mantissa, exponent = math.frexp(tau)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        shifted, lost = shift(np.ldexp(x, -max(exponent, 0)))
        shifted, lost = np.ldexp(shifted, -min(exponent, 0)), np.ldexp(lost, -min(exponent, 0))
        quotient = np.maximum(shifted / mantissa, -FAR)
        high, low = product(quotient, np.full(1, mantissa))
        rest = ((shifted - high) - low + lost) / mantissa
    return quotient, np.where(quotient > -FAR, rest, 0.0)


def times_far_exp(factor: Array, high: Array, low: Array, amplitude: Array | float = 1.0) -> Array:
    """factor * amplitude * exp(high + low) for high < -650: its exponential stays 2^1500 times too large until then."""
    exponent = DD(np.maximum(high, -FAR)) + _LOG_SCALE
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        e = np.exp(exponent.high) * (1.0 + (exponent.low + low))
        return factor * 2.0**-600 * amplitude * e * 2.0**-900
