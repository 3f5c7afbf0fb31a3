"""Count, mean and spread that merge associatively and commutatively up to rounding, at any offset and scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags
from actcli.numerics.sums import Sums, exponents, squared

_ORDINARY = 400  # numbers between 2**-400 and 2**400 are not scaled: their squares are doubles
_NEAR = 0.25  # a column whose mean is not large compared with its spread is not shifted: it loses half a digit at most
_NOTHING = -(1 << 20)  # the exponent of a column that is empty or all zeros


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sum of squared deviations of each column (Chan, Golub and LeVeque 1979). The entries are divided
    by 2**exponent, so that no square overflows.

    The mean is the unevaluated sum centre + rest: with a single double the spread of a column around 1e9 would have
    only 7 correct digits after a merge.
    """

    count: NDArray[np.int64]
    exponent: NDArray[np.int64]
    centre: Array
    rest: Array
    deviation: Array

    @classmethod
    def empty(cls, columns: int) -> Moments:
        zeros = np.zeros(columns)
        return cls(np.zeros(columns, np.int64), np.full(columns, _NOTHING), zeros, zeros, zeros)

    @classmethod
    def of(cls, t: Array, keep: Flags | None, size: Array) -> Moments:
        """The moments of the entries of t, shape (columns, rows), that `keep` marks; None marks all. `size`: the
        largest |entry| of each column, 0 if it has none."""
        count = np.full(len(t), t.shape[1]) if keep is None else np.count_nonzero(keep, axis=1)
        exponent = scaling(size)
        if (odd := (exponent != 0) & (size > 0.0)).any():
            t = np.ldexp(t, np.where(odd, -exponent, 0)[:, None])
        with np.errstate(over="ignore", invalid="ignore"):  # entries that are not kept
            kept = t if keep is None else np.where(keep, t, 0.0)
            offset, squares = kept.sum(axis=1) / np.maximum(count, 1), squared(kept)
            deviation = squares - count * offset * offset
            shift = np.zeros(len(t))
            if (far := ~(deviation >= _NEAR * squares)).any():  # the difference cancels
                some = None if keep is None else keep[far]
                shift[far], offset[far], deviation[far] = _around_entry(t[far], some, count[far])
        return cls.around(count, exponent, shift, offset, deviation)

    @classmethod
    def around(
        cls, count: NDArray[np.int64], exponent: NDArray[np.int64], shift: Array, offset: Array, deviation: Array
    ) -> Moments:
        """The moments with the mean shift + offset."""
        return cls(count, exponent, *_sum(shift, offset), deviation)

    def merge(self, other: Moments) -> Moments:
        exponent = np.maximum(self.exponent, other.exponent)
        one, two = self._over(exponent), other._over(exponent)
        count = one.count + two.count
        share = two.count / np.maximum(count, 1)
        first = one.count > 0
        delta = np.where(first & (two.count > 0), (two.centre - one.centre) + (two.rest - one.rest), 0.0)
        centre, rest = np.where(first, one.centre, two.centre), np.where(first, one.rest, two.rest)
        between = np.square(delta) * one.count * share
        return Moments(count, exponent, *_sum(centre, rest + delta * share), one.deviation + two.deviation + between)

    def _over(self, exponent: NDArray[np.int64]) -> Moments:
        """The same moments at larger exponents."""
        less = self.exponent - exponent
        if not less.any():
            return self
        parts = (np.ldexp(self.centre, less), np.ldexp(self.rest, less), np.ldexp(self.deviation, 2 * less))
        return Moments(self.count, exponent, *parts)

    def mean(self) -> Array:
        """The mean of each column; 0 if it has no entries."""
        return np.asarray(np.ldexp(self.centre, np.where(self.centre == 0.0, 0, self.exponent)))

    def std(self) -> Array:
        """The population standard deviation of each column; NaN if it has no entries."""
        return self.deviations().root_mean(self.count)

    def deviations(self) -> Sums:
        """The sums of the squared deviations from the mean."""
        return Sums.normal(self.deviation, 2 * self.exponent)

    def squares(self) -> Sums:
        """The sums of the squares."""
        return Sums.normal(self.deviation + self.count * self.centre * self.centre, 2 * self.exponent)


def scaling(size: Array) -> NDArray[np.int64]:
    """The exponents to divide columns by, from the largest |entry| of each."""
    if np.all((size > 2.0**-_ORDINARY) & (size < 2.0**_ORDINARY)):
        return np.zeros(len(size), np.int64)
    exponent = exponents(size)
    return np.where(size == 0.0, _NOTHING, np.where(np.abs(exponent) < _ORDINARY, 0, exponent))


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b and its rounding error (Knuth)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def _around_entry(t: Array, keep: Flags | None, count: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """An entry of each column, the mean minus that entry, and the sum of squared deviations from the mean. Measured
    from an entry rather than 0, the mean of a constant column is exactly its value."""
    shift = _first(t, keep)
    deviation = t - shift[:, None]
    if keep is not None:
        deviation[~keep] = 0.0
    offset = deviation.sum(axis=1) / np.maximum(count, 1)
    deviation -= offset[:, None]
    if keep is not None:
        deviation[~keep] = 0.0
    return shift, offset, squared(deviation)


def _first(t: Array, keep: Flags | None) -> Array:
    """The first kept entry of each column; 0 if there is none."""
    if t.shape[1] == 0:
        return np.zeros(len(t))
    if keep is None:
        return np.array(t[:, 0])
    first = keep.argmax(axis=1)
    columns = np.arange(len(t))
    return np.where(keep[columns, first], t[columns, first], 0.0)
