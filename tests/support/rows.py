"""The rowwise functions, and the rows to try them on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from support.oracle import evaluate
from support.sweep import part

from actcli.activation import Function
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

ROWWISE = [activation for activation in ACTIVATIONS if activation.kind != "elementwise"]
GATED = [activation for activation in ROWWISE if activation.kind == "gated"]
# Their formulas are in words, so their true values are computed below.
IN_WORDS = ("hardmax", "sparsemax", "entmax15", "maxout")
SETTINGS = ["gumbel_softmax:tau=0.3", "gumbel_softmax:tau=2.5", "gumbel_softmax:tau=20"]
FORMULAS = [a.bind() for a in ROWWISE if a.name not in IN_WORDS] + [specs.get(spec) for spec in SETTINGS]
ROWS = [
    [0.0],
    [3.5],
    [0.0, 0.0],
    [1e-10, 0.0],
    [1.0, 1.0, 1.0],
    [1.0, 2.0, 3.0],
    [-0.75, -0.25, 0.5, 1.25],
    [-700.25, 0.1, 12.0],
    [1e-300, -1e-300, 5e-324],
    [700.0, -44.3, 0.0, 3.0],
    [1e308, 1e308],
    [30.1, -7.3, 29.9, 2.2, 2.2],
    [0.3, 1e5, -2.0],
    [-2.0, 5e-324, -3.0, 1e-8],
    [-1.1, -1.2],
    [-9.5, 0.25, -9.5, 8.0],
    [720.5, 0.0, 1.0],
    [0.0, -741.0],
    [2.0, -3.0, -30.25, 12.5],
    [1e300, -2.5, -720.5, -39.0],
    [1e308, 1e308, -1400.0, 1399.5],
    [-1e308, 3e305, -50.5, 46.25],
    [0.1, -0.2, -0.6, 0.3, 18.0, 40.5],
]


def rows(function: Function) -> Sequence[list[float]]:
    """The rows that a function takes; in a normal run, one in five of them."""
    return part([row for row in ROWS if function.activation.kind != "gated" or len(row) % 2 == 0], 5)


def own(i: int, inputs: int, outputs: int) -> list[int]:
    """The outputs that input i belongs to: one, or two for crelu, one of them constant."""
    return list(range(i % outputs, outputs, inputs))


def jets(function: Function, row: Sequence[float], i: int) -> Any:
    """The formula's outputs with their derivatives by input i."""
    return _jets(function, tuple(row), i)


@lru_cache(maxsize=4096)  # several tests ask for f, f' and f'' of the same rows
def _jets(function: Function, row: tuple[float, ...], i: int) -> Any:
    return evaluate(function.activation.formula, row, function.parameters, entry=i)
