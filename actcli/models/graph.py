"""An ONNX graph as the tensors that it is made of: who makes and who takes each, and which are constants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.models.branches import Flat, Found, bring_out
from actcli.models.cells import GATES, SUMS
from actcli.models.operators import ELEMENTWISE, NAMED, TRANSPARENT

if TYPE_CHECKING:
    import onnx

CELLS = ("LSTM", "GRU", "RNN")
_SIZES = frozenset({"Shape", "Size"})
SMALL = 4096  # entries of a constant that are looked at
_LINEAR = frozenset({
    "Conv", "ConvTranspose", "Gemm", "MatMul", "FusedConv", "FusedGemm", "FusedMatMul", "Einsum", "QLinearConv",
    "QLinearMatMul", "ConvInteger", "MatMulInteger", "MatMulNBits", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
    *CELLS,
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator. An If takes what its branches give, a recurrent cell its gates too, where they are known."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    scope: str  # of the module that it is of, where the exporter says so
    place: int
    gates: tuple[str, ...] = ()  # what those of a cell give

    @property
    def output(self) -> str:
        return self.outputs[0]


class Graph:
    """The tensors of a model, those in the branches of an If among them."""

    def __init__(self, model: onnx.ModelProto, folder: str) -> None:
        self.model, self._folder = model, folder
        flat = Flat.of(model.graph)
        self.nodes = [_node(found, place) for place, found in enumerate(flat.nodes)]
        self.initialisers = flat.initialisers
        self.producer = {name: node for node in self.nodes for name in node.outputs if name}
        self.consumers: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                self.consumers[name].append(node)
        self.inputs = [one for one in model.graph.input if one.name not in self.initialisers]
        self.outputs = [one.name for one in model.graph.output]
        self._types, self._inside = flat.types, flat.inside
        self._constants: dict[str, Any] = {}

    def bring_out(self, model: onnx.ModelProto, tensor: str) -> str:
        """Makes a tensor an output of the model, a copy of its own; what that is called."""
        if tensor not in self._inside:
            model.graph.output.add().name = tensor
            return tensor
        way, name = self._inside[tensor]
        kind = found.elem_type if (found := self._types.get(tensor)) else 0
        bring_out(model.graph, way, name, f"{tensor}/seen", kind or 1)
        return f"{tensor}/seen"

    def seen_from(self, tensor: str, output: str) -> str:
        """A tensor as it is where an output is made of it: in a branch it is there when that is taken."""
        way = self._inside[output][0] if output in self._inside else ()
        outer, name = self._inside.get(tensor, ((), tensor))
        if way == outer:
            return tensor
        own = f"{tensor} of {output}"
        self._inside[own] = (way, name)
        self._types[own] = self._types.get(tensor)
        return own

    def branch(self, tensor: str) -> str:
        """Of an If, what a tensor is in, as a name begins with it: then. or else.; "" for the model's own."""
        way = self._inside[tensor][0] if tensor in self._inside else ()
        return "".join(f"{name.removesuffix('_branch')}." for _, name in way)

    def cell(self, tensor: str) -> Node | None:
        """The recurrent cell of which a tensor is the output of a gate."""
        return next(
            (node for node in self.consumers.get(tensor, ()) if node.op in CELLS and tensor in node.gates), None
        )

    def is_written_out(self, node: Node) -> bool:
        """Whether the gates of a cell are seen, and what sums up for it step by step."""
        return bool(node.gates) or (node.op == "Scan" and node.outputs[0].endswith(SUMS))

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
            if node is not None and node.op in ("Constant", "ConstantOfShape"):
                return True
            if node is None or node.op not in TRANSPARENT or not node.inputs:
                return False
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
            if node.op not in ("Constant", "ConstantOfShape"):  # of the latter one entry stands for all
                return None
            value = next(iter(node.attributes.values()), 0.0)
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
    def _varied(self) -> frozenset[str]:
        """The tensors whose numbers depend on those of an input: positions and sizes do not."""
        found = {one.name for one in self.inputs}
        for node in self.nodes:
            if node.op not in _SIZES and any(name in found for name in node.inputs):
                found.update(node.outputs)
        return frozenset(found)

    @cached_property
    def _used(self) -> frozenset[str]:
        """The tensors on whose numbers an output depends: of what only its size is asked none does."""
        found = set(self.outputs)
        waiting = list(found)
        while waiting:
            node = self.producer.get(waiting.pop())
            if node is not None and node.op not in _SIZES:
                more = [name for name in node.inputs if name not in found]
                found.update(more)
                waiting += more
        return frozenset(found)

    def is_between(self, x: str, output: str) -> bool:
        """Whether numbers flow from an input of the model to x, and from the output to one of the model's."""
        return x in self._varied and output in self._used

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


def _node(found: Found, place: int) -> Node:
    import onnx

    proto = found.proto
    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in proto.attribute}
    said = {one.key: one.value for one in proto.metadata_props}
    gates = said.get(GATES, "").split("\n") if said.get(GATES) else []
    scope = said.get("pkg.torch.onnx.name_scopes", "")
    inputs = (*found.inputs, *gates)
    return Node(proto.op_type, proto.name, inputs, found.outputs, attributes, scope, place, tuple(gates))
