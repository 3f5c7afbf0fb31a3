"""The sheets of `list` and `show`."""

import math
from collections.abc import Sequence

from actcli.activation import Activation, Dialect, Function
from actcli.analysis.profile import Profile
from actcli.parameters import Parameter
from actcli.reports.profiles import conditions, gain_differs, interval, means, settings
from actcli.tables.sheet import Sheet
from actcli.text import Cell


def list_sheet(activations: Sequence[Activation]) -> Sheet:
    return Sheet(
        ("name", "kind", "parameters", "formula", "aliases"),
        [
            (a.name, a.kind, settings({p.name: p.default for p in a.parameters}), a.formula, " ".join(a.aliases))
            for a in activations
        ],
    )


def dialect_sheet(activations: Sequence[Activation], framework: str) -> Sheet:
    """The functions of a framework: its names, ours, and its defaults."""
    rows: list[list[Cell]] = []
    for activation in activations:
        for dialect in activation.dialects:
            if dialect.framework == framework:
                values = {p.name: p.default for p in activation.parameters} | dict(dialect.defaults)
                rows.append([dialect.name, activation.name, settings(values), dialect.note])
    return Sheet(("framework_name", "name", "defaults", "note"), rows)


def dialect_text(dialect: Dialect) -> str:
    """A dialect in one line: the framework's name, defaults that differ, its spelling of parameters, its note."""
    parts = [dialect.name]
    if dialect.defaults:
        parts.append(f"default {settings(dialect.defaults)}")
    if dialect.spelling:
        parts.append("where " + ", ".join(f"{theirs} is {ours}" for theirs, ours in dialect.spelling.items()))
    if dialect.note:
        parts.append(dialect.note)
    return "; ".join(parts)


def _network(profile: Profile) -> list[tuple[str, Cell]]:
    """The means over N(0, q), and if asked for the fixed point of the length map and the gradient's variance."""
    rows: list[tuple[str, Cell]] = [("z", f"N(0, {profile.means.q:g}) in the rows below")]
    rows += means(profile).items()
    if gain_differs(profile):
        rows.append(("", "torch.nn.init.calculate_gain differs from the He gain"))
    if (point := profile.fixed_point) is not None:
        where = f"sigma_w {point.sigma_w:g}, sigma_b {point.sigma_b:g}"
        rows += [(f"fixed point q*, {where}", point.q), (f"chi there, {where}", point.chi), ("phase", point.phase)]
    if profile.steps:
        rows.append((f"gradient variance after {len(profile.steps)} layers", profile.steps[-1].gradient_variance))
    return rows


def _default(parameter: Parameter) -> str:
    return "" if math.isnan(parameter.default) else f", default {parameter.default!r}"


def card(function: Function, profile: Profile) -> Sheet:
    """Everything about one function, one row per field."""
    activation = function.activation
    limits = function.limits
    rows: list[tuple[str, Cell]] = [
        ("name", activation.name),
        ("aliases", ", ".join(activation.aliases)),
        ("kind", activation.kind),
        ("f(x)", activation.formula),
        ("f'(x)", activation.derivative),
        ("computed as", activation.computed),
        *((f"parameter {p.name}", f"{value!r} in {p.domain}{_default(p)}: {p.meaning}")
          for p, value in zip(activation.parameters, function.parameters.values(), strict=True)),
        ("range", interval(profile.range, 17)),
        ("limits", None if limits is None else f"{limits[0]!r} at -inf, {limits[1]!r} at inf"),
        ("f(0)", profile.at_zero),
        ("monotone", profile.monotone),
        ("smoothness", profile.smoothness),
        ("convention", activation.convention),
        ("sup|f'|", profile.max_abs_gradient),
        ("f' vanishes", conditions(profile.regions, 17)),
        *_network(profile),
        ("source", activation.source),
        *((f"@{dialect.framework}", dialect_text(dialect)) for dialect in activation.dialects),
    ]  # fmt: skip
    return Sheet(("field", "value"), [row for row in rows if row[1] not in (None, "")])
