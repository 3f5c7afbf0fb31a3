"""Arrays of several axes as rows of neurons: the first axis counts inputs, one the neurons, the others positions."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import UsageError


def usual_axis(axes: int) -> int:
    """Which of so many axes counts the neurons where nothing says so: of a feature map (N, C, H, W) the channels, of a
    sequence (N, T, D) the features."""
    return 1 if axes > 3 else axes - 1


def neuron_axis(shape: Sequence[int], asked: int | None, name: str) -> int:
    """Which axis counts the neurons: that which is asked for, else the usual one. Raises UsageError where the array has
    no such axis beside that of its inputs."""
    axes = len(shape)
    if asked is None:
        return usual_axis(axes)
    if not -axes <= asked < axes or asked % axes == 0:
        last = f"1 to {axes - 1}" if axes > 2 else "1"
        what = f"{name}: axis {asked} of the shape {tuple(shape)} counts no neurons"
        raise UsageError(what, f"axis 0 counts the inputs; give {last}")
    return asked % axes


def positions(shape: Sequence[int], axis: int) -> int:
    """How many values of a neuron are of one input."""
    return math.prod(shape[1:axis]) * math.prod(shape[axis + 1 :])


def rows_of_neurons(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """An array of two axes: one row for each position of each input, one column for each neuron."""
    moved = np.moveaxis(x, axis, -1)
    return moved.reshape(-1, moved.shape[-1])
