"""Count, mean and spread that merge: associative and commutative to rounding, whatever the offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sum of squared deviations of each column (Chan, Golub and LeVeque 1979).

    The mean is the unevaluated sum mean + rest: by one double alone the spread of a column around 1e9 would be good to
    7 digits only after a merge.
    """

    count: NDArray[np.int64]
    mean: Array
    rest: Array
    deviation: Array

    @classmethod
    def empty(cls, columns: int) -> Moments:
        return cls(np.zeros(columns, np.int64), np.zeros(columns), np.zeros(columns), np.zeros(columns))

    @classmethod
    def of(cls, t: Array, keep: Flags | None) -> Moments:
        """Of the entries of t, shape (columns, rows), that `keep` marks; None marks all."""
        count = np.full(len(t), t.shape[1]) if keep is None else np.count_nonzero(keep, axis=1)
        # Deviations from an entry of the column, not from 0: a constant column has exactly its value as mean.
        shift = _first(t, keep)
        with np.errstate(over="ignore", invalid="ignore"):  # beyond the doubles the moments are inf or NaN
            deviation = t - shift[:, None]
            if keep is not None:
                deviation[~keep] = 0.0
            offset = deviation.sum(axis=1) / np.maximum(count, 1)
            deviation -= offset[:, None]
            if keep is not None:
                deviation[~keep] = 0.0
            np.square(deviation, out=deviation)
            return cls(count, *_sum(shift, offset), deviation.sum(axis=1))

    def merge(self, other: Moments) -> Moments:
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        first = self.count > 0
        with np.errstate(over="ignore", invalid="ignore"):
            delta = (other.mean - self.mean) + (other.rest - self.rest)
            delta = np.where(first & (other.count > 0), delta, 0.0)
            base, rest = np.where(first, self.mean, other.mean), np.where(first, self.rest, other.rest)
            between = np.square(delta) * self.count * share
            return Moments(count, *_sum(base, rest + delta * share), self.deviation + other.deviation + between)

    def sum_square(self) -> Array:
        """The sum of the squares."""
        with np.errstate(over="ignore"):
            return np.asarray(self.deviation + self.count * self.mean * self.mean)

    def std(self) -> Array:
        """The standard deviation of the population; NaN where there is no entry."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(self.deviation / self.count))


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b, and what its rounding lost (Knuth)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def _first(t: Array, keep: Flags | None) -> Array:
    """The first kept entry of each column, 0 where there is none."""
    if t.shape[1] == 0:
        return np.zeros(len(t))
    if keep is None:
        return np.array(t[:, 0])
    first = keep.argmax(axis=1)
    columns = np.arange(len(t))
    return np.where(keep[columns, first], t[columns, first], 0.0)
