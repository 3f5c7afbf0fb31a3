"""Explain in our own words why onnxruntime rejects a model; its messages are not shown."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from typing import Any

from actcli.errors import DataError

_ORIGINS = {
    "Erfc": "Keras on TensorFlow writes gelu with it", "Expm1": "Keras on TensorFlow writes celu and elu with it",
}  # fmt: skip
_STANDARD = ("", "ai.onnx")
_USUAL = frozenset(range(14))  # types with kernels, as ONNX numbers them; complex, bfloat16, 8 and 4 bits have few
_AGAIN = "export it again, or check it with onnx.checker"
_TEXTS = (  # stable parts of onnxruntime's messages, what each means, and the way out
    (r"Unsupported model IR version: (\d+), max supported IR version: (\d+)",
     "is in version {0} of ONNX's format; versions up to {1} are supported",
     "export it with an older onnx, or pip install -U onnxruntime"),
    (r"No Op registered for (\w+) with domain_version of (\d+)",
     "onnxruntime has no operator {0} in version {1} of its domain",
     "export it for another opset, or pip install -U onnxruntime"),
    (r"([\w.]+:\w+)\(-?\d+\) is not a registered function", "onnxruntime has no operator {0}",
     "export it without that operator, or pip install -U onnxruntime"),
    (r"Duplicate definition of name \((.*?)\)", "two operators make the tensor {0}", _AGAIN),
    (r"Node input '(.*?)' is not a graph input", "no operator makes the tensor {0}", _AGAIN),
    (r"the graph is not acyclic()", "its operators form a cycle", _AGAIN),
    (r"Op \((\w+)\) \[(?:Shape|Type)InferenceError\]", "the inputs of an operator {0} do not fit together", _AGAIN),
    (r"Could not find an implementation for (\w+)\((\d+)\)",
     "onnxruntime has no {0} of opset {1} for these types on a CPU", "export it in float32, and for opset_version=20"),
)  # fmt: skip


def external_data(model: Any, path: str, folder: str) -> None:
    """Raises DataError if a file with weights is missing, too short, or outside the model's folder."""
    sizes: dict[str, int] = {}
    for one in _tensors(model.graph):
        known = {entry.key: entry.value for entry in one.external_data}
        place = known.get("location")
        if place is None:
            continue
        if place not in sizes:
            sizes[place] = _size(path, folder, place)
        length = int(known.get("length") or math.prod(one.dims) * _bits(one.data_type) // 8)
        if int(known.get("offset") or 0) + length > sizes[place]:
            raise DataError(f"{path}: the file with its weights is truncated: {place}", "copy or export it again")


def _size(path: str, folder: str, place: str) -> int:
    inside = os.path.realpath(os.path.join(folder, place))
    if os.path.isabs(place) or not inside.startswith(os.path.realpath(folder) + os.sep):
        where = place or "a file without a name"
        raise DataError(f"{path}: its weights are outside its folder: {where}", "such files are not read")
    if not os.path.isfile(inside):
        fault = "is a directory" if os.path.isdir(inside) else "is missing"
        raise DataError(f"{path}: the file with its weights {fault}: {place}", f"put it in {folder}")
    return os.path.getsize(inside)


def _bits(data_type: int) -> int:
    """The bits of a number of this type; 0 if unknown."""
    import onnx

    return int(onnx.helper.tensor_dtype_to_np_dtype(data_type).itemsize) * 8 if data_type in _USUAL else 0


def explained(model: Any, path: str, error: Exception, *, running: bool = False) -> DataError:
    """Our error for an exception of onnxruntime."""
    text = str(error)
    found = _version_fault(model) or _operator_fault(model) or _type_fault(model, text) or _fault_in_text(text, running)
    return DataError(f"{path}: {found[0]}", found[1])


def _version_fault(model: Any) -> tuple[str, str] | None:
    import onnx

    if not model.opset_import:
        return "does not name its opset", _AGAIN
    newest = onnx.defs.onnx_opset_version()
    for used in model.opset_import:
        if used.domain in _STANDARD and used.version > newest:
            return (f"uses opset {used.version}; opsets up to {newest} are supported",
                    "export it for an older one: opset_version=20")  # fmt: skip
    return None


def _operator_fault(model: Any) -> tuple[str, str] | None:
    import onnx

    own = next((one.version for one in model.opset_import if one.domain in _STANDARD), 1)
    for node in (node for graph in _graphs(model.graph) for node in graph.node):
        if "nchwc" in node.domain:
            return (f"is optimised for one kind of machine (operator {node.op_type} of {node.domain})",
                    "use the model before onnxruntime optimised it")  # fmt: skip
        if node.domain in _STANDARD and not onnx.defs.has(node.op_type):
            why = f": {_ORIGINS[node.op_type]}" if node.op_type in _ORIGINS else ""
            hint = "export it on another backend (KERAS_BACKEND=torch)" if why else "is it from another domain?"
            return f"ONNX has no operator {node.op_type}{why}", hint
        if node.domain in _STANDARD and not onnx.defs.has(node.op_type, own):
            since = min(one.since_version for one in onnx.defs.get_all_schemas_with_history()
                        if one.name == node.op_type and one.domain in _STANDARD)  # fmt: skip
            return (f"uses opset {own}, but its operator {node.op_type} needs opset {since}",
                    f"export it for that: opset_version={since}")  # fmt: skip
        if node.domain not in (*_STANDARD, "ai.onnx.ml") and not node.domain.startswith("com.microsoft"):
            return (f"needs the operator {node.op_type} of {node.domain}, which onnxruntime does not have",
                    "operator libraries are not loaded: export it without that operator")  # fmt: skip
    return None


def _type_fault(model: Any, text: str) -> tuple[str, str] | None:
    """The fault that an operator has no kernel for the model's number type, if that is a rare one."""
    import onnx

    if "Could not find an implementation" not in text and "Type Error" not in text:
        return None
    types = {one.data_type for one in _tensors(model.graph)}
    for graph in _graphs(model.graph):
        types.update(one.type.tensor_type.elem_type for one in (*graph.value_info, *graph.input, *graph.output))
        types.update(one.i for node in graph.node for one in node.attribute if node.op_type == "Cast")
    rare = sorted(types - _USUAL)
    if not rare:
        return None
    name = onnx.TensorProto.DataType.Name(rare[0]).lower()
    return f"is in {name}, for which onnxruntime has no CPU kernels", "export it in float32"


def _fault_in_text(text: str, running: bool) -> tuple[str, str]:
    """The fault, from the few stable parts of the message."""
    for pattern, meaning, hint in _TEXTS:
        if found := re.search(pattern, text):
            return meaning.format(*found.groups()), hint
    node = re.search(r"while running (\w+) node\. Name:'([^']*)'", text)
    at = f" at the operator {' '.join(filter(None, node.groups()))}" if node else ""
    if running:
        return f"cannot be run on these inputs{at}", "do they have the sizes that the model was made for?"
    return f"onnxruntime cannot load this model{at}", _AGAIN


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph, and the graphs of the branches and loops in it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _tensors(graph: Any) -> Iterator[Any]:
    """The constants of a model, wherever they are."""
    for one in _graphs(graph):
        yield from one.initializer
        yield from (attribute.t for node in one.node for attribute in node.attribute if attribute.HasField("t"))
