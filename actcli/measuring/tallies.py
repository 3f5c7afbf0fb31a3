"""Tallies, which merge over blocks of values, and the block as a probe sees it."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import reduce
from typing import Any, Generic, NamedTuple, TypeGuard, TypeVar, cast

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
    """A block of pre-activations, one row per neuron. Values that are not kept count nowhere."""

    t: Array
    keep: Flags | None  # None: all values are finite
    missing: Counts
    non_finite: Counts
    least: Array  # of each neuron; inf if it has no values
    most: Array  # -inf if it has no values
    positions: int  # neighbouring values that belong to one input, and so are not independent
    known: dict["Tally[Any]", Any] = field(default_factory=dict)  # states that do not depend on the function

    @classmethod
    def of(cls, t: Array, missing: Flags | None, positions: int, *, whole: bool) -> "Values":
        """`missing` marks missing values; `whole`: drop every sample with a missing or non-finite value."""
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

    # The reductions over values, and over flags and numbers computed from them. A subclass overrides them for a GPU.

    def count(self, flags: Flags) -> Counts:
        """The number of flagged values of each neuron."""
        return set_bits(flags, self.keep)

    def total(self, numbers: Array | Flags) -> Sums:
        """The sum of each neuron's numbers, one per value."""
        if is_flags(numbers):
            return Sums.of_counts(self.count(numbers))
        return Sums.of(cast(Array, numbers), self.keep)

    def squares(self, numbers: Array | Flags) -> Sums:
        """The sum of the squares of each neuron's numbers."""
        return self.total(numbers) if is_flags(numbers) else Sums.of_squares(cast(Array, numbers), self.keep)

    def moments(self) -> Moments:
        return Moments.of(self.t, self.keep, self.size)

    def histogram(self) -> Histogram:
        return Histogram.of(self.t, self.keep)

    def inputs_with(self, flags: Flags | None) -> Counts:
        """The number of inputs for which a value of each neuron is flagged; None flags all."""
        if self.keep is not None:
            flags = self.keep if flags is None else flags & self.keep
        if flags is None:
            return np.full(len(self.t), self.t.shape[1] // self.positions)
        if self.positions > 1:
            flags = np.logical_or.reduce(flags.reshape(len(flags), -1, self.positions), axis=2)
        return set_bits(flags)

    def like(self, end: float | Array) -> float | Array:
        """The end of an interval, or one per neuron, in a form that compares with the values."""
        return end

    @property
    def size(self) -> Array:
        """The largest |value| of each neuron; 0 if it has no values."""
        return np.maximum(np.maximum(-self.least, self.most), 0.0)


class Block(NamedTuple):
    """Values under a function."""

    x: Values
    gradient: Array | Flags  # |f'|, or flags of where it is 1 if it is 0 elsewhere
    output: Array  # |f|
    vanishing: Flags
    score: Array | Flags | None  # what a rule counts
    sides: Sides
    losses: Losses | None  # None without a precision
    computed: Array | None  # f' as computed in that precision
    rowwise: bool
    histogram: bool  # whether one is requested

    @property
    def flat(self) -> Flags:
        """Flags of the values at which f' is exactly 0."""
        return self.vanishing if is_flags(self.gradient) else self.gradient == 0.0

    def state(self, tally: "Tally[T]") -> T:
        """The state of a tally; computed once for all functions if it depends on the values alone."""
        if not tally.of_values:
            return tally.of(self)
        if tally not in self.x.known:
            self.x.known[tally] = tally.of(self)
        known: T = self.x.known[tally]
        return known

    def inside(self, intervals: Sequence[Span]) -> Flags | None:
        """Flags of the values in one of the intervals, ends included; None if there are no intervals."""
        total = None
        for ends in intervals:
            start, stop = map(self.x.like, ends)
            from_below = np.all(ends[0] == -math.inf)
            flags: Flags = self.x.t <= stop if from_below else self.x.t >= start
            if not from_below and np.any(ends[1] != math.inf):
                flags &= self.x.t <= stop
            total = flags if total is None else total | flags
        return total


def _beside(states: Sequence[Any]) -> Any:
    """States with one entry per neuron, or records of them, joined."""
    if isinstance(states[0], np.ndarray):
        return np.concatenate(states)
    kind = type(states[0])
    return kind(*(np.concatenate([getattr(state, part.name) for state in states]) for part in fields(kind)))


@dataclass(frozen=True, slots=True, eq=False)
class Tally(Generic[T]):
    """A state computed from blocks. `merge` is associative and commutative, and `empty`, given the number of neurons,
    is its identity. `of_values`: the state is the same under every function that keeps the same values."""

    empty: Callable[[int], T]
    of: Callable[[Block], T]
    merge: Callable[[T, T], T]
    of_values: bool = False
    beside: Callable[[Sequence[T]], T] = _beside  # of the same rows of other neurons


def counts(of: Callable[[Block], Counts]) -> Tally[Counts]:
    """A count of each neuron that the block already has."""
    return Tally(_no_counts, of, operator.add)


def count(flags: Callable[[Block], Flags | None]) -> Tally[Counts]:
    """The number of flagged values of each neuron; None flags none."""

    def of(block: Block) -> Counts:
        flagged = flags(block)
        return _no_counts(len(block.x.t)) if flagged is None else block.x.count(flagged)

    return Tally(_no_counts, of, operator.add)


def total(values: Callable[[Block], Array | Flags | None]) -> Tally[Sums]:
    """The sum of each neuron's numbers, one per value; None is 0."""

    def of(block: Block) -> Sums:
        numbers = values(block)
        return Sums.empty(len(block.x.t)) if numbers is None else block.x.total(numbers)

    return Tally(Sums.empty, of, Sums.merge)


def squares(values: Callable[[Block], Array | Flags]) -> Tally[Sums]:
    """The sum of the squares of each neuron's numbers, one per value."""
    return Tally(Sums.empty, lambda block: block.x.squares(values(block)), Sums.merge)


def number(of: Callable[[Block], int], *, of_values: bool = False) -> Tally[int]:
    """A count for the whole layer."""
    return Tally(lambda neurons: 0, of, operator.add, of_values, sum)


def inputs_with(flags: Callable[[Block], Flags | None], *, of_values: bool = False) -> Tally[Counts]:
    """The number of inputs for which a finite value of each neuron is flagged; None flags all."""
    return Tally(_no_counts, lambda block: block.x.inputs_with(flags(block)), operator.add, of_values)


def is_flags(numbers: Array | Flags) -> TypeGuard[Flags]:
    return numbers.dtype == np.bool_


def set_bits(flags: Flags, keep: Flags | None = None) -> Counts:
    """The number of set flags in each row; counting bits is three times as fast as `np.count_nonzero`."""
    bits = np.packbits(flags if keep is None else flags & keep, axis=1)
    return np.asarray(np.bitwise_count(bits).sum(axis=1, dtype=np.int64))


def _no_counts(neurons: int) -> Counts:
    return np.zeros(neurons, np.int64)


MOMENTS = Tally(Moments.empty, lambda block: block.x.moments(), Moments.merge, of_values=True)
MINIMUM = Tally(lambda neurons: np.full(neurons, math.inf), lambda block: block.x.least, np.minimum, of_values=True)
MAXIMUM = Tally(lambda neurons: np.full(neurons, -math.inf), lambda block: block.x.most, np.maximum, of_values=True)
VANISHING = count(lambda block: block.vanishing)
INPUTS = inputs_with(lambda block: None, of_values=True)  # inputs that have a value
PASSING = inputs_with(lambda block: ~block.vanishing)  # inputs that pass gradient
VANISHING_ROWS = number(lambda block: int(np.count_nonzero(block.vanishing.all(axis=0))) if block.rowwise else 0)
OUTPUT = total(lambda block: block.output)
SCORE = total(lambda block: block.score)
ZEROS = number(lambda block: int(block.x.count(block.x.t == 0.0).sum()), of_values=True)
# The histogram of the values of all neurons; None unless requested.
HISTOGRAM: Tally[Histogram | None] = Tally(
    lambda neurons: None,
    lambda block: block.x.histogram() if block.histogram else None,
    merged,
    beside=lambda states: reduce(merged, states),
)
