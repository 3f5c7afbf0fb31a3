"""What is kept of blocks of values: tallies that merge. And the block, as a probe sees it."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Flags
from actcli.analysis.columns import Sides, Span
from actcli.analysis.precision import Losses
from actcli.measuring.moments import Moments
from actcli.numerics.histogram import Histogram, merged
from actcli.numerics.sums import Sums

Counts = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A block of pre-activations, one row per neuron. What is not kept counts nowhere."""

    t: Array
    keep: Flags | None  # None: all values are finite
    missing: Counts
    non_finite: Counts
    least: Array  # of the values of each neuron; inf where it has none
    most: Array
    positions: int  # values side by side that are of one input: they are not independent of each other
    known: dict["Tally[Any]", Any] = field(default_factory=dict)  # states that are the same under every function

    @classmethod
    def of(cls, t: Array, missing: Flags | None, positions: int, *, whole: bool) -> "Values":
        """`missing` says where there is no value; `whole`: a sample with a hole is kept nowhere."""
        none = _no_counts(len(t))
        absent = none if missing is None else set_bits(missing.T)
        least, most = np.min(t, axis=1, initial=math.inf), np.max(t, axis=1, initial=-math.inf)
        if np.isfinite([least, most]).all():  # NaN shows in both
            return cls(t, None, absent, none, least, most, positions)
        keep = np.isfinite(t)
        non_finite = t.shape[1] - set_bits(keep) - absent
        if whole:
            keep = np.repeat(keep.all(axis=0, keepdims=True), len(t), axis=0)
        least = np.min(t, axis=1, initial=math.inf, where=keep)
        most = np.max(t, axis=1, initial=-math.inf, where=keep)
        return cls(t, keep, absent, non_finite, least, most, positions)

    # The reductions over values, and over flags and numbers computed from them. A subclass has its own for a GPU.

    def count(self, flags: Flags) -> Counts:
        """How many values of each neuron are flagged."""
        return set_bits(flags, self.keep)

    def total(self, numbers: Array | Flags) -> Sums:
        """The sum of numbers of each neuron, one for each value."""
        return Sums.of(numbers, self.keep)

    def squares(self, numbers: Array) -> Sums:
        """The sum of their squares."""
        return Sums.of_squares(numbers, self.keep)

    def moments(self) -> Moments:
        return Moments.of(self.t, self.keep, self.size)

    def histogram(self) -> Histogram:
        return Histogram.of(self.t, self.keep)

    def inputs_with(self, flags: Flags | None) -> Counts:
        """Of how many inputs some value of each neuron is flagged; None flags all."""
        flagged: Flags = np.ones(self.t.shape, np.bool_) if self.keep is None else self.keep
        if flags is not None:
            flagged = np.asarray(flagged & flags)
        if self.positions > 1:
            flagged = np.asarray(flagged.reshape(len(flagged), -1, self.positions).any(axis=2))
        return set_bits(flagged)

    def like(self, end: float | Array) -> float | Array:
        """An end of an interval, or one for each neuron, such that values compare with it."""
        return end

    @property
    def size(self) -> Array:
        """The largest |value| of each neuron, 0 where there is none."""
        return np.maximum(np.maximum(-self.least, self.most), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Values under a function."""

    x: Values
    gradient: Array  # |f'|
    output: Array  # |f|
    vanishing: Flags
    score: Array | Flags | None  # what a rule counts
    sides: Sides
    losses: Losses | None  # with a precision only
    computed: Array | None  # f' as it is computed in that precision
    rowwise: bool
    histogram: bool  # whether one is asked for

    def state(self, tally: "Tally[T]") -> T:
        """The state of a tally; of those that are of the values alone, one for all functions."""
        if not tally.of_values:
            return tally.of(self)
        if tally not in self.x.known:
            self.x.known[tally] = tally.of(self)
        known: T = self.x.known[tally]
        return known

    def inside(self, intervals: Sequence[Span]) -> Flags | None:
        """Where the values lie in one of the intervals, ends included; None where there is no interval."""
        total = None
        for ends in intervals:
            start, stop = map(self.x.like, ends)
            from_below = np.all(ends[0] == -math.inf)
            flags: Flags = self.x.t <= stop if from_below else self.x.t >= start
            if not from_below and np.any(ends[1] != math.inf):
                flags &= self.x.t <= stop
            total = flags if total is None else total | flags
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Tally(Generic[T]):
    """A state of blocks. `merge` is associative and commutative, and `empty`, of so many neurons, is its identity.
    `of_values`: it is the same under every function that keeps the same values."""

    empty: Callable[[int], T]
    of: Callable[[Block], T]
    merge: Callable[[T, T], T]
    of_values: bool = False


def counts(of: Callable[[Block], Counts]) -> Tally[Counts]:
    """Numbers of each neuron that the block has counted."""
    return Tally(_no_counts, of, operator.add)


def count(flags: Callable[[Block], Flags | None]) -> Tally[Counts]:
    """How many values of each neuron are flagged; None flags none."""

    def of(block: Block) -> Counts:
        flagged = flags(block)
        return _no_counts(len(block.x.t)) if flagged is None else block.x.count(flagged)

    return Tally(_no_counts, of, operator.add)


def total(values: Callable[[Block], Array | Flags | None]) -> Tally[Sums]:
    """The sum of some numbers of each neuron, one for each value; None is 0."""

    def of(block: Block) -> Sums:
        numbers = values(block)
        return Sums.empty(len(block.x.t)) if numbers is None else block.x.total(numbers)

    return Tally(Sums.empty, of, Sums.merge)


def squares(values: Callable[[Block], Array]) -> Tally[Sums]:
    """The sum of the squares of some numbers of each neuron, one for each value."""
    return Tally(Sums.empty, lambda block: block.x.squares(values(block)), Sums.merge)


def number(of: Callable[[Block], int], *, of_values: bool = False) -> Tally[int]:
    """One number for the whole layer, which adds up."""
    return Tally(lambda neurons: 0, of, operator.add, of_values)


def inputs_with(flags: Callable[[Block], Flags | None], *, of_values: bool = False) -> Tally[Counts]:
    """Of how many inputs some value of each neuron is flagged, and finite; None flags all."""
    return Tally(_no_counts, lambda block: block.x.inputs_with(flags(block)), operator.add, of_values)


def set_bits(flags: Flags, keep: Flags | None = None) -> Counts:
    """How many flags of each row are set; by bits, three times as fast as `np.count_nonzero`."""
    bits = np.packbits(flags if keep is None else flags & keep, axis=1)
    return np.asarray(np.bitwise_count(bits).sum(axis=1, dtype=np.int64))


def _no_counts(neurons: int) -> Counts:
    return np.zeros(neurons, np.int64)


MOMENTS = Tally(Moments.empty, lambda block: block.x.moments(), Moments.merge, of_values=True)
MINIMUM = Tally(lambda neurons: np.full(neurons, math.inf), lambda block: block.x.least, np.minimum, of_values=True)
MAXIMUM = Tally(lambda neurons: np.full(neurons, -math.inf), lambda block: block.x.most, np.maximum, of_values=True)
VANISHING = count(lambda block: block.vanishing)
INPUTS = inputs_with(lambda block: None, of_values=True)  # that have a value
PASSING = inputs_with(lambda block: ~block.vanishing)  # that pass gradient
VANISHING_ROWS = number(lambda block: int(np.count_nonzero(block.vanishing.all(axis=0))) if block.rowwise else 0)
OUTPUT = total(lambda block: block.output)
SCORE = total(lambda block: block.score)
ZEROS = number(lambda block: int(block.x.count(block.x.t == 0.0).sum()), of_values=True)
# Of the values of all neurons; None where it is not asked for.
HISTOGRAM: Tally[Histogram | None] = Tally(
    lambda neurons: None, lambda block: block.x.histogram() if block.histogram else None, merged
)
