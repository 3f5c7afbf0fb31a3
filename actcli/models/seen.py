"""What a running model shows of its activations: the values that go into each function."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Function
from actcli.models.layers import Role
from actcli.numerics.axes import rows_of_neurons

BLOCK = 1 << 18  # values measured at a time


@dataclass(slots=True)
class LossGradient:
    """The sum of squares of dL/dx over a number of values, scaled by the largest, which may be far below 1e-154."""

    largest: float = 0.0
    squares: float = 0.0  # of the values divided by the largest
    values: int = 0

    def add(self, largest: float, squares: float, values: int) -> None:
        """Add the values of another part."""
        top = max(self.largest, largest) if largest == largest else largest
        if 0.0 < top < math.inf:
            squares = squares * (largest / top) ** 2 + self.squares * (self.largest / top) ** 2
        self.largest, self.squares, self.values = top, squares, self.values + values

    @property
    def rms(self) -> float | None:
        """The root mean square; None without a gradient."""
        if not self.values:
            return None
        return self.largest * math.sqrt(self.squares / self.values) if self.largest else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One call of an activation: its layer, its function, the number of neurons, and the values.

    `rows` yields the values in blocks of shape (rows, neurons): tensors if they stay on another device, else arrays of
    about BLOCK values; `positions` rows belong to one input. `gradient` is filled in the backward pass, on request.
    """

    layer: str
    function: Function
    neurons: int
    positions: int
    rows: Callable[[], Iterator[Any]]
    gradient: LossGradient = field(default_factory=LossGradient)
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """The roles of the layers that are not hidden, and whether each layer depends on the previous one alone."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    is_chain: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What is known after a run: the parts that cannot be seen, with reasons, and the places of the layers."""

    hidden: Mapping[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)


def blocks_of(x: NDArray[Any], axis: int, positions: int = 1) -> Iterator[Array]:
    """The values of an array in blocks of rows, with the neurons, which lie along `axis`, as columns. Each input has
    `positions` rows, all in one block."""
    rows = rows_of_neurons(x, axis) if x.ndim else x.reshape(1, 1)
    step = positions * max(1, BLOCK // max(1, rows.shape[1] * positions))
    for start in range(0, len(rows), step):
        yield np.asarray(rows[start : start + step], dtype=np.float64)
