"""The branches of an If: their tensors among those of the model, and how one of them comes out of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

Way = tuple[tuple[int, str], ...]  # the places of If operators, each in the graph before, and the branch taken


@dataclass(frozen=True, slots=True)
class Found:
    """An operator, and the names of what it takes and gives, which are the only ones of their kind in the model."""

    proto: onnx.NodeProto
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(slots=True)
class Flat:
    """A model as if it had no branches: operators in the order in which they run, constants, types; and by its name
    where a tensor of a branch is, and what it is called there."""

    nodes: list[Found] = field(default_factory=list)
    initialisers: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    inside: dict[str, tuple[Way, str]] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, graph: onnx.GraphProto) -> Flat:
        """That of a model's graph."""
        flat = cls()
        flat._taken.update(name for node in graph.node for name in node.output)
        flat._add(graph, (), {})
        return flat

    def _add(self, graph: onnx.GraphProto, way: Way, outer: Mapping[str, str]) -> dict[str, str]:
        """Adds a graph; by the names in it those in the model."""
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
        """Adds those of an If; the names of what they give."""
        for attribute in proto.attribute:
            own = self._add(attribute.g, (*way, (place, attribute.name)), names)
            yield from (own.get(one.name, one.name) for one in attribute.g.output)

    def _named(self, name: str, way: Way, names: dict[str, str]) -> str:
        """The name in the model of what a graph calls so."""
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
    """What the graphs of a loop take from around it."""
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
    """Makes a tensor of a graph, or of a branch in it, an output of it that is called so. Where another branch is taken
    it has no entries. `kind` is its type, as ONNX counts them."""
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
