"""Dialects: the names that frameworks give to activations."""

import re
from collections.abc import Iterable
from functools import cache

from actcli.activation import Activation, Dialect
from actcli.errors import UsageError
from actcli.registry.collection import ACTIVATIONS, BUILT_IN, key, nearest

_SPELLINGS = {"torch": "pytorch", "tf": "tensorflow", "hf": "transformers"}  # common short names
_CALL = re.compile(r"([\w.]+)\((\w+)=(.*)\)")  # a name with an argument
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_PLACEHOLDERS = ("n", "theta", "lambd", "...")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")  # as in Python, torch.nn.ReLU


def index(activations: Iterable[Activation]) -> dict[tuple[str, str], tuple[Activation, Dialect]]:
    """Map (framework, key of a name) to its meaning there. A framework's own name takes precedence over one of ours."""
    found: dict[tuple[str, str], tuple[Activation, Dialect]] = {}
    declared = [(activation, dialect) for activation in activations for dialect in activation.dialects]
    theirs = [(name, *entry) for entry in declared if entry[1].short for name in (entry[1].short, entry[1].name)]
    for name, activation, dialect in theirs:
        if found.setdefault((dialect.framework, key(name)), (activation, dialect))[0] is not activation:
            raise ValueError(f"{name!r} names two activations")
    for activation, dialect in declared:
        for name in activation.names:
            found.setdefault((dialect.framework, key(name)), (activation, dialect))
    return found


@cache
def _known() -> dict[tuple[str, str], tuple[Activation, Dialect]]:
    return index(ACTIVATIONS)


@cache
def frameworks() -> tuple[str, ...]:
    return tuple(dict.fromkeys(framework for framework, _ in _known()))


def framework(name: str) -> str:
    """Return the canonical name of a framework. Raises UsageError if it is unknown."""
    folded = name.casefold().strip()
    folded = _SPELLINGS.get(folded, folded)
    if folded not in frameworks():
        raise UsageError(f"no framework is named {name!r}", f"frameworks: {', '.join(frameworks())}")
    return folded


def find(name: str, where: str) -> tuple[Activation, Dialect]:
    """Return what a framework means by a name, its own or ours. Raises UsageError that names frameworks with it."""
    entry = _known().get((where, key(name)))
    if entry is None:
        raise UsageError(
            f"{where} has no activation {name!r}",
            f"{_instead(name, where)}`actcli list --framework {where}` shows all",
        )
    return entry


def called(name: str) -> tuple[Activation, Dialect, dict[str, float]] | None:
    """Return the meaning of a framework's name with an argument: `jax.nn.gelu(approximate=False)`,
    `relu(max_value=4)@keras`, as `list` prints it or with a number for a placeholder. None for any other text.
    """

    head, _, where = name.partition("@")
    typed = _CALL.fullmatch(head.replace(" ", ""))
    if typed is None:
        return None
    name, argument, value = typed.groups()
    alike = [
        (declared[3], activation, dialect)
        for activation in ACTIVATIONS
        for dialect in activation.dialects
        if (declared := _CALL.fullmatch(dialect.name.replace(" ", ""))) and where in ("", dialect.framework)
        if name in (declared[1], declared[1].rpartition(".")[2] if where else "") and declared[2] == argument
    ]
    for printed, activation, dialect in alike:
        if printed == value:
            return activation, dialect, {}
    for printed, activation, dialect in alike:
        if printed in _PLACEHOLDERS and _NUMBER.fullmatch(value):
            return activation, dialect, {dialect.spelling.get(argument, activation.parameters[0].name): float(value)}
    return None


def with_arguments(dialect: Dialect) -> list[tuple[Activation, Dialect]]:
    """Return the meanings of a framework's name with arguments, for example relu with a max_value."""
    alike = f"{dialect.name}("
    return [
        (activation, other)
        for activation in ACTIVATIONS
        for other in activation.dialects
        if other.framework == dialect.framework and other.name.startswith(alike)
    ]


def _instead(name: str, where: str) -> str:
    known = BUILT_IN.get(name)
    if known is None:
        near = nearest(name, [short for framework, short in _known() if framework == where and "." not in short])
        return f"did you mean {' or '.join(near)}? " if near else ""
    others = ", ".join(dict.fromkeys(dialect.framework for dialect in known.dialects))
    return f"{known.name} is in {others or 'no framework'}; "


def spellings(name: str) -> list[str]:
    """Return how to write a dotted name such as torch.nn.ReLU, which would be parsed as an expression; none for
    others."""
    if not _DOTTED.fullmatch(name):
        return []
    last = name.rpartition(".")[2]
    known = [f"{last}@{framework}" for framework in frameworks() if (framework, key(name)) in _known()]
    return known or ([last] if BUILT_IN.get(last) else [])
