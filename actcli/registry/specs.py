"""FUNCTION specs: `relu`, `leaky_relu:negative_slope=0.2`, `elu:0.5|1|2`, `gelu@jax`, or an expression in x."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from actcli.activation import Activation, Dialect, Function
from actcli.errors import ActcliError, UsageError
from actcli.functions.gates import gate_first
from actcli.registry import dialects
from actcli.registry.additions import Registry, current, rewriter
from actcli.registry.collection import ACTIVATIONS, BUILT_IN

SWEEP = "|"  # between the values of a sweep
MOST = 1000  # values of a sweep
_NAME = re.compile(r"(?!\s*\d)([\w\s-]*|[\w.\s-]*@[\w.\s-]*)")
_BUILT_IN = frozenset(ACTIVATIONS)


def resolve(function: Function | str) -> Function:
    """Return a function unchanged, or the function that a FUNCTION spec names."""
    return get(function) if isinstance(function, str) else function


def get(spec: str) -> Function:
    """Return the function that a FUNCTION spec names: `relu`, `leaky_relu:negative_slope=0.2`, `elu:0.5`, `gelu@jax`,
    or an expression in x, `max(0, x) + a * min(0, x):a=0.05`.

    Raises UsageError for an unknown name, with the nearest names, for an unknown parameter or invalid value, and for an
    error in an expression.
    """
    head, _, settings = spec.partition(":")
    if SWEEP in settings:
        raise UsageError(f"{spec!r} names several functions; give one", "only `plot` and `compare` accept a sweep")
    if ways := dialects.spellings(head):
        raise UsageError(f"no activation is named {head!r}", f"write {' or '.join(ways)}")
    if call := dialects.called(head):
        activation, dialect, values = call
        return _as_in(dialect, activation, values, settings)
    if not _is_name(head):
        activation = _declared(head.strip(), current())
        return _examined(_bound(activation, settings))
    name, at, where = head.partition("@")
    if at:
        activation, dialect = dialects.find(name, dialects.framework(where))
        for other, theirs in dialects.with_arguments(dialect) if settings else ():
            with suppress(UsageError):
                return _as_in(theirs, other, {}, settings)
        return _as_in(dialect, activation, {}, settings)
    activation = current().find(name)
    try:
        function = _bound(activation, settings)
    except UsageError as error:
        raise UsageError(error.message, _alternative(name, settings) or error.hint) from None
    return function if activation in _BUILT_IN else _examined(function)


def _alternative(name: str, settings: str) -> str:
    """Return the hint to use an activation `NAME_...` that accepts these settings, if there is one."""
    for activation in current().given.activations:
        if activation.name.startswith(f"{name}_"):
            with suppress(UsageError):
                _bound(activation, settings)
                return f"write {activation.name}:{settings}"
    return ""


def _as_in(dialect: Dialect, activation: Activation, values: Mapping[str, float], settings: str) -> Function:
    """Return the activation with a framework's defaults, which its errors show too."""
    parameters = tuple(p._replace(default=dialect.defaults.get(p.name, p.default)) for p in activation.parameters)
    theirs = replace(activation, parameters=parameters) if parameters else activation
    bound = _bound(theirs, settings, dialect.spelling, values)
    return replace(bound, activation=activation) if bound.activation is theirs else bound


def family(spec: str) -> tuple[Function, ...]:
    """Return the functions that a FUNCTION spec names: one, or one per value of a sweep, `elu:alpha=0.5|1|2`.

    They differ in one parameter. Raises UsageError as `get` does, and for a sweep with an empty or repeated value, over
    more than one parameter, or of more than 1000 values.
    """
    head, _, settings = spec.partition(":")
    items = settings.split(",")
    swept = [i for i, item in enumerate(items) if SWEEP in item]
    if not swept:
        return (get(spec).one(),)
    if len(swept) > 1:
        raise UsageError(f"{spec!r} sweeps over {len(swept)} parameters", "give all but one a single value")
    name, equals, values = items[swept[0]].rpartition("=")
    functions = []
    if (count := values.count(SWEEP) + 1) > MOST:
        raise UsageError(f"the sweep of {head}:{name} has {count:,} values", f"at most {MOST:,} are allowed")
    for value in values.split(SWEEP):
        if not value.strip():
            raise UsageError(f"{spec!r} has an empty value", f"write for example {head}:{name}{equals}0.5|1|2")
        items[swept[0]] = f"{name}{equals}{value}"
        functions.append(get(f"{head}:{','.join(items)}"))
    if len(set(functions)) < len(functions):
        raise UsageError(f"{spec!r} has a value twice", "give each value once")
    return tuple(functions)


def known(spec: str) -> bool:
    """Return whether a spec names a function."""
    try:
        get(spec)
    except ActcliError:
        return False
    return True


def instability(function: Function) -> str | None:
    """Return where the form of an expression loses digits or overflows; None if nowhere, and for built-in functions."""
    if function.rowwise or function.activation in _BUILT_IN:
        return None
    from actcli.expressions import activation

    return activation.instability(function)


def _is_name(head: str) -> bool:
    """Return whether the head of a spec is a name, known or not; a hyphen in it may also be a minus."""
    if not _NAME.fullmatch(head):
        return False
    return BUILT_IN.get(head) is not None or "x" not in re.split(r"[-\s]+", head)


@lru_cache(maxsize=256)
def _declared(formula: str, registry: Registry) -> Activation:
    from actcli.expressions.activation import bounded, declare
    from actcli.expressions.parse import parse

    written = bounded(parse(formula, registry.find))
    return declare(formula, written, rewriter().stable(written))


@lru_cache(maxsize=256)
def _examined(function: Function) -> Function:
    from actcli.expressions.activation import examined

    return examined(function)


def _bound(
    activation: Activation, settings: str, spelling: Mapping[str, str] = {}, values: Mapping[str, float] = {}
) -> Function:
    """Return the activation with these settings; `gate=` of a gated function chooses the half that is the gate."""
    items = [item.strip() for item in settings.split(",")]
    gates = [
        item.partition("=")[2].strip() for item in items if activation.kind == "gated" and item.startswith("gate=")
    ]
    if gates not in ([], ["first"], ["second"]):
        raise UsageError(f"{activation.name}: gate = {' and '.join(gates)!r} is neither first nor second", "write one")
    rest = ",".join(item for item in items if not (gates and item.startswith("gate=")))
    if gates == ["first"]:
        activation = gate_first(activation)
    return activation.bind({**values, **_settings(activation, rest, spelling)})


def _settings(activation: Activation, text: str, spelling: Mapping[str, str]) -> dict[str, float | list[float]]:
    """Parse `alpha=1,beta=2`, in which names may be spelled as in a framework; `a=1,2` has values for columns."""
    values: dict[str, list[float]] = {}
    before = ""
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, equals, value = (part.strip() for part in item.rpartition("="))
        more = not equals and _is_by_column(activation, before)
        if not equals and not more:
            name = _only_parameter(activation, item)
        name = before if more else spelling.get(name, name)
        if name in values and not more:
            raise UsageError(f"{activation.name}: {name} is given twice", "give it once")
        try:
            values.setdefault(name, []).append(float(value))
        except ValueError:
            hint = "write the framework before the colon" if "@" in value else activation.parameters_hint()
            raise UsageError(f"{activation.name}: {name} = {value!r} is not a number", hint) from None
        before = name
    return {name: each if len(each) > 1 else each[0] for name, each in values.items()}


def _is_by_column(activation: Activation, name: str) -> bool:
    return any(parameter.by_column for parameter in activation.parameters if parameter.name == name)


def _only_parameter(activation: Activation, item: str) -> str:
    if len(activation.parameters) == 1:
        return activation.parameters[0].name
    count = "no parameter" if not activation.parameters else "more than one parameter"
    raise UsageError(f"{activation.name} has {count}: {item!r} needs a name", activation.parameters_hint())
