"""Elementwise operators from one tensor to another: run on numbers, or written as an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from actcli.activation import Array, Function
from actcli.models.graph import Graph, Node
from actcli.models.operators import CONDITIONS, ELEMENTWISE, NAMED, TRANSPARENT, function_of

_BOOL = 9  # as ONNX numbers types
_ROOTS = {
    value: value
    for value in (2**0.5, 0.5**0.5, (2 / np.pi) ** 0.5, 1 / 6, 1 / 3, 0.044715, 1.702, (8 / np.pi) ** 0.5, np.pi**0.5)
}  # exact values of constants that models store rounded


def own_function(graph: Graph, node: Node) -> Function | None:
    """The activation that a single operator is, if any."""
    if node.op not in NAMED or node.op == "Affine":
        return None
    return function_of(node.op, node.attributes, [graph.scalar(name) for name in node.inputs])


def compiled(
    graph: Graph, x: str, nodes: Sequence[Node], constants: Mapping[str, Array] | None = None
) -> Callable[[Array], Any] | None:
    """The operators as a function of x in double precision; None if one of them cannot be computed. `constants`: those
    that are not a single number."""
    steps: list[tuple[Callable[..., Any], list[str | float], str]] = []
    for node in nodes:
        if node.op in TRANSPARENT:
            steps.append((lambda value: value, [node.inputs[0]], node.output))
            continue
        compute = _compute(graph, node)
        if compute is None:
            return None
        steps.append((compute, _arguments(graph, node), node.output))

    def f(t: Array) -> Any:
        known: dict[str, Any] = {x: t, **(constants or {})}
        with np.errstate(all="ignore"):
            for compute, given, output in steps:
                known[output] = compute(*(known[one] if isinstance(one, str) else one for one in given))
        return np.broadcast_to(np.asarray(known[steps[-1][2]], np.float64), t.shape)

    return f


def _arguments(graph: Graph, node: Node) -> list[str | float]:
    """The inputs of an operator: names of tensors, and constants. The bounds of Clip may be attributes or left out."""
    given: list[str | float] = []
    for name in node.inputs:
        constant = graph.scalar(name) if name else None
        given.append(name if constant is None else unrounded(constant))
    if node.op != "Clip":
        return [one for one in given if one != ""]
    if "min" in node.attributes or "max" in node.attributes:
        return [given[0], float(node.attributes.get("min", -np.inf)), float(node.attributes.get("max", np.inf))]
    low, high = (*given[1:], "", "")[:2]
    return [given[0], -np.inf if low == "" else low, np.inf if high == "" else high]


def _compute(graph: Graph, node: Node) -> Callable[..., Any] | None:
    if node.op in ELEMENTWISE:
        return ELEMENTWISE[node.op].compute
    function = own_function(graph, node)
    return None if function is None else lambda value, *rest: function.f(np.asarray(value, np.float64))


def unrounded(value: float) -> float:
    """The exact value of a well-known constant that is stored in single or half precision."""
    for root in (*_ROOTS, *(1 / root for root in _ROOTS)):
        if value in (root, float(np.float32(root)), float(np.float16(root))):
            return root
    return value


def written(graph: Graph, x: str, nodes: Sequence[Node]) -> str | None:
    """The region as an expression in x; None if expressions cannot write one of its operators."""
    known = {x: "x"}
    conditions: set[str] = set()
    for node in nodes:
        if node.op in CONDITIONS or (node.op in TRANSPARENT and node.inputs[0] in conditions and not _counts(node)):
            conditions.add(node.output)
        if node.op in TRANSPARENT:
            text = known[node.inputs[0]]
            known[node.output] = f"where({text}, 1, 0)" if node.inputs[0] in conditions and _counts(node) else text
            continue
        given = [_written(one, known) for one in _arguments(graph, node)]
        if node.op in ELEMENTWISE and ELEMENTWISE[node.op].text:
            if ELEMENTWISE[node.op].text.count("{") > len(given):
                return None
            known[node.output] = ELEMENTWISE[node.op].text.format(*given)
            continue
        function = own_function(graph, node)
        if function is None or function.label != function.name:
            return None
        known[node.output] = f"{function.name}({given[0]})"
    return known[nodes[-1].output]


def _counts(node: Node) -> bool:
    """Whether a cast turns booleans into numbers."""
    return node.op == "Cast" and node.attributes.get("to") != _BOOL


def _written(argument: str | float, known: Mapping[str, str]) -> str:
    if isinstance(argument, str):
        return f"({known[argument]})"
    return f"{argument:.9g}" if np.isfinite(argument) else ("1e300" if argument > 0 else "(-1e300)")
