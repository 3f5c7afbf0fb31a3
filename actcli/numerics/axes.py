"""Turn arrays of several axes into rows of neurons: axis 0 counts inputs, one axis neurons, the others positions."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import UsageError


def usual_axis(axes: int) -> int:
    """The default axis of the neurons: the channels of a feature map (N, C, H, W), the features of a sequence
    (N, T, D)."""
    return 1 if axes > 3 else axes - 1


def neuron_axis(shape: Sequence[int], asked: int | None, name: str) -> int:
    """The axis of the neurons: the one asked for, else the default. Raises UsageError if the array has no such axis or
    it is the axis of the inputs."""
    axes = len(shape)
    if asked is None:
        return usual_axis(axes)
    if not -axes <= asked < axes or asked % axes == 0:
        last = f"1 to {axes - 1}" if axes > 2 else "1"
        what = f"{name}: axis {asked} of the shape {tuple(shape)} does not count neurons"
        raise UsageError(what, f"axis 0 counts the inputs; give {last}")
    return asked % axes


def positions(shape: Sequence[int], axis: int) -> int:
    """The number of values of a neuron per input."""
    return math.prod(shape[1:axis]) * math.prod(shape[axis + 1 :])


def rows_of_neurons(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """A two-dimensional array: one row per position of each input, one column per neuron."""
    moved = np.moveaxis(x, axis, -1)
    return moved.reshape(-1, moved.shape[-1])
