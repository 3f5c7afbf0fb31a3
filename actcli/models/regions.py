"""Parts of a graph that are a function of one tensor, number by number, and what each is called.

A function is known by its values and not by how it is written. Every tensor that a part may begin with is tried, the
farthest first; steps that follow a named part, such as a factor, are left to what comes after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actcli.activation import Array, Function
from actcli.errors import ActcliError
from actcli.models.graph import Graph, Node
from actcli.models.operators import ELEMENTWISE, NAMED, TRANSPARENT, WEAK, function_of, plain, sloped
from actcli.models.recognise import FLOAT16, FLOAT32, recognise, shape_of
from actcli.registry.specs import get

_GENERAL = frozenset({"QuickGelu", "Swish", "Shrink"})  # with their parameters they are mostly others
_AFFINE = frozenset({"Add", "Sub", "Mul", "Div", "Neg"})
_LONGEST = 40  # operators of one function
_ROOTS = {
    value: value
    for value in (2**0.5, 0.5**0.5, (2 / np.pi) ** 0.5, 1 / 6, 1 / 3, 0.044715, 1.702, (8 / np.pi) ** 0.5, np.pi**0.5)
}  # as they were before they were rounded


@dataclass(frozen=True, slots=True)
class Region:
    """From the pre-activation x to the output, whose function has a name, or an expression."""

    x: str
    output: str
    function: Function
    known: str  # how
    nodes: tuple[Node, ...]


class Finder:
    """Finds the regions of a graph. What has been looked at is kept by its text."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._named: dict[tuple[str, tuple[str, ...]], tuple[Function | None, str]] = {}
        self.unnamed: list[Node] = []

    def regions(self) -> list[Region]:
        """All of them, in the order of the graph, none within another."""
        found: list[Region] = []
        inside: set[int] = set()
        for node in reversed(self._graph.nodes):
            if node.place in inside or node.op in TRANSPARENT:
                continue
            if (region := self._ending(node)) is not None:
                found.append(region)
                inside.update(part.place for part in region.nodes)
        return found[::-1]

    def _ending(self, node: Node) -> Region | None:
        """The region that ends with this operator, from as far as it has a name."""
        own = _sloped(self._graph, node) if node.op == "PRelu" else None
        if own is not None and self._graph.is_between(node.inputs[0], node.output):
            return Region(node.inputs[0], node.output, own, "operator PRelu, a slope per channel", (node,))
        chain = self._graph.chains.get(node.output, ())[1:]
        written = None
        for place, x in reversed(list(enumerate(chain))):
            region = self._region(x, node) if self._graph.is_float(x) else None
            if region is not None and region.known != "expression":
                return region
            if region is not None and not any(self._ending(self._graph.producer[one]) for one in chain[:place]):
                written = written or region  # it does more than to scale or bend what has a name
        return written

    def _region(self, x: str, last: Node) -> Region | None:
        """From x to this operator, if that is an activation."""
        nodes = self._between(x, last)
        if not nodes or len(nodes) > _LONGEST or not self._graph.is_between(x, last.output):
            return None
        function, known = self._name(x, nodes)
        if function is None or not self._counts(function, x, nodes):
            return None
        return Region(x, last.output, function, known, nodes)

    def _between(self, x: str, last: Node) -> tuple[Node, ...]:
        """The operators from x to the last, in order."""
        found: dict[int, Node] = {}
        waiting = [last]
        while waiting:
            node = waiting.pop()
            if node.place in found:
                continue
            found[node.place] = node
            waiting += [self._graph.producer[name] for name in self._graph.varying(node) if name != x]
        return tuple(found[place] for place in sorted(found))

    def _counts(self, function: Function, x: str, nodes: Sequence[Node]) -> bool:
        """Whether it is an activation: not a bound of a variance, nor a step of arithmetic."""
        maker = self._graph.producer.get(x)
        if maker is not None and _is_statistic(self._graph, maker) and _is_divisor(self._graph, nodes[-1].output):
            return False
        if function.name in ("sine", "cosine") and _is_turn(self._graph, nodes):
            return False
        if function.name in WEAK:
            return self._graph.is_linear(x) and function.name != "identity"
        if function.name == "hard_tanh":
            return function.parameters["max_val"] - function.parameters["min_val"] <= 100.0
        return True

    def _name(self, x: str, nodes: tuple[Node, ...]) -> tuple[Function | None, str]:
        """The function of the region and how it is known."""
        steps = [node for node in nodes if node.op not in TRANSPARENT]
        key = self._text(x, nodes)
        weighty = self._graph.is_linear(x)
        if (key, ("linear",) * weighty) not in self._named:
            self._named[key, ("linear",) * weighty] = self._looked_up(x, nodes, steps, weighty)
        return self._named[key, ("linear",) * weighty]

    def _looked_up(
        self, x: str, nodes: tuple[Node, ...], steps: Sequence[Node], weighty: bool
    ) -> tuple[Function | None, str]:
        if len(steps) == 1 and steps[0].op not in _GENERAL and (function := _own(self._graph, steps[0])) is not None:
            return function, f"operator {steps[0].op}"
        f = compiled(self._graph, x, nodes)
        rounding = FLOAT16 if self._is_half(nodes) else FLOAT32
        if f is None or shape_of(f, rounding) != "curve":
            return None, ""
        prefer = [NAMED[node.op].name for node in steps if node.op in NAMED and node.op not in _GENERAL]
        scaled = self._is_scaled(x, nodes)
        if (function := recognise(f, rounding, prefer, at_defaults=scaled)) is not None:
            what = steps[0].op if len(steps) == 1 else f"{len(steps)} operators"
            return plain(function), f"recognised from {what}"
        if weighty and any(node.op in NAMED for node in steps):
            return self._expression(x, nodes, f)
        return None, ""

    def _is_scaled(self, x: str, nodes: tuple[Node, ...]) -> bool:
        """Whether the last operators only scale and move what has a name: with parameters to choose, an elu that is
        scaled would be a selu."""
        last = nodes[-1]
        while last.op in _AFFINE and len(above := self._graph.varying(last)) == 1 and above[0] != x:
            last = self._graph.producer[above[0]]
            if self._name(x, self._between(x, last))[1] not in ("", "expression"):
                return True
        return False

    def _expression(self, x: str, nodes: Sequence[Node], f: Callable[[Array], Any]) -> tuple[Function | None, str]:
        text = written(self._graph, x, nodes)
        try:
            function = None if text is None else get(text)
        except ActcliError:
            return None, ""
        return function, "expression"

    def _is_half(self, nodes: Sequence[Node]) -> bool:
        constants = [self._graph.constant(name) for node in nodes for name in node.inputs]
        return any(array is not None and array.dtype == np.float16 for array in constants)

    def _text(self, x: str, nodes: Sequence[Node]) -> str:
        names = {x: "x"}
        lines = []
        for node in nodes:
            given = [names.get(name) or repr(self._graph.scalar(name)) for name in node.inputs]
            lines.append(f"{node.op} {given} {sorted((k, str(v)) for k, v in node.attributes.items())}")
            names[node.output] = str(len(names))
        return "\n".join(lines)


def _own(graph: Graph, node: Node) -> Function | None:
    if node.op not in NAMED or node.op == "Affine":
        return None
    return function_of(node.op, node.attributes, [graph.scalar(name) for name in node.inputs])


def is_sloped(graph: Graph, node: Node) -> bool:
    """Whether a PRelu has one slope, or one for each channel, that is known."""
    dims = graph.shape(node.inputs[1]) or ()
    return graph.constant(node.inputs[1]) is not None and sum(size != 1 for size in dims) <= 1


def _sloped(graph: Graph, node: Node) -> Function | None:
    """The prelu that has a slope for each channel; None where it has one slope, or they are not known."""
    if graph.scalar(node.inputs[1]) is not None or not is_sloped(graph, node):
        return None
    return sloped(np.asarray(graph.constant(node.inputs[1]), np.float64))


def _is_statistic(graph: Graph, node: Node) -> bool:
    """Whether a mean or a norm over some axes, or a difference of such, makes the tensor."""
    for _ in range(4):
        if node.op.startswith("Reduce") or node.op in ("LpNormalization", "CumSum"):
            return True
        above = [graph.producer.get(name) for name in node.inputs if not graph.is_constant(name)]
        if node.op not in ("Sub", "Add", "Mul", "Div", "Sqrt", *TRANSPARENT) or not above or above[0] is None:
            return False
        node = above[0]
    return False


def _is_divisor(graph: Graph, tensor: str) -> bool:
    """Whether something is divided by it, or by its root, as by a norm."""
    waiting = [(tensor, 0)]
    while waiting:
        tensor, steps = waiting.pop()
        for node in graph.consumers.get(tensor, ()):
            if node.op in ("Sqrt", "Reciprocal", "Pow") or (node.op == "Div" and node.inputs[1] == tensor):
                return True
            if steps < 4 and node.op in ("Add", "Sub", "Mul", *TRANSPARENT):
                waiting.append((node.output, steps + 1))
    return False


def _is_turn(graph: Graph, nodes: Sequence[Node]) -> bool:
    """Whether both the sine and the cosine are taken of an angle, as codes of places do."""
    turns = [node for node in nodes if node.op in ("Sin", "Cos")]
    ops = {other.op for node in turns for other in graph.consumers.get(node.inputs[0], ())}
    return {"Sin", "Cos"} <= ops


def compiled(graph: Graph, x: str, nodes: Sequence[Node]) -> Callable[[Array], Any] | None:
    """The function of a region, in double precision; None where an operator is not known well enough."""
    steps: list[tuple[Callable[..., Any], list[str | float], str]] = []
    for node in nodes:
        if node.op in TRANSPARENT:
            steps.append((lambda value: value, [node.inputs[0]], node.output))
            continue
        given: list[str | float] = []
        for name in node.inputs:
            constant = graph.scalar(name) if name else None
            given.append(name if constant is None else unrounded(constant))
        compute = _compute(graph, node)
        if compute is None:
            return None
        steps.append((compute, _clip_arguments(node, given), node.output))

    def f(t: Array) -> Any:
        known: dict[str, Any] = {x: t}
        with np.errstate(all="ignore"):
            for compute, given, output in steps:
                known[output] = compute(*(known[one] if isinstance(one, str) else one for one in given))
        return np.broadcast_to(np.asarray(known[steps[-1][2]], np.float64), t.shape)

    return f


def _clip_arguments(node: Node, given: Sequence[str | float]) -> list[str | float]:
    """Those that are there: of Clip the bounds may be attributes, or be left out."""
    if node.op != "Clip":
        return [one for one in given if one != ""]
    if "min" in node.attributes or "max" in node.attributes:
        return [given[0], float(node.attributes.get("min", -np.inf)), float(node.attributes.get("max", np.inf))]
    low, high = (*given[1:], "", "")[:2]
    return [given[0], -np.inf if low == "" else low, np.inf if high == "" else high]


def _compute(graph: Graph, node: Node) -> Callable[..., Any] | None:
    if node.op in ELEMENTWISE:
        return ELEMENTWISE[node.op].compute
    function = _own(graph, node)
    return None if function is None else lambda value, *rest: function.f(np.asarray(value, np.float64))


def unrounded(value: float) -> float:
    """A constant of single or half precision as it was meant."""
    for root in (*_ROOTS, *(1 / root for root in _ROOTS)):
        if value in (root, float(np.float32(root)), float(np.float16(root))):
            return root
    return value


def written(graph: Graph, x: str, nodes: Sequence[Node]) -> str | None:
    """The region as an expression in x; None where it has no word for an operator."""
    known = {x: "x"}
    for node in nodes:
        if node.op in TRANSPARENT:
            known[node.output] = known[node.inputs[0]]
            continue
        given = list(_arguments(graph, node, known))
        if node.op in ELEMENTWISE and ELEMENTWISE[node.op].text:
            if ELEMENTWISE[node.op].text.count("{") > len(given):
                return None
            known[node.output] = ELEMENTWISE[node.op].text.format(*given)
            continue
        function = _own(graph, node)
        if function is None or function.label != function.name:
            return None
        known[node.output] = f"{function.name}({given[0]})"
    return known[nodes[-1].output]


def _arguments(graph: Graph, node: Node, known: dict[str, str]) -> Iterator[str]:
    given: list[str | float] = []
    for name in node.inputs:
        constant = graph.scalar(name) if name else None
        given.append(name if constant is None else unrounded(constant))
    for one in _clip_arguments(node, given):
        if isinstance(one, str):
            yield f"({known[one]})"
        else:
            yield f"{one:.9g}" if np.isfinite(one) else ("1e300" if one > 0 else "(-1e300)")
