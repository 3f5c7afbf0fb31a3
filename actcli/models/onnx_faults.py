"""Why onnxruntime does not take a model, in words of this program: its own are not shown."""

from __future__ import annotations

import os
import re
from typing import Any

from actcli.errors import DataError

_SAID = {
    "Erfc": "Keras on TensorFlow writes gelu with it", "Expm1": "Keras on TensorFlow writes celu and elu with it",
}  # fmt: skip
_BFLOAT16 = 16


def external_data(model: Any, path: str, folder: str) -> None:
    """Raises DataError where a file with weights is missing, or lies outside the model's folder."""
    for one in model.graph.initializer:
        place = {entry.key: entry.value for entry in one.external_data}.get("location")
        if place is None:
            continue
        inside = os.path.realpath(os.path.join(folder, place))
        if os.path.isabs(place) or not inside.startswith(os.path.realpath(folder) + os.sep):
            raise DataError(f"{path}: its weights lie outside its folder: {place}", "such files are not read")
        if not os.path.exists(inside):
            raise DataError(f"{path}: the file with its weights is missing: {place}", f"put it into {folder}")


def explained(model: Any, path: str, error: Exception, *, running: bool = False) -> DataError:
    """The error for what onnxruntime raised."""
    import onnx

    newest = onnx.defs.onnx_opset_version()
    for used in model.opset_import:
        if used.domain in ("", "ai.onnx") and used.version > newest:
            return DataError(f"{path}: is of opset {used.version}, known are those up to {newest}",
                             "export it for an older one: opset_version=20")  # fmt: skip
    for node in model.graph.node:
        if "nchwc" in node.domain:
            return DataError(f"{path}: is laid out for one machine (operator {node.op_type} of {node.domain})",
                             "take the model before onnxruntime optimised it")  # fmt: skip
        if node.domain in ("", "ai.onnx") and not onnx.defs.has(node.op_type):
            why = f": {_SAID[node.op_type]}" if node.op_type in _SAID else ""
            hint = "export it on another backend (KERAS_BACKEND=torch)" if why else "is it of another domain?"
            return DataError(f"{path}: ONNX has no operator {node.op_type}{why}", hint)
        if node.domain not in ("", "ai.onnx", "ai.onnx.ml") and not node.domain.startswith("com.microsoft"):
            return DataError(f"{path}: needs the operator {node.op_type} of {node.domain}, which onnxruntime has not",
                             "libraries with operators are not loaded: export it without")  # fmt: skip
    if any(one.data_type == _BFLOAT16 for one in model.graph.initializer):
        return DataError(f"{path}: is in bfloat16, which onnxruntime has no kernels for on a CPU",
                         "export it in float32")  # fmt: skip
    return _other(path, str(error), running)


def _other(path: str, text: str, running: bool) -> DataError:
    """By the few things of its text that can be relied on: the name of a node."""
    node = re.search(r"(?:Name:|node[: (]+)'?([\w./:-]+)", text)
    at = f", at the node {node[1]}" if node else ""
    if running:
        return DataError(
            f"{path}: cannot be run on these inputs{at}", "are their sizes those that the model was made for?"
        )
    return DataError(
        f"{path}: onnxruntime cannot load this model{at}", "export it again, or check it with onnx.checker"
    )
