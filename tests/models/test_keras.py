"""Inspecting Keras models: every kind of model, with the functions of its layers, and unchanged afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked, need

from actcli.errors import DataError
from actcli.models.onnx_model import Model
from actcli.watching.inspect import inspect

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = framework("keras")
parts = keras.layers

pytestmark = [marked, pytest.mark.filterwarnings("default")]  # Keras' own


def listed(model: Any, inputs: Any) -> list[tuple[str, str, int, int]]:
    found = inspect(model, inputs)
    return [(layer.name, layer.function.label, layer.samples, layer.neurons) for layer in found.layers]


def numbers(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_a_sequential_model_is_as_it_was(tmp_path: Path) -> None:
    """Every way to give an activation is seen; the outputs are the same to the last bit, and the model can be saved."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)), parts.Conv2D(4, 3, activation="relu", name="conv"),
            parts.Activation("gelu", name="gelu"), parts.ReLU(6.0, name="six"), parts.Flatten(),
            parts.LeakyReLU(0.2, name="leaky"), parts.Dense(5, activation="silu", name="silu"),
            parts.PReLU(name="slopes"), parts.ELU(name="elu"), parts.Dense(3, activation="softmax", name="out"),
        ]
    )  # fmt: skip
    x = numbers(20, 6, 6, 1)
    before = keras.ops.convert_to_numpy(model(x))
    assert listed(model, x) == [
        ("conv", "relu", 20, 4),
        ("gelu", "gelu", 20, 4),
        ("six", "relu6", 20, 4),
        ("leaky", "leaky_relu:negative_slope=0.2", 20, 64),
        ("silu", "silu", 20, 5),
        ("slopes", "prelu:a=0.0", 20, 5),
        ("elu", "elu", 20, 5),
    ]
    assert (keras.ops.convert_to_numpy(model(x)) == before).all()
    model.save(tmp_path / "model.keras")


def test_nested_models_and_names_that_are_taken() -> None:
    """Layers that share a name are known by their paths."""
    inner = [
        keras.Sequential([keras.Input((6,)), parts.Dense(6, activation=of, name="x")], name=name)
        for name, of in (("one", "selu"), ("two", "tanh"))
    ]
    given = keras.Input((5,))
    first = parts.Dense(6, activation="tanh", name="first")(given)
    model = keras.Model(given, parts.add([inner[1](inner[0](first)), first]))
    assert listed(model, numbers(30, 5)) == [
        ("first", "tanh", 30, 6), ("one/x", "selu", 30, 6), ("two/x", "tanh", 30, 6),
    ]  # fmt: skip


def test_subclassed_models_and_several_inputs() -> None:
    """A model that is not built yet is seen once; inputs come as a list or by name."""

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = parts.Dense(4, activation="softplus", name="a"), parts.Dense(2, name="b")

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    assert listed(Own(), numbers(70, 5)) == [("a", "softplus", 70, 4)]
    p, q = keras.Input((3,), name="p"), keras.Input((2,), name="q")
    model = keras.Model([p, q], parts.Dense(2, activation="relu", name="r")(parts.concatenate([p, q])))
    for inputs in ([numbers(9, 3), numbers(9, 2)], {"p": numbers(9, 3), "q": numbers(9, 2)}):
        assert listed(model, inputs) == [("r", "relu", 9, 2)]


def slopes(shape: Any, dtype: Any = None) -> Any:
    return keras.ops.convert_to_tensor([0.1, -0.2, 0.3, 0.0, 2.0], "float32")


_A = keras.activations
# Keras' name, the layers, and the function that its export is recognised as.
WRITTEN: dict[str, tuple[str, Any]] = {
    "elu": ("elu", _A.elu), "exponential": ("exponential", _A.exponential),
    "gelu": ("gelu", _A.gelu), "gelu tanh": ("gelu_tanh", lambda x: _A.gelu(x, approximate=True)),
    "hard_shrink": ("hardshrink", _A.hard_shrink), "hard_sigmoid": ("hard_sigmoid", _A.hard_sigmoid),
    "hard_silu": ("hard_swish", _A.hard_silu), "hard_tanh": ("hard_tanh", _A.hard_tanh),
    "leaky_relu": ("leaky_relu:negative_slope=0.2", _A.leaky_relu), "log_sigmoid": ("log_sigmoid", _A.log_sigmoid),
    "mish": ("mish", _A.mish), "relu": ("relu", _A.relu), "relu6": ("relu6", _A.relu6), "selu": ("selu", _A.selu),
    "sigmoid": ("sigmoid", _A.sigmoid), "silu": ("silu", _A.silu), "soft_shrink": ("softshrink", _A.soft_shrink),
    "softplus": ("softplus", _A.softplus), "softsign": ("softsign", _A.softsign),
    "sparse_plus": ("sparse_plus", _A.sparse_plus), "sparse_sigmoid": ("sparse_sigmoid", _A.sparse_sigmoid),
    "squareplus": ("squareplus", _A.squareplus),
    "squareplus of 2": ("squareplus:b=2.0", lambda x: _A.squareplus(x, b=2)),
    "tanh": ("tanh", _A.tanh), "tanh_shrink": ("tanhshrink", _A.tanh_shrink),
    "celu of 2": ("celu:alpha=2.0", lambda x: _A.celu(x, alpha=2.0)),
    "threshold": ("threshold:threshold=0.5,value=-3.0", lambda x: _A.threshold(x, 0.5, -3.0)),
    "soft_shrink of 1": ("softshrink:lambd=1.0", lambda x: _A.soft_shrink(x, 1.0)),
    "by hand": ("silu", lambda x: x * keras.ops.sigmoid(x)),
    "ReLU(6)": ("relu6", parts.ReLU(6.0)),
    "ReLU(0.1)": ("leaky_relu:negative_slope=0.1", parts.ReLU(negative_slope=0.1)),
    "ReLU above": ("thresholded_relu:theta=0.7", parts.ReLU(threshold=0.7)),
    "LeakyReLU": ("leaky_relu:negative_slope=0.3", parts.LeakyReLU()), "ELU(0.5)": ("elu:alpha=0.5", parts.ELU(0.5)),
    "PReLU": ("leaky_relu:negative_slope=0.3", parts.PReLU(alpha_initializer=keras.initializers.Constant(0.3))),
    "PReLU of channels": ("prelu:a=0.1,-0.2,0.3,0.0,2.0", parts.PReLU(alpha_initializer=slopes)),
}  # fmt: skip
UNWRITTEN = {"torch": ("threshold",), "tensorflow": ()}  # what an exporter refuses


def test_exports_of_keras_are_recognised(tmp_path: Path) -> None:
    """Every activation of Keras in the registry, one after the other in one model."""
    backend = keras.backend.backend()
    need("onnx")
    need({"torch": "torch", "tensorflow": "tf2onnx"}[backend])
    made = {name: both for name, both in WRITTEN.items() if name not in UNWRITTEN[backend]}
    layers = [keras.Input((5,))]
    for _, activation in made.values():
        layers += [parts.Dense(5), activation if isinstance(activation, parts.Layer) else parts.Activation(activation)]
    model = keras.Sequential([*layers, parts.Dense(2)])
    for _ in range(2):
        model(numbers(2, 5))
    model.export(str(tmp_path / "m.onnx"), format="onnx", verbose=False)
    found = [layer.function.label for layer in Model.read(str(tmp_path / "m.onnx")).listing.layers]
    assert dict(zip(made, found, strict=True)) == {name: label for name, (label, _) in made.items()}


def test_hidden_activations_are_reported() -> None:
    """A recurrent cell alone is an error that names it."""
    with pytest.raises(DataError, match="cells: the activations of LSTM are inside its cell"):
        inspect(keras.Sequential([parts.LSTM(3, name="cells")]), numbers(4, 5, 2))
