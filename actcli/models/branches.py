"""The branches of an If: put their tensors among the model's own, and make one of them an output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

Way = tuple[tuple[int, str], ...]  # nested Ifs, from the outside in: place in its graph, and branch


@dataclass(frozen=True, slots=True)
class Found:
    """An operator with its inputs and outputs, by names that are unique in the model."""

    proto: onnx.NodeProto
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(slots=True)
class Flat:
    """A model as if it had no branches: operators in order of execution, constants, types. `inside` gives, for a tensor
    of a branch, the way to the branch and the tensor's name there."""

    nodes: list[Found] = field(default_factory=list)
    initialisers: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    inside: dict[str, tuple[Way, str]] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, graph: onnx.GraphProto) -> Flat:
        """Flatten the graph of a model."""
        flat = cls()
        flat._taken.update(name for node in graph.node for name in node.output)
        flat._add(graph, (), {})
        return flat

    def _add(self, graph: onnx.GraphProto, way: Way, outer: Mapping[str, str]) -> dict[str, str]:
        """Add a graph; return its names, each with the unique name in the model."""
        names = dict(outer)
        for one in graph.initializer:
            self.initialisers[self._named(one.name, way, names)] = one
        for one in graph.input:
            self._named(one.name, way, names)
        for place, proto in enumerate(graph.node):
            inputs = [names.get(name, name) for name in proto.input]
            inputs += self._branches(proto, way, place, names) if proto.op_type == "If" else []
            inputs += [names.get(name, name) for name in _captured(proto)] if proto.op_type != "If" else []
            self.nodes.append(Found(proto, tuple(inputs), tuple(self._named(one, way, names) for one in proto.output)))
        for info in (*graph.value_info, *graph.input, *graph.output):
            if info.name in names:
                self.types.setdefault(names[info.name], info.type.tensor_type)
        return names

    def _branches(self, proto: onnx.NodeProto, way: Way, place: int, names: Mapping[str, str]) -> Iterator[str]:
        """Add the branches of an If; yield the unique names of their outputs."""
        for attribute in proto.attribute:
            own = self._add(attribute.g, (*way, (place, attribute.name)), names)
            yield from (own.get(one.name, one.name) for one in attribute.g.output)

    def _named(self, name: str, way: Way, names: dict[str, str]) -> str:
        """Give a tensor of a graph its unique name in the model."""
        if not name:
            return ""
        if not way:
            names[name] = name
            return name
        own, number = name, 2
        while own in self._taken:
            own, number = f"{name}_{number}", number + 1
        self._taken.add(own)
        names[name] = own
        self.inside[own] = (way, name)
        return own


def _captured(proto: onnx.NodeProto) -> list[str]:
    """The outer tensors that the body of a loop uses."""
    found: dict[str, None] = {}
    for attribute in proto.attribute:
        if attribute.HasField("g"):
            graph = attribute.g
            own = {one.name for one in (*graph.initializer, *graph.input)}
            own.update(name for node in graph.node for name in node.output)
            for node in graph.node:
                found |= dict.fromkeys(name for name in (*node.input, *_captured(node)) if name not in own)
    return list(found)


def bring_out(graph: onnx.GraphProto, way: Way, name: str, output: str, kind: int) -> None:
    """Make a tensor of a graph, or of a branch in it, an output of the graph under this name. The output is empty if
    another branch runs. `kind` is the tensor's type, as ONNX numbers types."""
    import onnx

    if way:
        (place, branch), *rest = way
        node = graph.node[place]
        for attribute in node.attribute:
            inner = f"{output}/{attribute.name}"
            if attribute.name == branch:
                bring_out(attribute.g, tuple(rest), name, inner, kind)
                continue
            empty = onnx.numpy_helper.from_array(np.zeros(0, onnx.helper.tensor_dtype_to_np_dtype(kind)))
            attribute.g.node.append(onnx.helper.make_node("Constant", [], [inner], value=empty))
            attribute.g.output.append(onnx.helper.make_tensor_value_info(inner, kind, None))
        node.output.append(output)
    elif name != output:
        graph.node.append(onnx.helper.make_node("Identity", [name], [output]))
    graph.output.append(onnx.helper.make_tensor_value_info(output, kind, None))
