"""A Keras model that is inspected: every kind of it, under the functions of its layers, and unchanged afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.errors import DataError
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
    """Each way of giving an activation is seen; the outputs are the same to the last bit, and it can be saved."""
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
    """One that is not built yet is seen once; inputs come as a list or by name."""

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


def test_what_is_hidden_is_said() -> None:
    """A recurrent cell alone is an error that names it."""
    with pytest.raises(DataError, match="cells: the activations of LSTM are inside its cell"):
        inspect(keras.Sequential([parts.LSTM(3, name="cells")]), numbers(4, 5, 2))
