"""The starting weights: drawn from a seed, or read from a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from actcli.activation import Array, Function
from actcli.analysis.meanfield import mean_field
from actcli.errors import DataError
from actcli.training.network import Network
from actcli.training.words import Init

# Takes a generator, the shape (inputs, outputs) and the gain of f.
Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, int], float], Array]


def gain(function: Function) -> float:
    """The gain that keeps the variance of the pre-activations under f; 1 if there is none."""
    found = mean_field(function).he_gain
    return found if found is not None and math.isfinite(found) else 1.0


def _normal(of_gain: Callable[[float], float]) -> Draw:
    return lambda rng, shape, gain: rng.standard_normal(shape) * (of_gain(gain) / math.sqrt(shape[0]))


def _uniform(bound: Callable[[int, int], float]) -> Draw:
    return lambda rng, shape, gain: (2.0 * rng.random(shape) - 1.0) * bound(*shape)


_WEIGHTS: dict[Init, Draw] = {
    "auto": _normal(lambda gain: gain),
    "he": _normal(lambda gain: math.sqrt(2.0)),
    "lecun": _normal(lambda gain: 1.0),
    "glorot": _uniform(lambda fan_in, fan_out: math.sqrt(6.0 / (fan_in + fan_out))),
    "pytorch": _uniform(lambda fan_in, fan_out: 1.0 / math.sqrt(fan_in)),
}


def draw(network: Network, rng: np.random.Generator) -> None:
    """Draw the weights: the same numbers for every function, scaled by its gain, so that runs of one seed differ only
    in the function."""
    init = network.design.init
    of_f = gain(network.function) if init == "auto" else 1.0
    for layer in network.layers:
        weights = layer.weights[:-1]
        weights[...] = _WEIGHTS[init](rng, (weights.shape[0], weights.shape[1]), of_f)
        if init == "pytorch":
            layer.weights[-1] = _WEIGHTS[init](rng, (weights.shape[0], weights.shape[1]), of_f)[0]


def set_weights(network: Network, given: Mapping[str, Array], source: str) -> None:
    """Set the weights from a file: each W and b, and any other array of the network. Raises DataError naming the
    array."""
    for name, place in network.arrays().items():
        if name not in given:
            if name[0] in "Wb" and name[1:].isdecimal():
                raise DataError(
                    f"{source}: no array {name}", "give W1, b1, W2, b2, ..., each W of shape (inputs, outputs)"
                )
            continue
        found = np.asarray(given[name])
        if found.shape != place.shape:
            hint = "W has shape (inputs, outputs): transpose PyTorch's" if found.T.shape == place.shape else ""
            raise DataError(f"{source}: {name} has shape {found.shape}, not {place.shape}", hint)
        if found.dtype.kind not in "fiu" or not np.isfinite(found).all():
            raise DataError(f"{source}: {name} has entries that are not finite numbers")
        place[...] = found
