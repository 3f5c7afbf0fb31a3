"""Run a multi-layer perceptron of scikit-learn from its weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from actcli.errors import DataError
from actcli.models.seen import Places, Ran, Seen, blocks_of
from actcli.registry.specs import get

# By scikit-learn's names; the only other one is the identity.
_FUNCTIONS = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}


def is_mlp(model: Any) -> bool:
    """Whether this is an MLPClassifier or MLPRegressor."""
    return any(kind.__name__ == "BaseMultilayerPerceptron" for kind in type(model).__mro__)


def run(model: Any, inputs: Any, sees: Callable[[Seen], None]) -> Ran:
    """Run the inputs through the hidden layers, named hidden1 and so on. Raises DataError for an untrained model, and
    for inputs of another width."""
    if not hasattr(model, "coefs_"):
        raise DataError(f"the {type(model).__name__} is not trained: it has no weights", "call fit first")
    x = np.asarray(inputs, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != len(model.coefs_[0]):
        raise DataError(f"the inputs have shape {x.shape}", f"the model takes (samples, {len(model.coefs_[0])})")
    if model.activation not in _FUNCTIONS:
        return Ran({"the hidden layers": f"their activation is {model.activation}"})
    function = get(_FUNCTIONS[model.activation])
    for number, (weights, bias) in enumerate(zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True), 1):
        x = x @ weights + bias
        sees(Seen(f"hidden{number}", function, x.shape[1], 1, partial(blocks_of, x, 1)))
        x = function.f(x)
    return Ran(places=Places(is_chain=True))
