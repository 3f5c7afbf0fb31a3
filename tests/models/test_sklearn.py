"""Inspecting a multi-layer perceptron of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.diagnosis.arrays import diagnose
from actcli.errors import DataError, UsageError
from actcli.watching.inspect import inspect

network = framework("sklearn.neural_network")
pytestmark = [marked, pytest.mark.filterwarnings("ignore::UserWarning")]  # that it has not converged


def data() -> tuple[Any, Any]:
    x = np.random.default_rng(0).normal(size=(200, 5))
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def test_its_hidden_layers_are_diagnosed() -> None:
    """Their pre-activations are weighted sums with the model's own weights."""
    x, y = data()
    model = network.MLPClassifier((8, 6), activation="logistic", max_iter=5, random_state=0).fit(x, y)
    first = x @ model.coefs_[0] + model.intercepts_[0]
    found = inspect(model, x)
    assert [(layer.name, layer.function.label, layer.samples) for layer in found.layers] == [
        ("hidden1", "sigmoid", 200), ("hidden2", "sigmoid", 200),
    ]  # fmt: skip
    told = diagnose({"hidden1": first}, "sigmoid").layers[0]
    assert found.layers[0].mean_abs_gradient == pytest.approx(told.mean_abs_gradient, rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_regressors_too(activation: str) -> None:
    x, y = data()
    model = network.MLPRegressor(hidden_layer_sizes=(4,), activation=activation, max_iter=5, random_state=0).fit(x, y)
    assert [layer.function.label for layer in inspect(model, x).layers] == [activation]


def test_a_model_that_cannot_be_run_is_an_error() -> None:
    """Not trained, inputs of another width, no activation, not a model."""
    x, y = data()
    with pytest.raises(DataError, match="call fit first"):
        inspect(network.MLPClassifier(), x)
    model = network.MLPRegressor(hidden_layer_sizes=(4,), activation="identity", max_iter=5, random_state=0).fit(x, y)
    with pytest.raises(DataError, match="identity"):
        inspect(model, x)
    with pytest.raises(DataError, match=r"\(samples, 5\)"):
        inspect(model, x[:, :3])
    with pytest.raises(UsageError, match="cannot run a list"):
        inspect([], x)
    with pytest.raises(DataError, match="no inputs"):
        inspect(model, x[:0])
