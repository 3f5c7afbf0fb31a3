"""f and f' in one: the same bits as one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from actcli.activation import Activation
from actcli.registry.collection import ACTIVATIONS

SHARING = [activation for activation in ACTIVATIONS if activation.both is not None]
rng = np.random.default_rng(5)
SPECIAL = [0.0, 5e-324, 1e-308, 36.0, 38.6, 40.0, 45.0, 699.9, 740.1, 750.0, 1e154, 1.7976931348623157e308, np.inf]
X = np.concatenate([SPECIAL, np.negative(SPECIAL), [np.nan], rng.normal(0, 3, 3000), np.linspace(-800, 800, 1011)])


@pytest.mark.parametrize("activation", SHARING, ids=lambda activation: activation.name)
def test_both_are_the_same_bits_as_each(activation: Activation) -> None:
    function = activation.bind()
    x = X[np.isfinite(X)].reshape(-1, 5) if function.rowwise else X
    before = x.copy()
    f, df = function.f_and_df(x)
    assert f.tobytes() == function.f(x).tobytes()
    assert df.tobytes() == function.df(x).tobytes()
    assert x.tobytes() == before.tobytes()


def test_the_costly_ones_share() -> None:
    assert {"gelu", "gelu_tanh", "mish", "softmax"} <= {activation.name for activation in SHARING}
