"""Sums of numbers and of squares that merge, without overflow or underflow on the way.

1e308 three times has the mean 1e308, and squares of 1e-200 have a root mean, though no double can hold their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags

_ORDINARY = 900  # sums below 2**900 and above its inverse are kept without exponent: adding them is safe
_ALONE = 8192  # numbers that BLAS multiplies on one thread; the result would depend on the number of threads
_NOTHING = -(1 << 20)  # the exponent of 0


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """value * 2**exponent; the exponent of an ordinary sum is 0."""

    value: Array
    exponent: NDArray[np.int64]

    @classmethod
    def empty(cls, count: int) -> Sums:
        return cls(np.zeros(count), np.zeros(count, np.int64))

    @classmethod
    def of_counts(cls, counts: NDArray[np.int64]) -> Sums:
        return cls(counts.astype(np.float64), np.zeros(len(counts), np.int64))

    @classmethod
    def of(cls, numbers: Array, keep: Flags | None = None) -> Sums:
        """The sum of the entries of each row that `keep` flags; None flags all."""
        return cls._of(numbers, keep, 1)

    @classmethod
    def of_squares(cls, numbers: Array, keep: Flags | None = None) -> Sums:
        """The sum of the squares of each row."""
        return cls._of(numbers, keep, 2)

    @classmethod
    def _of(cls, numbers: Array, keep: Flags | None, power: int) -> Sums:
        kept = numbers if keep is None else np.where(keep, numbers, 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            value = _added(kept, power)
            exponent = np.zeros(len(value), np.int64)
            odd = ~(value < np.inf) if power == 1 else ~((value > 2.0**-_ORDINARY) & (value < np.inf))
            if odd.any():
                again = np.asarray(kept[odd], np.float64)
                scale = exponents(np.max(np.abs(again), axis=1, initial=0.0))
                sums = cls.normal(_added(np.ldexp(again, -scale[:, None]), power), power * scale)
                value[odd], exponent[odd] = sums.value, sums.exponent
        return cls(value, exponent)

    @classmethod
    def normal(cls, value: Array, exponent: NDArray[np.int64]) -> Sums:
        """value * 2**exponent in normal form: exponent 0 if it is an ordinary sum."""
        mantissa, more = np.frexp(value)
        whole = exponent + more
        held = (np.abs(whole) < _ORDINARY) | (value == 0.0) | ~np.isfinite(value)
        return cls(np.ldexp(mantissa, np.where(held, np.maximum(whole, -1100), 0)), np.where(held, 0, whole))

    def merge(self, other: Sums) -> Sums:
        with np.errstate(over="ignore", invalid="ignore"):
            if not (self.exponent.any() or other.exponent.any()):
                value = self.value + other.value
                if np.isfinite(value).all():
                    return Sums(value, self.exponent)
            (a, i), (b, j) = self._parts(), other._parts()
            top = np.maximum(i, j)
            return Sums.normal(np.ldexp(a, i - top) + np.ldexp(b, j - top), top)

    def over_all(self) -> Sums:
        """The sum of all the sums, a single one."""
        with np.errstate(over="ignore", invalid="ignore"):
            mantissa, exponent = self._parts()
            top = exponent.max(initial=_NOTHING)
            return Sums.normal(np.ldexp(mantissa, exponent - top).sum(keepdims=True), top[None])

    def plain(self) -> Array:
        """The sums as doubles; infinity or 0 beyond their range."""
        return self.mean(1)

    def mean(self, count: NDArray[np.int64] | int) -> Array:
        """The sums divided by a number of entries; NaN for none."""
        with np.errstate(all="ignore"):
            return np.asarray(np.ldexp(self.value / count, self.exponent))

    def root_mean(self, count: NDArray[np.int64] | int) -> Array:
        """The root of the mean of `count` squares."""
        with np.errstate(all="ignore"):
            return np.asarray(np.ldexp(np.sqrt(np.ldexp(self.value / count, self.exponent & 1)), self.exponent >> 1))

    def _parts(self) -> tuple[Array, NDArray[np.int64]]:
        mantissa, exponent = np.frexp(self.value)
        return mantissa, np.where(self.value == 0.0, _NOTHING, exponent + self.exponent)


def _added(numbers: Array, power: int) -> Array:
    return squared(numbers) if power == 2 else np.asarray(numbers.sum(axis=1))


def squared(rows: Array) -> Array:
    """The sum of the squares of each row, in an eighth of the time of squaring and summing."""
    found = np.zeros(len(rows))
    for start in range(0, rows.shape[1], _ALONE):
        part = rows[:, start : start + _ALONE]
        found += np.vecdot(part, part)
    return found


def exponents(size: Array) -> NDArray[np.int64]:
    """The exponents of the powers of two above the numbers; 0 for numbers that are not finite."""
    return np.where(np.isfinite(size), np.frexp(size)[1], 0).astype(np.int64)
