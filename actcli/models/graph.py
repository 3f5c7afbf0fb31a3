"""An ONNX graph as the tensors that it is made of: who makes and who takes each, and which are constants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.models.operators import ELEMENTWISE, NAMED, TRANSPARENT

if TYPE_CHECKING:
    import onnx

SMALL = 4096  # entries of a constant that are looked at
_LINEAR = frozenset({
    "Conv", "ConvTranspose", "Gemm", "MatMul", "FusedConv", "FusedGemm", "FusedMatMul", "Einsum", "QLinearConv",
    "QLinearMatMul", "ConvInteger", "MatMulInteger", "MatMulNBits", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
    "LSTM", "GRU", "RNN",
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator. `branch` is the graph that it is in: the main one, or one of an If."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    scope: str  # of the module that it is of, where the exporter says so
    place: int

    @property
    def output(self) -> str:
        return self.outputs[0]


class Graph:
    """The tensors of a model's main graph."""

    def __init__(self, model: onnx.ModelProto, folder: str) -> None:
        self.model, self._folder = model, folder
        self.nodes = [_node(proto, place) for place, proto in enumerate(model.graph.node)]
        self.initialisers = {one.name: one for one in model.graph.initializer}
        self.producer = {name: node for node in self.nodes for name in node.outputs if name}
        self.consumers: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                self.consumers[name].append(node)
        self.inputs = [one for one in model.graph.input if one.name not in self.initialisers]
        self.outputs = [one.name for one in model.graph.output]
        infos = (*model.graph.value_info, *model.graph.input, *model.graph.output)
        self._types = {one.name: one.type.tensor_type for one in infos}
        self._constants: dict[str, Any] = {}

    def is_float(self, tensor: str) -> bool:
        """Whether it may hold real numbers: those of no known type may."""
        kind = self._types[tensor].elem_type if tensor in self._types else 0
        return kind in (0, 1, 10, 11, 16)

    def shape(self, tensor: str) -> tuple[int | None, ...] | None:
        """Its dimensions, None where they are not known."""
        if tensor in self.initialisers:
            return tuple(self.initialisers[tensor].dims)
        found = self._types.get(tensor)
        if found is None or not found.HasField("shape"):
            return None
        return tuple(d.dim_value if d.HasField("dim_value") else None for d in found.shape.dim)

    def constant(self, tensor: str) -> Any:
        """The array of a small constant, None where the tensor is none, is large, or lies in another file."""
        if tensor not in self._constants:
            self._constants[tensor] = self._read(tensor)
        return self._constants[tensor]

    def scalar(self, tensor: str) -> float | None:
        """The one number that all entries of a constant are."""
        array = self.constant(tensor)
        if array is None or array.size == 0 or array.dtype.kind not in "fiub":
            return None
        first = array.flat[0]
        return float(first) if array.size == 1 or bool((array == first).all()) else None

    def is_constant(self, tensor: str) -> bool:
        """Whether no input of the model goes into it."""
        while tensor not in self.initialisers:
            node = self.producer.get(tensor)
            if node is None or (node.op != "Constant" and (node.op not in TRANSPARENT or not node.inputs)):
                return False
            if node.op == "Constant":
                return True
            tensor = node.inputs[0]
        return True

    def _read(self, tensor: str) -> Any:
        import onnx

        proto = self.initialisers.get(tensor)
        if proto is None:
            node = self.producer.get(tensor)
            if node is None:
                return None
            if node.op in TRANSPARENT and node.inputs and node.op != "DequantizeLinear":
                return self.constant(node.inputs[0])
            if node.op != "Constant":
                return None
            value = next(iter(node.attributes.values()), None)
            if not isinstance(value, onnx.TensorProto):
                return np.asarray(value)
            proto = value
        if np.prod(proto.dims, dtype=np.int64) > SMALL:
            return None
        if proto.data_location == onnx.TensorProto.EXTERNAL:
            proto = self._beside(proto)
            if proto is None:
                return None
        array = onnx.numpy_helper.to_array(proto)
        return array.astype(np.float64) if array.dtype.kind not in "fiub" and array.dtype.kind == "V" else array

    def _beside(self, proto: onnx.TensorProto) -> onnx.TensorProto | None:
        """A tensor with its entries, which are in another file; None where that cannot be read."""
        import onnx

        copy = onnx.TensorProto()
        copy.CopyFrom(proto)
        try:
            onnx.external_data_helper.load_external_data_for_tensor(copy, self._folder)
        except Exception:  # a run says what is wrong with the file
            return None
        return copy

    @cached_property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """Each tensor, and those of which it is a function number by number, the nearest first."""
        found: dict[str, tuple[str, ...]] = {}
        for node in self.nodes:
            for output in node.outputs:
                found[output] = (output,)
            above = [found.get(name, (name,)) for name in self.varying(node)]
            if not above or len(node.outputs) == 0:
                continue
            common = [name for name in above[0] if all(name in other for other in above[1:])]
            found[node.output] = (node.output, *common)
        return found

    def varying(self, node: Node) -> list[str]:
        """The inputs that an elementwise operator works on, number by number; none for all other operators."""
        if node.op in TRANSPARENT:
            moved = [name for name in node.inputs[:1] if not self.is_constant(name)]
            return moved if node.op != "Cast" or self._keeps(node) else []
        if node.op == "BiasGelu" or (node.op not in ELEMENTWISE and node.op not in NAMED):
            return []
        names = [name for name in node.inputs if name and self.scalar(name) is None]
        return [] if any(self.is_constant(name) for name in names) else list(dict.fromkeys(names))

    def _keeps(self, node: Node) -> bool:
        """Whether a cast leaves the numbers as they are: to a float, or to the truth of what is true or false."""
        return node.attributes.get("to") in (1, 10, 11, 16, 9) and (
            node.attributes.get("to") != 9 or not self.is_float(node.inputs[0])
        )

    def is_linear(self, tensor: str) -> bool:
        """Whether it is a weighted sum, with its bias, its normalisation and in any shape."""
        return self.linear(tensor) is not None

    def linear(self, tensor: str) -> Node | None:
        """The operator with weights of which a tensor is the output."""
        for _ in range(16):
            node = self.producer.get(tensor)
            if node is None:
                return None
            if node.op in _LINEAR:
                return node
            if node.op not in ("Add", "Sub", "Mul", "Div", "BatchNormalization", *TRANSPARENT):
                return None
            rest = [name for name in node.inputs if not self.is_constant(name)]
            if len(rest) != 1 and node.op == "Add":
                rest = [name for name in rest if self.producer.get(name) and self.producer[name].op in _LINEAR][:1]
            if len(rest) != 1:
                return None
            tensor = rest[0]
        return None

    def after(self, tensor: str) -> Iterator[Node]:
        """The operators that the tensor goes into, and those after them."""
        seen: set[int] = set()
        waiting = [tensor]
        while waiting:
            for node in self.consumers.get(waiting.pop(), ()):
                if node.place not in seen:
                    seen.add(node.place)
                    waiting += node.outputs
                    yield node


def has_weights(node: Node) -> bool:
    return node.op in _LINEAR


def _node(proto: onnx.NodeProto, place: int) -> Node:
    import onnx

    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in proto.attribute}
    scopes = {one.key: one.value for one in proto.metadata_props}
    scope = scopes.get("pkg.torch.onnx.name_scopes", "")
    return Node(proto.op_type, proto.name, tuple(proto.input), tuple(proto.output), attributes, scope, place)
