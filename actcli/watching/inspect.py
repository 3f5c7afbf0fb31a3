"""A model and inputs -> a diagnosis, in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from actcli.diagnosis.diagnose import Criteria, Diagnosis, criteria, diagnose, diagnosis
from actcli.errors import DataError, UsageError, positive
from actcli.measuring.probe import Thresholds
from actcli.models.seen import Ran, Seen
from actcli.watching.measured import Layers, Probes

_DEFAULT = Thresholds()


def inspect(
    model: Any,
    inputs: Any,
    *,
    batch: int = 64,
    epsilon: float = _DEFAULT.epsilon,
    tau: float = _DEFAULT.tau,
    alpha: float = _DEFAULT.alpha,
    rule: str = "default",
) -> Diagnosis:
    """Diagnose a model on these inputs: where gradients vanish, each layer under its own function.

    The model is the path of an ONNX file, a PyTorch module, a Keras model or a scikit-learn MLP. It is run in
    evaluation mode, `batch` inputs at a time, and left as it was. `inputs` is an array with the inputs along its first
    axis, or a list or dict of such arrays, as the model takes them. The other keywords are those of `diagnose`.

    Raises DataError, with the reason, if no activation is seen, and UsageError for a model that cannot be run here.
    """
    by = criteria(Thresholds(positive("epsilon", epsilon), tau, alpha), rule, None, histogram=True)
    if isinstance(model, str | os.PathLike):
        return _inspect_file(os.fspath(model), inputs, batch, by)
    run = _runner(model)
    layers, probes = Layers(), Probes(by)
    ran = Ran()
    for part in _batches(inputs, batch):
        ran = run(model, part, lambda seen: layers.see(seen, probes.of(seen.function)))
    if not layers.measured:
        reason = "; ".join(f"{name}: {why}" for name, why in ran.hidden.items())
        raise DataError("no activation was seen", reason or "the model calls none that actcli knows")
    layers.place(ran.places, finished=True)
    return diagnosis(layers.all, by, is_chain=ran.places.is_chain)


def _inspect_file(path: str, inputs: Any, batch: int, by: Criteria) -> Diagnosis:
    """Diagnose an ONNX file on arrays, or on a file of inputs."""
    from actcli.measuring.choice import Choice
    from actcli.measuring.network import network
    from actcli.models.inputs import Given
    from actcli.models.onnx_run import Running
    from actcli.tables.options import ReadOptions

    if isinstance(inputs, str | os.PathLike):
        given: list[str | Given] = [os.fspath(inputs)]
    elif isinstance(inputs, dict):
        given = [Given({name: np.asarray(value) for name, value in inputs.items()})]
    else:
        given = [Given(_array(inputs))]
    found = network(path, given, (), Choice(), Running(batch=batch), ReadOptions())
    return diagnose(found.layers, by, is_chain=found.is_chain)


def _runner(model: Any) -> Callable[[Any, Any, Callable[[Seen], None]], Ran]:
    from actcli.models import keras_watch, sklearn_mlp

    if keras_watch.is_keras(model):
        return keras_watch.run
    if sklearn_mlp.is_mlp(model):
        return sklearn_mlp.run
    if any(kind.__module__.startswith("torch.") for kind in type(model).__mro__):
        from actcli.models import torch_watch

        return torch_watch.run
    way_out = "give the path of an ONNX file, a PyTorch module, a Keras model or a scikit-learn MLP"
    if type(model).__name__ == "Pipeline":
        way_out = "inspect its last step: actcli.inspect(model[-1], model[:-1].transform(x))"
    raise UsageError(f"actcli cannot run a {type(model).__name__}", way_out)


def _batches(inputs: Any, size: int) -> Iterator[Any]:
    """The inputs in batches of `size`."""
    if size < 1:
        raise UsageError(f"batch = {size}", "batch is a whole number above 0")
    if isinstance(inputs, list | tuple) and not _is_nested(inputs):
        inputs = _array(inputs)
    count = _count(inputs)
    for start in range(0, count, size):
        yield _cut(inputs, slice(start, start + size))


def _count(inputs: Any) -> int:
    """The number of inputs. Raises DataError if it is 0 or differs between arrays."""
    parts = list(inputs.values() if isinstance(inputs, dict) else inputs) if _is_nested(inputs) else [inputs]
    lengths = {len(part) if getattr(part, "ndim", 1) else 0 for part in parts}
    if len(lengths) != 1 or not (length := lengths.pop()):
        raise DataError("no inputs, or not as many of each", "inputs lie along the first axis")
    return length


def _array(inputs: Any) -> Any:
    """Nested lists as an array. Raises DataError if they are ragged or contain anything but numbers."""
    try:
        array = np.asarray(inputs)
    except ValueError:  # ragged
        array = np.asarray("")
    if array.dtype.kind not in "biuf":
        raise DataError("the inputs are not an array of numbers", "give an array with inputs along its first axis")
    return array


def _is_nested(inputs: Any) -> bool:
    """Whether the inputs are several arrays."""
    if isinstance(inputs, dict):
        return True
    return isinstance(inputs, tuple | list) and bool(inputs) and hasattr(inputs[0], "shape")


def _cut(inputs: Any, part: slice) -> Any:
    if isinstance(inputs, dict):
        return {name: value[part] for name, value in inputs.items()}
    return type(inputs)(value[part] for value in inputs) if _is_nested(inputs) else inputs[part]
