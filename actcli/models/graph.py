"""An ONNX graph by its tensors: which operators produce and consume each, and which are constants."""

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
SMALL = 4096  # larger constants are not read
_LINEAR = frozenset({
    "Conv", "ConvTranspose", "Gemm", "MatMul", "FusedConv", "FusedGemm", "FusedMatMul", "Einsum", "QLinearConv",
    "QLinearMatMul", "ConvInteger", "MatMulInteger", "MatMulNBits", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
    *CELLS,
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator. The inputs of an If include the outputs of its branches, those of a cell its written-out gates."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    scope: str  # of its module, if the exporter records it
    place: int
    gates: tuple[str, ...] = ()  # the outputs of a cell's gates

    @property
    def output(self) -> str:
        return self.outputs[0]


class Graph:
    """The tensors of a model, including those in the branches of an If."""

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
        """Make a tensor an output of `model`, a copy of this graph's model; return the name of the output."""
        if tensor not in self._inside:
            model.graph.output.add().name = tensor
            return tensor
        way, name = self._inside[tensor]
        kind = found.elem_type if (found := self._types.get(tensor)) else 0
        bring_out(model.graph, way, name, f"{tensor}/seen", kind or 1)
        return f"{tensor}/seen"

    def seen_from(self, tensor: str, output: str) -> str:
        """The name under which to see a tensor when `output` is computed: inside the branch of `output`, if any."""
        way = self._inside[output][0] if output in self._inside else ()
        outer, name = self._inside.get(tensor, ((), tensor))
        if way == outer:
            return tensor
        own = f"{tensor} of {output}"
        self._inside[own] = (way, name)
        self._types[own] = self._types.get(tensor)
        return own

    def branch(self, tensor: str) -> str:
        """The branch that a tensor is in, as a prefix of names: "then." or "else."; "" outside of branches."""
        way = self._inside[tensor][0] if tensor in self._inside else ()
        return "".join(f"{name.removesuffix('_branch')}." for _, name in way)

    def cell(self, tensor: str) -> Node | None:
        """The recurrent cell that a tensor is a gate output of; None for other tensors."""
        return next(
            (node for node in self.consumers.get(tensor, ()) if node.op in CELLS and tensor in node.gates), None
        )

    def is_written_out(self, node: Node) -> bool:
        """Whether a node is a cell whose gates are written out, or the Scan that sums up its state."""
        return bool(node.gates) or (node.op == "Scan" and node.outputs[0].endswith(SUMS))

    def is_float(self, tensor: str) -> bool:
        """Whether a tensor may contain real numbers; one of unknown type may."""
        kind = self._types[tensor].elem_type if tensor in self._types else 0
        return kind in (0, 1, 10, 11, 16)

    def shape(self, tensor: str) -> tuple[int | None, ...] | None:
        """The dimensions of a tensor, None if unknown."""
        if tensor in self.initialisers:
            return tuple(self.initialisers[tensor].dims)
        found = self._types.get(tensor)
        if found is None or not found.HasField("shape"):
            return None
        return tuple(d.dim_value if d.HasField("dim_value") else None for d in found.shape.dim)

    def constant(self, tensor: str) -> Any:
        """The array of a small constant; None for other tensors and for a constant that cannot be read."""
        if tensor not in self._constants:
            self._constants[tensor] = self._read(tensor)
        return self._constants[tensor]

    def scalar(self, tensor: str) -> float | None:
        """The number that all entries of a constant equal; None if they differ or it is not a small constant."""
        array = self.constant(tensor)
        if array is None or array.size == 0 or array.dtype.kind not in "fiub":
            return None
        first = array.flat[0]
        return float(first) if array.size == 1 or bool((array == first).all()) else None

    def is_constant(self, tensor: str) -> bool:
        """Whether a tensor is a constant, perhaps moved or cast."""
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
            if node.op not in ("Constant", "ConstantOfShape"):  # one entry of the latter stands for all
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
        """A tensor with its entries, read from another file; None if that cannot be read."""
        import onnx

        copy = onnx.TensorProto()
        copy.CopyFrom(proto)
        try:
            onnx.external_data_helper.load_external_data_for_tensor(copy, self._folder)
        except Exception:  # the run will report what is wrong with the file
            return None
        return copy

    @cached_property
    def _varied(self) -> frozenset[str]:
        """The tensors whose values depend on the values of an input; positions and sizes do not."""
        found = {one.name for one in self.inputs}
        for node in self.nodes:
            if node.op not in _SIZES and any(name in found for name in node.inputs):
                found.update(node.outputs)
        return frozenset(found)

    @cached_property
    def _used(self) -> frozenset[str]:
        """The tensors whose values an output depends on; tensors of which only the size is used are left out."""
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
        """Whether values flow from an input of the model to x, and from `output` to an output of the model."""
        return x in self._varied and output in self._used

    @cached_property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """For each tensor, itself and the tensors that it is an elementwise function of, the nearest first."""
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
        """The inputs that an elementwise operator maps; empty for all other operators."""
        if node.op in TRANSPARENT:
            moved = [name for name in node.inputs[:1] if not self.is_constant(name)]
            return moved if node.op != "Cast" or self._keeps(node) else []
        if node.op == "BiasGelu" or (node.op not in ELEMENTWISE and node.op not in NAMED):
            return []
        names = [name for name in node.inputs if name and self.scalar(name) is None]
        return [] if any(self.is_constant(name) for name in names) else list(dict.fromkeys(names))

    def _keeps(self, node: Node) -> bool:
        """Whether a cast keeps the values: to a float, or to a boolean from anything but a float."""
        return node.attributes.get("to") in (1, 10, 11, 16, 9) and (
            node.attributes.get("to") != 9 or not self.is_float(node.inputs[0])
        )

    def is_linear(self, tensor: str) -> bool:
        """Whether a tensor is a weighted sum, perhaps with a bias, normalised and reshaped."""
        return self.linear(tensor) is not None

    def linear(self, tensor: str) -> Node | None:
        """The operator with weights that a tensor is the weighted sum of, if any."""
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
        """All operators downstream of a tensor."""
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
    properties = {one.key: one.value for one in proto.metadata_props}
    gates = properties.get(GATES, "").split("\n") if properties.get(GATES) else []
    scope = properties.get("pkg.torch.onnx.name_scopes", "")
    inputs = (*found.inputs, *gates)
    return Node(proto.op_type, proto.name, inputs, found.outputs, attributes, scope, place, tuple(gates))
