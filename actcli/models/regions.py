"""Regions of a graph that are an elementwise function of one tensor, and the names of these functions.

A function is recognised by its values, not by how it is written. Every tensor that a region may begin with is tried,
the farthest first; steps after a named region, such as a factor, belong to what comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actcli.activation import Array, Function
from actcli.errors import ActcliError
from actcli.models.graph import Graph, Node
from actcli.models.operators import NAMED, TRANSPARENT, WEAK, plain
from actcli.models.recognise import FLOAT16, FLOAT32, recognise, shape_of
from actcli.models.slopes import sloped_prelu
from actcli.models.steps import compiled, own_function, written
from actcli.registry.specs import get

_GENERAL = frozenset({"QuickGelu", "Swish", "Shrink"})  # with their parameters they mostly equal other functions
_AFFINE = frozenset({"Add", "Sub", "Mul", "Div", "Neg"})
_LONGEST = 40  # operators of one function


@dataclass(frozen=True, slots=True)
class Region:
    """The operators from the pre-activation x to the output: a named function, or an expression."""

    x: str
    output: str
    function: Function
    known: str  # how the function was found
    nodes: tuple[Node, ...]


class Finder:
    """Finds the regions of a graph. Functions are cached by the text of their operators."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._named: dict[tuple[str, tuple[str, ...]], tuple[Function | None, str]] = {}

    def regions(self) -> list[Region]:
        """All regions, in graph order, none inside another."""
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
        """The longest named region that ends with this operator; failing that, one that is an expression."""
        own = sloped_prelu(self._graph, node)
        if own is not None and self._graph.is_between(own.x, node.output):
            known = "operator PRelu" if node.op == "PRelu" else f"recognised from {len(own.nodes)} operators"
            return Region(own.x, node.output, own.function, f"{known}, a slope per channel", own.nodes)
        chain = self._graph.chains.get(node.output, ())[1:]
        written = None
        for place, x in reversed(list(enumerate(chain))):
            region = self._region(x, node) if self._graph.is_float(x) else None
            if region is not None and region.known != "expression":
                return region
            if region is not None and not any(self._ending(self._graph.producer[one]) for one in chain[:place]):
                written = written or region  # it does not merely scale or bend a named function
        return written

    def _region(self, x: str, last: Node) -> Region | None:
        """The region from x to this operator, if it is an activation."""
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
        """Whether a function is an activation here: not the clamp of a variance, nor a step of arithmetic."""
        maker = self._graph.producer.get(x)
        if maker is not None and _is_statistic(self._graph, maker) and _is_divisor(self._graph, nodes[-1].output):
            return False
        if function.name in ("sine", "cosine") and _is_turn(self._graph, nodes):
            return False
        if function.name in WEAK:
            return self._graph.is_linear(x) and function.name != "identity"
        if function.name == "hard_sigmoid":
            return function.parameters["alpha"] <= 100.0  # steeper: a comparison, as a number
        if function.name == "hard_tanh":
            return function.parameters["max_val"] - function.parameters["min_val"] <= 100.0
        return True

    def _name(self, x: str, nodes: tuple[Node, ...]) -> tuple[Function | None, str]:
        """The function of a region and how it was found."""
        steps = [node for node in nodes if node.op not in TRANSPARENT]
        key = self._text(x, nodes)
        weighty = self._graph.is_linear(x)
        if (key, ("linear",) * weighty) not in self._named:
            self._named[key, ("linear",) * weighty] = self._looked_up(x, nodes, steps, weighty)
        return self._named[key, ("linear",) * weighty]

    def _looked_up(
        self, x: str, nodes: tuple[Node, ...], steps: Sequence[Node], weighty: bool
    ) -> tuple[Function | None, str]:
        if (
            len(steps) == 1
            and steps[0].op not in _GENERAL
            and (function := own_function(self._graph, steps[0])) is not None
        ):
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
        """Whether the last operators only scale and shift a named function. With free parameters, a scaled elu would
        match a selu."""
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


def _is_statistic(graph: Graph, node: Node) -> bool:
    """Whether a node computes a mean or norm over some axes, or a difference of these."""
    for _ in range(4):
        if node.op.startswith("Reduce") or node.op in ("LpNormalization", "CumSum"):
            return True
        above = [graph.producer.get(name) for name in node.inputs if not graph.is_constant(name)]
        if node.op not in ("Sub", "Add", "Mul", "Div", "Sqrt", *TRANSPARENT) or not above or above[0] is None:
            return False
        node = above[0]
    return False


def _is_divisor(graph: Graph, tensor: str) -> bool:
    """Whether something is divided by a tensor or by its root, as by a norm."""
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
    """Whether the sine and the cosine of the same angle are taken, as in positional encodings."""
    turns = [node for node in nodes if node.op in ("Sin", "Cos")]
    ops = {other.op for node in turns for other in graph.consumers.get(node.inputs[0], ())}
    return {"Sin", "Cos"} <= ops
