"""Arrays of several axes as rows of neurons."""

import numpy as np
import pytest

from actcli.errors import UsageError
from actcli.numerics.axes import neuron_axis, positions, rows_of_neurons

MAPS = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_each_column_holds_one_neuron(axis: int) -> None:
    """Values are in the order of the inputs, those of the same input together."""
    rows = rows_of_neurons(MAPS, axis)
    for neuron in range(MAPS.shape[axis]):
        expected = [x.take(neuron, axis - 1).ravel() for x in MAPS]
        assert rows[:, neuron].tolist() == np.concatenate(expected).tolist()
        assert positions(MAPS.shape, axis) == expected[0].size


def test_the_axis_is_that_of_the_channels_or_features() -> None:
    """And never the axis of the inputs."""
    assert [neuron_axis((2,) * axes, None, "a") for axes in (2, 3, 4, 5)] == [1, 2, 1, 1]
    assert neuron_axis((2, 2, 2, 2), -1, "a") == 3
    for wrong in (0, -4, 4):
        with pytest.raises(UsageError, match="a: axis"):
            neuron_axis((2, 2, 2, 2), wrong, "a")
