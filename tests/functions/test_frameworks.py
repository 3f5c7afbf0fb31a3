"""Keras' relu with all that it may be given, and what PyTorch makes of parameters below 0."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.registry import specs

pytestmark = [marked, pytest.mark.filterwarnings("ignore")]

X = np.array([-800.0, -7.0, -3.0, -1.0, -0.1, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 5.9, 6.0, 6.1, 50.0], np.float32)


@pytest.mark.parametrize(
    ("max_value", "negative_slope", "threshold"), [*itertools.product((None, 2.0, 6.0), (0.0, 0.5, -0.25), (0.0, 1.0))]
)
def test_relu_of_keras_with_arguments(max_value: float | None, negative_slope: float, threshold: float) -> None:
    keras = framework("keras")
    given = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
    expected = keras.ops.convert_to_numpy(keras.activations.relu(X, **given))
    settings = ",".join(f"{name}={value}" for name, value in given.items() if value is not None)
    np.testing.assert_allclose(specs.get(f"relu@keras:{settings}").f(X), expected, rtol=1e-6)


@pytest.mark.parametrize(("name", "spec"), [("celu", "celu:alpha=-1.5"), ("softplus", "softplus@pytorch:beta=-0.7")])
def test_pytorchs_parameters_below_0(name: str, spec: str) -> None:
    torch = framework("torch")
    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    call = getattr(torch.nn.functional, name)
    function = specs.get(spec)
    y = call(x, beta=-0.7) if name == "softplus" else call(x, alpha=-1.5)
    y.sum().backward()
    np.testing.assert_allclose(function.f(x.detach().numpy()), y.detach().numpy(), rtol=1e-12, atol=1e-15)
    at = X != 0.0
    np.testing.assert_allclose(function.df(x.detach().numpy())[at], x.grad.numpy()[at], rtol=1e-12, atol=1e-15)
