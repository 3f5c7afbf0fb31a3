"""Small ONNX models, made operator by operator."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, DTypeLike

if os.environ.get("CI") != "true":
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")

Step = tuple[str, Sequence[str], str] | tuple[str, Sequence[str], str, Mapping[str, Any]]


def model(
    path: Path,
    steps: Sequence[Step],
    constants: Mapping[str, ArrayLike],
    *,
    shape: Sequence[int | str] = ("n", 4),
    outputs: Sequence[str] = (),
    opset: int = 20,
    dtype: DTypeLike = np.float32,
    inputs: Mapping[str, Sequence[int | str]] | None = None,
) -> Path:
    """A model of `x` with these operators (op, inputs, output, attributes); write domain::op for another domain, and
    separate several outputs by commas."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = TensorProto.FLOAT16 if np.dtype(dtype) == np.float16 else TensorProto.FLOAT
    nodes = []
    for number, (op, given, made, *attributes) in enumerate(steps):
        domain, _, name = op.rpartition("::")
        more = dict(attributes[0]) if attributes else {}
        nodes.append(
            helper.make_node(name, list(given), made.split(","), more.pop("name", f"n{number}"), domain=domain, **more)
        )
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    initialisers = [
        numpy_helper.from_array(array.astype(dtype) if array.dtype.kind == "f" else array, name)
        for name, array in arrays.items()
    ]
    given_inputs = {"x": shape} if inputs is None else inputs
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, kind, list(dims)) for name, dims in given_inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs or [steps[-1][2]]],
        initialisers,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    made_model = helper.make_model(graph, opset_imports=imports, ir_version=9)
    onnx.save(made_model, str(path))
    return path


def weights(rows: int, columns: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Weights of a layer."""
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def between_layers(path: Path, steps: Sequence[Step], constants: Mapping[str, ArrayLike] = {}, **more: Any) -> Path:
    """A model of two layers, with operators from `z`, the output of the first, to `y`, the input of the second."""
    ends: tuple[Step, Step] = (("MatMul", ("x", "fc1.weight"), "z"), ("MatMul", ("y", "fc2.weight"), "out"))
    both = {"fc1.weight": weights(4, 5), "fc2.weight": weights(5, 3, 1), **constants}
    return model(path, [ends[0], *steps, ends[1]], both, **more)
