"""What a model that runs shows of its activations: values on their way into a function."""

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

BLOCK = 1 << 18  # values that are measured at a time


@dataclass(slots=True)
class LossGradient:
    """The sum of the squares of dL/dx over so many values, scaled by the largest: it may be far below 1e-154."""

    largest: float = 0.0
    squares: float = 0.0  # of values over the largest
    values: int = 0

    def add(self, largest: float, squares: float, values: int) -> None:
        """Those of another part."""
        top = max(self.largest, largest) if largest == largest else largest
        if 0.0 < top < math.inf:
            squares = squares * (largest / top) ** 2 + self.squares * (self.largest / top) ** 2
        self.largest, self.squares, self.values = top, squares, self.values + values

    @property
    def rms(self) -> float | None:
        """The root of the mean square; None where no gradient came."""
        if not self.values:
            return None
        return self.largest * math.sqrt(self.squares / self.values) if self.largest else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One call of an activation: of which layer, its function, how many neurons, and the values, of which so many rows
    are positions of one input.

    `rows` gives them in blocks of shape (rows, neurons); where they stay on another device these are tensors, else of
    about BLOCK values. `gradient` is filled when the loss is differentiated, where that was asked for.
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
    """The roles of the layers that are not hidden, and whether each layer is a function of the one before alone."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    is_chain: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What is known after a run: by its name what cannot be looked into, with the reason, and the layers' places."""

    hidden: Mapping[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)


def blocks_of(x: NDArray[Any], axis: int, positions: int = 1) -> Iterator[Array]:
    """The values of an array in blocks of rows, the neurons, which lie along the axis, as columns; so many rows are
    those of one input, and in one block."""
    rows = rows_of_neurons(x, axis) if x.ndim else x.reshape(1, 1)
    step = positions * max(1, BLOCK // max(1, rows.shape[1] * positions))
    for start in range(0, len(rows), step):
        yield np.asarray(rows[start : start + step], dtype=np.float64)
