"""An expression as an Activation, to be used like any other."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from actcli.activation import Activation, Function, Interval
from actcli.errors import UsageError
from actcli.expressions.jets import differentiate
from actcli.expressions.kernels import Quantity, Values, domain, why_unstable, written_out
from actcli.expressions.kinks import kinks, oscillates
from actcli.expressions.tree import Call, Choice, Constant, Node, Where, names, nodes, text
from actcli.numerics.doubles import grid
from actcli.parameters import INF, REAL, Parameter

WINDOW = (-10.0, 10.0)  # of functions that oscillate for ever, as in their declarations


PARTS, LEVELS = 2_000, 40  # at most, of an expression with the definitions that it uses


def bounded(written: Node) -> Node:
    """Return the tree unchanged. Raises UsageError if the definitions that it uses make it too large to evaluate."""
    parts, levels = written_out(written)
    if levels > LEVELS:
        raise UsageError(f"definitions are nested {levels} levels deep", f"at most {LEVELS} are allowed")
    if levels and parts > PARTS:
        count = f"{parts:,}" if parts < 10**15 else f"{parts:.1e}"
        raise UsageError(f"with the definitions that it uses it has {count} parts", f"at most {PARTS:,} are allowed")
    return written


def declare(
    formula: str,
    written: Node,
    stable: Node,
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    parameters: Sequence[Parameter] | None = None,
    source: str = "an expression",
) -> Activation:
    """Return the activation of a formula with the tree `written`, evaluated through the tree `stable`.

    Without `parameters` its free names become parameters without defaults. Raises UsageError for a formula without x.
    """
    free = [free for free in names(written) if free != "x"]
    if len(free) == len(names(written)):
        hint = "write a lower-case x" if "X" in free else "an expression is a formula in x, such as x*sigmoid(x)"
        raise UsageError(f"{formula!r} does not depend on x", hint)
    return Activation(
        name=name or formula,
        aliases=aliases,
        formula=formula,
        derivative="",
        computed="" if stable == written else text(stable),
        f=Quantity(stable),
        df=Quantity(stable, 1),
        d2f=Quantity(stable, 2),
        wrt={parameter: Quantity(stable, 1, parameter) for parameter in free},
        parameters=tuple(parameters or (Parameter(p, math.nan, REAL, "of the expression") for p in free)),
        range=None,
        limits=_limits(stable),
        breaks=_breaks(stable, (-INF, INF), None),
        convention=_convention(stable),
        constraint=_constraint(stable),
        source=source,
    )


def examined(function: Function) -> Function:
    """Return the function of an expression with its domain, and its window if it oscillates for ever.

    Any other function is returned unchanged. Raises UsageError if f is NaN everywhere.
    """
    activation, values = function.activation, function.parameters
    if not isinstance(activation.f, Quantity):
        return function
    tree = _tree(activation)
    within = domain(tree, values)
    if within is None:
        raise UsageError(f"{function.label!r} is NaN at every x", "look for a root or logarithm of a negative number")
    window = WINDOW if oscillates(tree, values) else None
    known = replace(activation, domain=within, window=window, breaks=_breaks(tree, within, window))
    return Function(known, function.values)


def _tree(activation: Activation) -> Node:
    assert isinstance(activation.f, Quantity)
    return activation.f.tree


def instability(function: Function) -> str | None:
    """Return where the form of an expression loses digits or overflows; None if nowhere, and for other functions."""
    if not isinstance(function.activation.f, Quantity):
        return None
    activation = function.activation
    found = why_unstable(_tree(activation), function.parameters, activation.window or activation.domain)
    return None if found is None else f"{function.label} is unstable as it is written: {found}"


def _calls(tree: Node) -> list[Call]:
    return [node for node in nodes(tree) if isinstance(node, Call) and node.settings]


def _check(tree: Node, values: dict[str, float]) -> None:
    """Raise UsageError if these values put a parameter of a called function outside its domain."""
    for node in _calls(tree):
        given = {
            key: float(differentiate(value, np.zeros(1), values, order=0).v.flat[0]) for key, value in node.settings
        }
        node.activation.bind(given)


def _constraint(tree: Node) -> tuple[str, Callable[..., bool]] | None:
    called = [node for node in _calls(tree) if any(not isinstance(value, Constant) for _, value in node.settings)]
    if not called:
        return None

    def holds(**values: float) -> bool:
        try:
            _check(tree, values)
        except UsageError:
            return False
        return True

    return f"valid parameters of {', '.join(dict.fromkeys(node.activation.name for node in called))}", holds


def _limits(tree: Node) -> Callable[..., Interval]:
    def limits(**values: float) -> Interval:
        low, high = (Quantity(tree)(np.array([-math.inf, math.inf]), **values) + 0.0).tolist()
        return low, high

    return limits


def _breaks(tree: Node, within: Interval, window: Interval | None) -> Callable[..., tuple[float, ...]]:
    @lru_cache(maxsize=256)
    def found(values: Values) -> tuple[float, ...]:
        return kinks(tree, dict(values), grid((), within, window))

    return lambda **values: found(tuple(values.items()))


def _convention(tree: Node) -> str:
    if not any(isinstance(node, Choice | Where) for node in nodes(tree)):
        return ""
    return "at a kink the value of the branch taken; min and max take the first in a tie"
