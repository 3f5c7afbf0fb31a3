"""Any split of the values gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from actcli.registry.collection import ACTIVATIONS

X = np.random.default_rng(5).normal(size=10_007) * 20
ELEMENTWISE = [activation.bind() for activation in ACTIVATIONS if activation.kind == "elementwise"]


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda function: function.name)
def test_blocks_give_the_bits_of_one_call(function) -> None:
    """Every kernel maps each number by itself, wherever a block begins: an instruction that takes several numbers at
    once gives each what one that takes a single number does."""
    for kernel in (function.f, function.df):
        blocks = [kernel(block) for block in np.split(X, range(997, X.size, 997))]
        np.testing.assert_array_equal(np.concatenate(blocks), kernel(X))
