"""A trained network as a file: the arrays of an NPZ, or an ONNX model."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import numpy as np

from actcli.activation import Array, Function
from actcli.errors import UsageError
from actcli.models.onnx_write import Writer, check_installed
from actcli.training.normalization import EPSILON
from actcli.training.records import Run, Trained

_ENDINGS = (".npz", ".onnx")


def check(paths: Sequence[str]) -> None:
    """Raise UsageError for a name with an unknown ending, DataError if the library for its format is missing."""
    for path in paths:
        if os.path.splitext(path)[1].lower() not in _ENDINGS:
            raise UsageError(f"{path}: its name gives no format for a network", f"end it in {' or '.join(_ENDINGS)}")
        if path.lower().endswith(".onnx"):
            check_installed()


def encoded(path: str, trained: Trained, run: Run) -> bytes:
    """The network of a run. An NPZ has the arrays for `--weights`, which expect scaled features; an ONNX model takes
    the features as they are in the table, and outputs the logits or the quantity."""
    if path.lower().endswith(".onnx"):
        writer = Writer()
        outputs = len(run.weights[f"b{len(trained.design.hidden) + 1}"])
        return writer.model(lambda writer, x: _network(writer, x, trained, run), len(trained.data.features), outputs)
    file = io.BytesIO()
    scaling, target = trained.data.scaling, trained.data.target_scaling
    more = {"feature_mean": scaling.mean, "feature_scale": scaling.scale}
    more |= {"target_mean": target.mean, "target_scale": target.scale} if trained.data.task == "regress" else {}
    arrays: dict[str, np.ndarray] = {**run.weights, **more}
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _network(writer: Writer, x: str, trained: Trained, run: Run) -> str:
    data, last = trained.data, len(trained.design.hidden) + 1
    x = writer.node("Div", writer.node("Sub", x, writer.constant(data.scaling.mean)),
                    writer.constant(data.scaling.scale))  # fmt: skip
    for number in range(1, last):
        x = _layer(writer, x, trained, run, number)
    x = _linear(writer, x, run, last)
    if data.task == "regress":
        x = writer.node("Mul", x, writer.constant(data.target_scaling.scale))
        x = writer.node("Add", x, writer.constant(data.target_scaling.mean))
    return x


def _linear(writer: Writer, x: str, run: Run, number: int) -> str:
    weights, biases = (writer.constant(run.weights[f"{letter}{number}"]) for letter in "Wb")
    return writer.node("Gemm", x, weights, biases, name=f"layer{number}")


def _layer(writer: Writer, x: str, trained: Trained, run: Run, number: int) -> str:
    z = _linear(writer, x, run, number)
    if trained.design.normalize != "none":
        z = _normalized(writer, z, trained, run, number)
    y = writer.function(run.function, _values(run.function, run, number), z)
    before, width = (run.weights[f"W{place}"].shape[0] for place in (number, number + 1))
    if trained.design.residual and number > 1 and before == width:
        y = writer.node("Add", y, x)
    return y


def _normalized(writer: Writer, z: str, trained: Trained, run: Run, number: int) -> str:
    weights = run.weights
    gain, shift = (writer.constant(weights[f"{name}{number}"]) for name in ("gamma", "beta"))
    if trained.design.normalize == "layer":
        return writer.node("LayerNormalization", z, gain, shift, axis=-1, epsilon=EPSILON)
    mean, variance = (writer.constant(weights[f"{name}{number}"]) for name in ("mean", "variance"))
    return writer.node("BatchNormalization", z, gain, shift, mean, variance, epsilon=EPSILON)


def _values(function: Function, run: Run, number: int) -> dict[str, Array]:
    """The parameters of f in a layer, as given or as learned."""
    given = {name: np.array([value]) for name, value in function.parameters.items()}
    return {name: run.weights.get(f"f{number}_{name}", value) for name, value in given.items()}
