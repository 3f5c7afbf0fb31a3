"""What is kept of blocks of values: tallies that merge. And the block, as a probe sees it."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags, Interval
from actcli.analysis.precision import Losses
from actcli.analysis.regions import SaturatedSides
from actcli.measuring.moments import Moments
from actcli.numerics.histogram import Histogram, merged
from actcli.numerics.sums import Sums

Counts = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block of pre-activations under a function, one row per neuron. What is not kept counts nowhere."""

    t: Array
    keep: Flags | None  # None: all values are finite
    missing: Counts
    non_finite: Counts
    least: Array  # of the values of each neuron; inf where it has none
    most: Array
    gradient: Array  # |f'|
    output: Array  # |f|
    vanishing: Flags
    score: Array | Flags | None  # what a rule counts
    sides: SaturatedSides
    losses: Losses | None  # with a precision only
    computed: Array | None  # f' as it is computed in that precision
    rowwise: bool
    histogram: bool  # whether one is asked for
    positions: int = 1  # values side by side that are of one input: they are not independent of each other

    def inside(self, intervals: Sequence[Interval]) -> Flags | None:
        """Where the values lie in one of the intervals, ends included; None where there is no interval."""
        total = None
        for start, stop in intervals:
            flags = self.t <= stop if start == -math.inf else self.t >= start
            if start != -math.inf and stop != math.inf:
                flags &= self.t <= stop
            total = flags if total is None else total | flags
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Tally(Generic[T]):
    """A state of blocks. `merge` is associative and commutative, and `empty`, of so many neurons, is its identity."""

    empty: Callable[[int], T]
    of: Callable[[Block], T]
    merge: Callable[[T, T], T]


def counts(of: Callable[[Block], Counts]) -> Tally[Counts]:
    """Numbers of each neuron that the block has counted."""
    return Tally(_no_counts, of, operator.add)


def count(flags: Callable[[Block], Flags | None]) -> Tally[Counts]:
    """How many values of each neuron are flagged; None flags none."""

    def of(block: Block) -> Counts:
        flagged = flags(block)
        return _no_counts(len(block.t)) if flagged is None else set_bits(flagged, block.keep)

    return Tally(_no_counts, of, operator.add)


def total(values: Callable[[Block], Array | Flags | None]) -> Tally[Sums]:
    """The sum of some numbers of each neuron, one for each value; None is 0."""

    def of(block: Block) -> Sums:
        numbers = values(block)
        return Sums.empty(len(block.t)) if numbers is None else Sums.of(numbers, block.keep)

    return Tally(Sums.empty, of, Sums.merge)


def squares(values: Callable[[Block], Array]) -> Tally[Sums]:
    """The sum of the squares of some numbers of each neuron, one for each value."""
    return Tally(Sums.empty, lambda block: Sums.of_squares(values(block), block.keep), Sums.merge)


def _moments(block: Block) -> Moments:
    return Moments.of(block.t, block.keep, np.maximum(np.maximum(-block.least, block.most), 0.0))


def number(of: Callable[[Block], int]) -> Tally[int]:
    """One number for the whole layer, which adds up."""
    return Tally(lambda neurons: 0, of, operator.add)


def inputs_with(flags: Callable[[Block], Flags | None]) -> Tally[Counts]:
    """Of how many inputs some value of each neuron is flagged, and finite; None flags all."""

    def of(block: Block) -> Counts:
        flagged: Flags = np.ones(block.t.shape, np.bool_) if block.keep is None else block.keep
        if (chosen := flags(block)) is not None:
            flagged = np.asarray(flagged & chosen)
        if block.positions > 1:
            flagged = np.asarray(flagged.reshape(len(flagged), -1, block.positions).any(axis=2))
        return set_bits(flagged)

    return Tally(_no_counts, of, operator.add)


def set_bits(flags: Flags, keep: Flags | None = None) -> Counts:
    """How many flags of each row are set; by bits, three times as fast as `np.count_nonzero`."""
    bits = np.packbits(flags if keep is None else flags & keep, axis=1)
    return np.asarray(np.bitwise_count(bits).sum(axis=1, dtype=np.int64))


def _no_counts(neurons: int) -> Counts:
    return np.zeros(neurons, np.int64)


MOMENTS = Tally(Moments.empty, _moments, Moments.merge)
MINIMUM = Tally(lambda neurons: np.full(neurons, math.inf), lambda block: block.least, np.minimum)
MAXIMUM = Tally(lambda neurons: np.full(neurons, -math.inf), lambda block: block.most, np.maximum)
VANISHING = count(lambda block: block.vanishing)
INPUTS = inputs_with(lambda block: None)  # that have a value
PASSING = inputs_with(lambda block: ~block.vanishing)  # that pass gradient
VANISHING_ROWS = number(lambda block: int(np.count_nonzero(block.vanishing.all(axis=0))) if block.rowwise else 0)
OUTPUT = total(lambda block: block.output)
SCORE = total(lambda block: block.score)
ZEROS = number(lambda block: int(np.count_nonzero(block.t == 0.0)))
# Of the values of all neurons; None where it is not asked for.
HISTOGRAM: Tally[Histogram | None] = Tally(
    lambda neurons: None, lambda block: Histogram.of(block.t, block.keep) if block.histogram else None, merged
)
