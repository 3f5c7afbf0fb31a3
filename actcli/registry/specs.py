"""The one collection of activations: names, aliases and FUNCTION specs.

Beside what is built in there are the definitions of functions files and what installed packages declare. The user's own
file and the packages are looked for only when a name is not found, or all are to be listed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from actcli.activation import Activation, Dialect, Function
from actcli.errors import UsageError
from actcli.functions import (
    bends,
    distributions,
    exponential,
    gates,
    gelus,
    hard_gates,
    linear,
    periodic,
    rectifiers,
    reductions,
    self_gated,
    shrinks,
    sigmoids,
    softmaxes,
    softpluses,
    steps,
    tanhs,
)

if TYPE_CHECKING:
    from actcli.expressions.rewrite import Rewriter

ACTIVATIONS: tuple[Activation, ...] = (
    *linear.ACTIVATIONS,
    *steps.ACTIVATIONS,
    *sigmoids.ACTIVATIONS,
    *distributions.ACTIVATIONS,
    *rectifiers.ACTIVATIONS,
    *hard_gates.ACTIVATIONS,
    *exponential.ACTIVATIONS,
    *softpluses.ACTIVATIONS,
    *bends.ACTIVATIONS,
    *tanhs.ACTIVATIONS,
    *self_gated.ACTIVATIONS,
    *gelus.ACTIVATIONS,
    *shrinks.ACTIVATIONS,
    *periodic.ACTIVATIONS,
    *softmaxes.ACTIVATIONS,
    *reductions.ACTIVATIONS,
    *gates.ACTIVATIONS,
)


SWEEP = "|"  # between the values of a parameter that is swept

# Spellings of frameworks that people also use.
_FRAMEWORK_ALIASES = {"torch": "pytorch", "tf": "tensorflow", "hf": "transformers"}


def _key(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").strip()


def index(activations: Iterable[Activation]) -> dict[str, Activation]:
    """Names and aliases, without case, `-` and `_`, to activations. Two activations under one name are an error."""
    found: dict[str, Activation] = {}
    for activation in activations:
        for name in (activation.name, *activation.aliases):
            if found.setdefault(_key(name), activation) is not activation:
                raise ValueError(f"{name!r} names both {found[_key(name)].name} and {activation.name}")
    return found


def dialect_index(activations: Iterable[Activation]) -> dict[tuple[str, str], tuple[Activation, Dialect]]:
    """(framework, name) to what it means there. The framework's own name decides before a name of ours."""
    found: dict[tuple[str, str], tuple[Activation, Dialect]] = {}
    declared = [(activation, dialect) for activation in activations for dialect in activation.dialects]
    for activation, dialect in declared:
        if dialect.short is not None:
            entry = (activation, dialect)
            for name in (dialect.short, dialect.name):
                if found.setdefault((dialect.framework, _key(name)), entry)[0] is not activation:
                    raise ValueError(f"{name!r} names two activations")
    for activation, dialect in declared:
        for name in (activation.name, *activation.aliases):
            found.setdefault((dialect.framework, _key(name)), (activation, dialect))
    return found


_INDEX = index(ACTIVATIONS)
_BUILT_IN = frozenset(ACTIVATIONS)
_DIALECTS = dialect_index(ACTIVATIONS)
FRAMEWORKS: tuple[str, ...] = tuple(dict.fromkeys(framework for framework, _ in _DIALECTS))


_NAME = re.compile(r"(?!\s*\d)([\w\s-]*|[\w.\s-]*@[\w.\s-]*)")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")  # as in Python, torch.nn.ReLU
_MORE: dict[str, Activation] = {}  # not built in
_COMPLAINTS: list[str] = []


def activations() -> tuple[Activation, ...]:
    """All of them: built in, of functions files, and of installed packages."""
    _look_around()
    return (*ACTIVATIONS, *dict.fromkeys(_MORE.values()))


def names() -> list[str]:
    """Every name and alias, as declared."""
    return [name for activation in activations() for name in (activation.name, *activation.aliases)]


def define(path: str) -> None:
    """Take in the definitions of a functions file. Raises DataError that names the file and the key."""
    from pathlib import Path

    from actcli.expressions import definitions

    definitions.read(Path(path), _find, _rewriter().stable, _add)


def complaints() -> list[str]:
    """What was left out since this was last asked, and why."""
    said = [*_COMPLAINTS]
    _COMPLAINTS.clear()
    return said


def caution(function: Function) -> str | None:
    """Where the form of an expression loses what it should give; None where it does not, and for what is built in."""
    if function.activation in _BUILT_IN:
        return None
    from actcli.expressions.activation import cautions

    return cautions(function)


def _add(activation: Activation) -> None:
    """Raises ValueError where one of its names is taken."""
    from actcli.expressions.parse import RESERVED

    for name in (activation.name, *activation.aliases):
        if name in RESERVED:
            raise ValueError(f"{name!r} has a meaning in formulas")
        taken = _INDEX.get(_key(name)) or _MORE.get(_key(name))
        if taken is not None:
            raise ValueError(f"{name!r} is already a name of {taken.name}")
    for name in (activation.name, *activation.aliases):
        _MORE[_key(name)] = activation


@lru_cache(maxsize=1)
def _look_around() -> None:
    """The user's own functions file, then the packages."""
    from actcli.expressions import definitions

    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    if os.path.exists(path := os.path.join(folder, "actcli", "functions.toml")):
        define(path)
    found, complaints = definitions.installed()
    _COMPLAINTS.extend(complaints)
    for activation in found:
        try:
            _add(activation)
        except ValueError as error:
            _COMPLAINTS.append(f"{activation.name} of an installed package is left out: {error}")


@lru_cache(maxsize=1)
def _rewriter() -> Rewriter:
    from actcli.expressions.rewrite import Rewriter

    return Rewriter(ACTIVATIONS, _find)


def framework(name: str) -> str:
    """The framework of this name. Raises UsageError where there is none."""
    folded = name.casefold().strip()
    folded = _FRAMEWORK_ALIASES.get(folded, folded)
    if folded not in FRAMEWORKS:
        raise UsageError(f"no framework is named {name!r}", f"frameworks: {', '.join(FRAMEWORKS)}")
    return folded


def get(spec: str) -> Function:
    """The function that a FUNCTION spec names: `relu`, `leaky_relu:negative_slope=0.2`, `elu:0.5`, `gelu@jax`; or an
    expression in x, `max(0, x) + a * min(0, x):a=0.05`.

    Raises UsageError for an unknown name, naming the nearest ones, for an unknown or illegal parameter, and for a fault
    in an expression.
    """
    head, _, settings = spec.partition(":")
    if SWEEP in settings:
        raise UsageError(f"{spec!r} names several functions, one is taken here", "`plot` and `compare` take a sweep")
    name, at, where = head.partition("@")
    if ways := _without_framework(head):
        raise UsageError(f"no activation is named {head!r}", f"write {' or '.join(ways)}")
    if not _is_name(head):
        activation = _declared(head.strip())
        return _examined(activation.bind(_settings(activation, settings, {})))
    if not at:
        activation = _find(name)
        function = activation.bind(_settings(activation, settings, {}))
        return function if activation in _BUILT_IN else _examined(function)
    activation, dialect = _find_dialect(name, framework(where))
    return activation.bind({**dialect.defaults, **_settings(activation, settings, dialect.spelling)})


def family(spec: str) -> tuple[Function, ...]:
    """The functions that a FUNCTION spec names: one, or one for each value of a sweep, `elu:alpha=0.5|1|2`.

    They differ in one parameter. Raises UsageError as `get` does, and for a sweep with a value that is empty or given
    twice, or over more than one parameter.
    """
    head, _, settings = spec.partition(":")
    items = settings.split(",")
    swept = [i for i, item in enumerate(items) if SWEEP in item]
    if not swept:
        return (get(spec),)
    if len(swept) > 1:
        raise UsageError(f"{spec!r} sweeps over {len(swept)} parameters", "sweep over one, give the others one value")
    name, equals, values = items[swept[0]].rpartition("=")
    functions = []
    for value in values.split(SWEEP):
        if not value.strip():
            raise UsageError(f"{spec!r} has an empty value", f"write for example {head}:{name}{equals}0.5|1|2")
        items[swept[0]] = f"{name}{equals}{value}"
        functions.append(get(f"{head}:{','.join(items)}"))
    if len(set(functions)) < len(functions):
        raise UsageError(f"{spec!r} has a value twice", "give each value once")
    return tuple(functions)


def _without_framework(head: str) -> list[str]:
    """How to write a name such as torch.nn.ReLU, which without @FRAMEWORK would be an expression; none for others."""
    if not _DOTTED.fullmatch(head):
        return []
    last = head.rpartition(".")[2]
    known = [f"{last}@{framework}" for framework in FRAMEWORKS if (framework, _key(head)) in _DIALECTS]
    return known or ([last] if _key(last) in _INDEX else [])


def _is_name(head: str) -> bool:
    """Whether the head of a spec is a name, known or not: a hyphen in it may also be a minus."""
    if not _NAME.fullmatch(head):
        return False
    return _key(head) in _INDEX or "x" not in re.split(r"[-\s]+", head)


@lru_cache(maxsize=256)
def _declared(formula: str) -> Activation:
    from actcli.expressions.activation import declare
    from actcli.expressions.parse import parse

    written = parse(formula, _find)
    return declare(formula, written, _rewriter().stable(written))


@lru_cache(maxsize=256)
def _examined(function: Function) -> Function:
    from actcli.expressions.activation import examined

    return examined(function)


def _near(name: str, keys: Iterable[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(_key(name), [*keys], n=3)


def _find(name: str) -> Activation:
    activation = _INDEX.get(_key(name)) or _MORE.get(_key(name))
    if activation is None:
        _look_around()
        activation = _MORE.get(_key(name))
    if activation is None:
        known = {**_INDEX, **_MORE}
        near = _near(name, known)
        nearest = list(dict.fromkeys(known[key].name for key in near))
        hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
        raise UsageError(f"no activation is named {name!r}", f"{hint}`actcli list` shows them all")
    return activation


def _find_dialect(name: str, where: str) -> tuple[Activation, Dialect]:
    entry = _DIALECTS.get((where, _key(name)))
    if entry is None:
        known = _INDEX.get(_key(name))
        if known is None:
            near = _near(name, [key for framework, key in _DIALECTS if framework == where and "." not in key])
            hint = f"did you mean {' or '.join(near)}? " if near else ""
        else:
            others = ", ".join(dict.fromkeys(dialect.framework for dialect in known.dialects))
            hint = f"{known.name} is in {others}; " if others else f"{known.name} is in no framework; "
        raise UsageError(f"{where} has no activation {name!r}", f"{hint}`actcli list --framework {where}` shows all")
    return entry


def _settings(activation: Activation, text: str, spelling: Mapping[str, str]) -> dict[str, float]:
    values: dict[str, float] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, equals, value = (part.strip() for part in item.rpartition("="))
        if not equals:
            if len(activation.parameters) != 1:
                count = "no parameter" if not activation.parameters else "more than one parameter"
                raise UsageError(
                    f"{activation.name} has {count}: {item!r} needs a name",
                    activation.parameters_hint(),
                )
            name = activation.parameters[0].name
        name = spelling.get(name, name)
        if name in values:
            raise UsageError(f"{activation.name}: {name} is given twice", "give it once")
        try:
            values[name] = float(value)
        except ValueError:
            hint = "a framework stands before the colon" if "@" in value else activation.parameters_hint()
            raise UsageError(f"{activation.name}: {name} = {value!r} is not a number", hint) from None
    return values
