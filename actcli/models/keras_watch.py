"""Watch a Keras model run: for one eager pass, the activation of each layer is swapped for one that records.

Nothing else in the model is touched, and the pass leaves it as it was. Functions that a layer's `call` computes without
an activation attribute are not seen, nor is the inside of recurrent cells.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from actcli.activation import Array, Function
from actcli.analysis.regions import extent
from actcli.errors import UsageError
from actcli.models.layers import Role, is_bounded
from actcli.models.operators import sloped
from actcli.models.recognise import recognise, shape_of
from actcli.models.seen import Places, Ran, Seen, blocks_of
from actcli.numerics.axes import usual_axis

# Layers that are an activation themselves.
_ACTIVATIONS = frozenset(("ReLU", "LeakyReLU", "ELU", "PReLU"))


def is_keras(model: Any) -> bool:
    """Whether this is a Keras layer or model; with the torch backend it is a PyTorch module too."""
    return any(kind.__module__.partition(".")[0] in ("keras", "tf_keras") for kind in type(model).__mro__)


def run(model: Any, inputs: Any, sees: Callable[[Seen], None]) -> Ran:
    """Run one batch through the model in evaluation mode; `sees` gets each call of an activation.

    Raises UsageError for Keras before version 3.
    """
    import keras

    if int(keras.__version__.partition(".")[0]) < 3 or not isinstance(model, keras.layers.Layer):
        raise UsageError("the model is from Keras before version 3", "load it in Keras 3: keras.models.load_model(...)")
    pass_ = _Pass(len(_first(inputs)), sees, _names(model))
    with _no_gradient(keras):
        if not model.built:  # building may take a call of its own
            model(inputs, training=False)
        with pass_.recording(model):
            model(inputs, training=False)
    return Ran(pass_.hidden, _places(model, pass_))


def _places(model: Any, pass_: _Pass) -> Places:
    """The last layer is a head if it is bounded; a plain stack of layers without normalisation is a chain."""
    import keras

    layers = list(model._flatten_layers())
    roles: dict[str, Role] = {}
    if pass_.seen:
        name, function = pass_.seen[-1]
        last = [one for one in layers if getattr(one, "activation", None) is not None][-1:]
        if last and pass_.names[id(last[0])] == name and is_bounded(extent(function)):
            roles[name] = "head"
    plain = all(
        not hasattr(one, "cell") and "normali" not in type(one).__name__.lower() and type(one).__name__ != "Add"
        for one in layers
    )
    return Places(roles, plain and isinstance(model, keras.Sequential))


def _first(inputs: Any) -> Any:
    while isinstance(inputs, dict | tuple | list):
        inputs = next(iter(inputs.values() if isinstance(inputs, dict) else inputs))
    return inputs


@contextmanager
def _no_gradient(keras: Any) -> Iterator[None]:
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.no_grad():
        yield


def _names(model: Any) -> dict[int, str]:
    """The name of each layer, or its path if several layers share the name."""
    layers = list(model._flatten_layers())
    count: dict[str, int] = {}
    for layer in layers:
        count[layer.name] = count.get(layer.name, 0) + 1
    return {id(one): one.name if count[one.name] == 1 else one.path or one.name for one in layers}


@dataclass(slots=True)
class _Pass:
    """One pass of a batch of `inputs` inputs through a model."""

    inputs: int
    sees: Callable[[Seen], None]
    names: dict[int, str]
    hidden: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, Function]] = field(default_factory=list)

    @contextmanager
    def recording(self, model: Any) -> Iterator[None]:
        """Make every activation record within the block."""
        undo: list[Callable[[], None]] = []
        try:
            for layer in model._flatten_layers():
                self._record(layer, undo)
            yield
        finally:
            for each in reversed(undo):
                each()

    def _record(self, layer: Any, undo: list[Callable[[], None]]) -> None:
        if hasattr(layer, "cell"):
            self.hidden[self.names[id(layer)]] = f"the activations of {type(layer).__name__} are inside its cell"
        elif type(layer).__name__ in _ACTIVATIONS:
            call = layer.call
            object.__setattr__(layer, "call", self._wrapped(layer, call, _layer_function(layer)))
            undo.append(lambda: object.__delattr__(layer, "call"))
        elif callable(activation := getattr(layer, "activation", None)) and not hasattr(layer, "recurrent_activation"):
            layer.activation = self._wrapped(layer, activation, _function(activation))
            undo.append(lambda: setattr(layer, "activation", activation))

    def _wrapped(self, layer: Any, call: Any, function: Function | None) -> Any:
        if function is None:
            return call
        channels_first = getattr(layer, "data_format", None) == "channels_first"

        def recording(inputs: Any) -> Any:
            import keras

            x = keras.ops.convert_to_numpy(inputs)
            axis = usual_axis(x.ndim) if channels_first else x.ndim - 1
            name = self.names[id(layer)]
            rows = x.size // max(1, x.shape[axis])
            positions = rows // self.inputs if rows % self.inputs == 0 else 1
            self.seen.append((name, function))
            self.sees(Seen(name, function, x.shape[axis], positions, lambda: blocks_of(x, axis, positions)))
            return call(inputs)

        return recording


def _layer_function(layer: Any) -> Function | None:
    """The function of a layer that is an activation. PReLU slopes that differ along more axes than that of the neurons
    are averaged."""
    if type(layer).__name__ == "PReLU":
        slopes = np.asarray(layer.get_weights()[0], np.float64)
        return sloped(slopes if slopes.size == slopes.shape[-1] else slopes.mean())
    return _function(layer.call)


def _function(activation: Any) -> Function | None:
    """The registered function with the values of an activation; None if there is none or it is affine."""
    import keras

    def values(x: Array) -> Array:
        given = keras.ops.convert_to_tensor(x, dtype="float32")
        return np.asarray(keras.ops.convert_to_numpy(activation(given)), dtype=np.float64)

    with _no_gradient(keras), warnings.catch_warnings(action="ignore"):
        return recognise(values) if shape_of(values) == "curve" else None
