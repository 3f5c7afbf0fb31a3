"""What is known of a layer after some of its rows. A partial is empty, made from a block, or merged from two.

`merge` is associative and commutative and `empty` is its identity, so any split of the rows into blocks, files, threads
or machines gives the same result: counts, minima and maxima exactly, sums and moments to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """The number of inputs (a table's rows) and the state of every tally, in the order of TALLIES.

    `partial[VANISHING]` is the state of one tally.
    """

    samples: int
    states: tuple[Any, ...]

    @classmethod
    def empty(cls, neurons: int) -> Partial:
        """The partial of no rows."""
        return cls(0, tuple(tally.empty(neurons) for tally in TALLIES))

    @classmethod
    def of(cls, block: Block) -> Partial:
        """The partial of a block."""
        return cls(block.x.t.shape[1] // block.x.positions, tuple(block.state(tally) for tally in TALLIES))

    def merge(self, other: Partial) -> Partial:
        """The partial of the rows of both."""
        states = zip(TALLIES, self.states, other.states, strict=True)
        return Partial(self.samples + other.samples, tuple(tally.merge(a, b) for tally, a, b in states))

    @classmethod
    def beside(cls, parts: Sequence[Partial]) -> Partial:
        """The partial of groups of neurons on the same rows, in order."""
        columns = zip(*(part.states for part in parts), strict=True)
        return cls(parts[0].samples, tuple(tally.beside(of) for tally, of in zip(TALLIES, columns, strict=True)))

    def __getitem__(self, tally: Tally[T]) -> T:
        state: T = self.states[_PLACES[tally]]
        return state

    @property
    def values(self) -> Counts:
        """The number of finite values of each neuron."""
        return self[MOMENTS].count

    @property
    def known(self) -> int:
        """The number of neurons with a value; the others have no ratios."""
        return int(np.count_nonzero(self.values))

    def dead(self, alpha: float) -> Flags:
        """Flags of the neurons that pass gradient for at most the share alpha of their values.

        Neurons without values are not dead.
        """
        n = self.values
        return np.asarray((n > 0) & (n - self[VANISHING] <= alpha * n))
