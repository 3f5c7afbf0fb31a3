"""What is known of a layer after some of its rows: empty, of a block, merged.

`merge` is associative and commutative and `empty` is its identity, so any split of the rows into blocks, files, threads
or machines gives the same result: counts, minima and maxima exactly, sums and moments to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from actcli.activation import Flags
from actcli.measuring.measures import TALLIES
from actcli.measuring.tallies import MOMENTS, VANISHING, Block, Counts, Tally

T = TypeVar("T")
_PLACES = {tally: place for place, tally in enumerate(TALLIES)}


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """The number of inputs (a table's rows), and the state of every tally, in their order: `partial[VANISHING]`."""

    samples: int
    states: tuple[Any, ...]

    @classmethod
    def empty(cls, neurons: int) -> Partial:
        """That of no rows."""
        return cls(0, tuple(tally.empty(neurons) for tally in TALLIES))

    @classmethod
    def of(cls, block: Block) -> Partial:
        """That of a block."""
        return cls(block.x.t.shape[1] // block.x.positions, tuple(block.state(tally) for tally in TALLIES))

    def merge(self, other: Partial) -> Partial:
        """That of the rows of both."""
        states = zip(TALLIES, self.states, other.states, strict=True)
        return Partial(self.samples + other.samples, tuple(tally.merge(a, b) for tally, a, b in states))

    def __getitem__(self, tally: Tally[T]) -> T:
        state: T = self.states[_PLACES[tally]]
        return state

    @property
    def values(self) -> Counts:
        """How many finite values each neuron has."""
        return self[MOMENTS].count

    def dead(self, alpha: float) -> Flags:
        """Which neurons pass gradient on at most this share of their values; those without a value are not dead."""
        n = self.values
        return np.asarray((n > 0) & (n - self[VANISHING] <= alpha * n))
