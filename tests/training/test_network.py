"""The arrays of a network: every one that is learned has its own name."""

from __future__ import annotations

import numpy as np
import pytest

from actcli.registry import specs
from actcli.training.network import Network
from actcli.training.settings import Design
from actcli.training.weights import draw


@pytest.mark.parametrize(("spec", "learned"), [("x*sigmoid(b*x):b=1", "b"), ("swish_beta", "beta"), ("prelu", "a")])
def test_a_learned_parameter_does_not_share_a_name_with_a_bias_or_a_shift(spec: str, learned: str) -> None:
    """A parameter b is not the bias b1, nor beta the shift beta1 of a normalisation, so no array replaces another."""
    design = Design(hidden=(4,), learn="layer", normalize="batch")
    network = Network(2, 3, specs.get(spec), design)
    draw(network, np.random.default_rng(0))
    arrays = network.arrays()
    assert {f"f1_{learned}", "b1", "beta1", "b2"} <= set(arrays)
    assert arrays["b1"].shape == arrays["beta1"].shape == (4,)
    assert arrays[f"f1_{learned}"].shape == (1,)
