"""A histogram that merges: one pass, constant memory, no range chosen beforehand.

A bin is a bfloat16, the upper half of the bits of a float32: 8 bits of exponent, 7 of mantissa. So each bin is at most
1/128 of its values wide, the bins are the same for every data set, and merging is addition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags, Interval

_INFINITY = 0x7F80  # as bfloat16; lower bit patterns are the finite numbers from 0
_NEGATIVE = 0x8000  # the sign bit
BINS = 2 * _INFINITY


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of numbers in BINS bins, ascending; 0 and -0 share one. Numbers beyond float32 are in the outermost bins.

    Only bins with numbers are kept: all of them would take half a megabyte for each layer of a network.
    """

    bins: NDArray[np.int64]
    held: NDArray[np.int64]  # the number of values in each of these bins

    @classmethod
    def empty(cls) -> Histogram:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def _of_bins(cls, bins: NDArray[np.int64], held: NDArray[np.int64]) -> Histogram:
        """The histogram of counts of bins in any order, perhaps with repeated bins."""
        order = np.argsort(bins, kind="stable")
        bins = bins[order]
        starts = np.flatnonzero(np.diff(bins, prepend=-1))
        return cls(bins[starts], np.add.reduceat(held[order], starts))

    @classmethod
    def of(cls, x: Array, keep: Flags | None = None) -> Histogram:
        """The histogram of the entries of x that `keep` flags, all finite; None flags all."""
        with np.errstate(over="ignore", under="ignore"):
            narrow = (x if keep is None else x[keep]).astype(np.float32, order="C").ravel()
        return cls.of_patterns(np.bincount(narrow.view(np.uint32) >> 16))

    @classmethod
    def of_patterns(cls, counts: NDArray[np.int64]) -> Histogram:
        """The histogram of numbers, counted by the upper half of the bits of their float32."""
        patterns = np.flatnonzero(counts != 0)
        size = np.minimum(patterns % _NEGATIVE, _INFINITY - 1)
        bins = np.where((patterns < _NEGATIVE) | (size == 0), _INFINITY + size, _INFINITY - 1 - size)
        return cls._of_bins(bins, counts[patterns].astype(np.int64, copy=False))

    def merge(self, other: Histogram) -> Histogram:
        return Histogram._of_bins(np.append(self.bins, other.bins), np.append(self.held, other.held))

    @property
    def total(self) -> int:
        return int(self.held.sum())

    def quantile(self, share: float) -> float:
        """The number below which this share of the numbers lies, to 1 %; NaN for an empty histogram."""
        if not self.bins.size:
            return float("nan")
        reached = np.cumsum(self.held)
        rank = min(max(share, 0.0), 1.0) * int(reached[-1])
        at = int(np.searchsorted(reached, rank))
        within = (rank - int(reached[at] - self.held[at])) / int(self.held[at])
        low, high = edges()[self.bins[at] : self.bins[at] + 2].tolist()
        return float(low + within * (high - low))

    def spread(self, ends: Sequence[float] | Array) -> Array:
        """How many numbers lie between neighbouring ends, ascending: each bin's count spread evenly over the bin."""
        if not self.bins.size:
            return np.zeros(len(ends) - 1)
        reached = np.cumsum(self.held)
        around = np.stack([edges()[self.bins], edges()[self.bins + 1]], axis=1)
        return np.diff(np.interp(ends, around.ravel(), np.stack([reached - self.held, reached], axis=1).ravel()))

    def within(self, intervals: Sequence[Interval], ends: Sequence[float] | Array) -> Array:
        """As `spread`, but only of the numbers in the intervals, which are disjoint and closed."""
        total = np.zeros(len(ends) - 1)
        smallest = edges()[_INFINITY + 1]  # the upper end of the bin of 0
        for start, stop in intervals:
            clipped = np.clip(ends, start, stop + smallest)
            total += self.spread(clipped)
        return total


@cache
def edges() -> Array:
    """The edges of the bins, BINS + 1 numbers, ascending."""
    positive = (np.arange(_INFINITY + 1, dtype=np.uint32) << 16).view(np.float32).astype(np.float64)
    positive[-1] = 2.0**128
    return np.concatenate([-positive[:0:-1], positive])


def merged(a: Histogram | None, b: Histogram | None) -> Histogram | None:
    """Merge two histograms; None is one that was not measured."""
    return a.merge(b) if a and b else a or b
