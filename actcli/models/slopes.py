"""Find a prelu with a slope per channel: one operator, or the several that Keras writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actcli.activation import Array, Function
from actcli.models.graph import Graph, Node
from actcli.models.operators import TRANSPARENT, sloped
from actcli.models.steps import compiled

_ENDS = frozenset({"Add", "Sub", "Sum", "Max", "Min", "Where"})
_STEPS = frozenset({*_ENDS, *TRANSPARENT, "Relu", "Neg", "Mul", "Abs", "Clip", "Greater", "GreaterOrEqual", "Less",
                    "LessOrEqual", "Not"})  # fmt: skip
_LONGEST = 16
_POINTS = np.array([-7.0, -2.0, -0.5, 0.5, 2.0, 7.0])


@dataclass(frozen=True, slots=True)
class Sloped:
    """The operators, in order, that apply the function to x."""

    x: str
    function: Function
    nodes: tuple[Node, ...]


def is_sloped(graph: Graph, node: Node) -> bool:
    """Whether a PRelu has known slopes: a single one, or one per channel."""
    return graph.constant(node.inputs[1]) is not None and _wide(graph, node.inputs[1]) <= 1


def sloped_prelu(graph: Graph, last: Node) -> Sloped | None:
    """The prelu with a slope per channel that ends with this operator; None if there is none or slopes are unknown."""
    if last.op == "PRelu":
        if graph.scalar(last.inputs[1]) is not None or not is_sloped(graph, last):
            return None
        return Sloped(last.inputs[0], sloped(np.asarray(graph.constant(last.inputs[1]), np.float64)), (last,))
    if last.op not in _ENDS:
        return None
    reached = _before(graph, last)
    for x in dict.fromkeys(name for node in reached for name in node.inputs):
        nodes, vectors = _cut(graph, last, x)
        if len(vectors) == 1 and (slopes := _slopes(graph, x, nodes, vectors.pop())) is not None:
            return Sloped(x, sloped(slopes), nodes)
    return None


def _before(graph: Graph, last: Node) -> list[Node]:
    """The operators shortly before the last; empty if none of them is a product with a vector."""
    found: list[Node] = []
    waiting = [last]
    while waiting and len(found) < _LONGEST:
        node = waiting.pop(0)
        if node.op in _STEPS and node not in found:
            found.append(node)
            waiting += [graph.producer[name] for name in node.inputs if name in graph.producer]
    return found if any(_factor(graph, node) for node in found) else []


def _cut(graph: Graph, last: Node, x: str) -> tuple[tuple[Node, ...], set[str]]:
    """The operators from x to the last, and the vectors among their constants; empty if they use other tensors."""
    found: dict[int, Node] = {}
    vectors: set[str] = set()
    waiting = [last]
    while waiting:
        node = waiting.pop()
        if node.op not in _STEPS or len(found) > _LONGEST:
            return (), set()
        found[node.place] = node
        if factor := _factor(graph, node):
            vectors.add(factor)
        for name in node.inputs:
            if not name or name in (x, factor) or graph.scalar(name) is not None:
                continue
            if name not in graph.producer:
                return (), set()
            waiting.append(graph.producer[name])
    return tuple(found[place] for place in sorted(found)), vectors


def _factor(graph: Graph, node: Node) -> str:
    """The vector, one number per channel, that a product multiplies by; "" if there is none."""
    if node.op != "Mul":
        return ""
    constants = (name for name in node.inputs if graph.is_constant(name) and graph.scalar(name) is None)
    return next((name for name in constants if _wide(graph, name) == 1), "")


def _wide(graph: Graph, tensor: str) -> int:
    """The number of axes along which a constant has more than one entry."""
    array = graph.constant(tensor)
    return 2 if array is None else sum(size != 1 for size in array.shape)


def _slopes(graph: Graph, x: str, nodes: tuple[Node, ...], vector: str) -> Array | None:
    """The slopes below 0 if the values of several operators are those of a prelu; else None."""
    column = np.asarray(graph.constant(vector), np.float64).reshape(-1, 1)
    f = compiled(graph, x, nodes, {vector: column})
    if f is None:
        return None
    t = np.tile(_POINTS, (len(column), 1))
    y = np.asarray(f(t), np.float64)
    left, right = _POINTS < 0.0, _POINTS > 0.0
    slopes = y[:, left] / t[:, left]
    is_one = np.allclose(y[:, right], t[:, right], rtol=1e-6) and np.allclose(slopes, slopes[:, :1], atol=1e-6)
    return slopes[:, -1] + 0.0 if is_one else None  # no -0
