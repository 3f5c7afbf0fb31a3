"""The profile of a function."""

from __future__ import annotations

import numpy as np
import pytest
from support.rows import ROWWISE

from actcli.activation import Activation
from actcli.analysis.profile import profile


@pytest.mark.parametrize("activation", ROWWISE, ids=lambda activation: activation.name)
def test_figures_of_one_number_are_absent(activation: Activation) -> None:
    """A rowwise function has only a range, and its values keep to it."""
    function = activation.bind()
    found = profile(function, 1e-3)
    assert (found.at_zero, found.monotone, found.means.mean, found.regions) == (None, None, None, ())
    outputs = function.f(np.random.default_rng(4).normal(size=(50, 6)) * 10)
    assert found.range[0] <= outputs.min()
    assert outputs.max() <= found.range[1]
