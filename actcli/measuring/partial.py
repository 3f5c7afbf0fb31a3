"""Statistics of a layer that merge: empty, of a block of rows, merge, result.

`merge` is associative and commutative and `empty` is its identity, so any split of the rows into blocks, files, threads
or machines gives the same result: counts, minima and maxima exactly, sums and moments to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags
from actcli.numerics.histogram import Histogram, merged

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sum of squared deviations of each column (Chan, Golub and LeVeque 1979).

    The mean is the unevaluated sum mean + rest: by one double alone the spread of a column around 1e9 would be good to
    7 digits only after a merge.
    """

    count: Counts
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


@dataclass(frozen=True, slots=True)
class LayerPartial:
    """What is known of a layer after some of its rows. Arrays have one entry a neuron.

    Values that are missing or not finite are counted, and left out of everything else.
    """

    samples: int
    missing: Counts
    non_finite: Counts
    moments: Moments  # of the pre-activations
    minimum: Array  # inf where there is no value
    maximum: Array
    vanishing: Counts  # |f'| < epsilon
    zero_gradient: Counts  # f' = 0
    saturated_low: Counts
    saturated_high: Counts
    sum_gradient: Array  # of |f'|
    sum_square_gradient: Array
    sum_output: Array  # of |f|
    vanishing_rows: int  # rows in which every |f'| < epsilon
    zeros: int  # pre-activations that are exactly 0
    score: Array  # sum of what the rule of another system counts
    lost_gradient: Counts  # f' is not 0 and rounds to 0 in the chosen precision
    constant_output: Counts  # x is where f is constant in that precision
    histogram: Histogram | None = None  # of the values of all neurons, where a figure asks for it

    @classmethod
    def empty(cls, neurons: int) -> LayerPartial:
        none, zero = np.zeros(neurons, np.int64), np.zeros(neurons)
        return cls(
            samples=0,
            missing=none,
            non_finite=none,
            moments=Moments.empty(neurons),
            minimum=np.full(neurons, math.inf),
            maximum=np.full(neurons, -math.inf),
            vanishing=none,
            zero_gradient=none,
            saturated_low=none,
            saturated_high=none,
            sum_gradient=zero,
            sum_square_gradient=zero,
            sum_output=zero,
            vanishing_rows=0,
            zeros=0,
            score=zero,
            lost_gradient=none,
            constant_output=none,
        )

    def merge(self, other: LayerPartial) -> LayerPartial:
        return LayerPartial(
            samples=self.samples + other.samples,
            missing=self.missing + other.missing,
            non_finite=self.non_finite + other.non_finite,
            moments=self.moments.merge(other.moments),
            minimum=np.minimum(self.minimum, other.minimum),
            maximum=np.maximum(self.maximum, other.maximum),
            vanishing=self.vanishing + other.vanishing,
            zero_gradient=self.zero_gradient + other.zero_gradient,
            saturated_low=self.saturated_low + other.saturated_low,
            saturated_high=self.saturated_high + other.saturated_high,
            sum_gradient=self.sum_gradient + other.sum_gradient,
            sum_square_gradient=self.sum_square_gradient + other.sum_square_gradient,
            sum_output=self.sum_output + other.sum_output,
            vanishing_rows=self.vanishing_rows + other.vanishing_rows,
            zeros=self.zeros + other.zeros,
            score=self.score + other.score,
            lost_gradient=self.lost_gradient + other.lost_gradient,
            constant_output=self.constant_output + other.constant_output,
            histogram=merged(self.histogram, other.histogram),
        )

    @property
    def values(self) -> Counts:
        """How many finite values each neuron has."""
        return self.moments.count
