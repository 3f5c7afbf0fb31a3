"""The results of the commands as sheets, JSON documents and pages for the terminal."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actcli.activation import Activation, Dialect, Function
from actcli.comparison import Comparison, Profile
from actcli.diagnosis import Diagnosis, Neuron
from actcli.regions import Region
from actcli.render import Cell, Sheet, figure, table
from actcli.verdicts import Layer

if TYPE_CHECKING:
    from rich.console import RenderableType

WORST = 8  # neurons shown on a terminal

Document = dict[str, Any]


def bound(value: float) -> float | None:
    """An end of an interval for JSON: null where it is unbounded."""
    return value if math.isfinite(value) else None


# saturation


def saturation_document(diagnosis: Diagnosis) -> Document:
    """The JSON document `actcli.saturation/1`."""
    return {
        "schema": "actcli.saturation/1",
        "function": {"name": diagnosis.function.name, "parameters": diagnosis.function.parameters},
        "thresholds": dataclasses.asdict(diagnosis.thresholds),
        "regions": [_region(region) for region in diagnosis.regions],
        "layers": [_layer(layer) for layer in diagnosis.layers],
        "neurons": [dataclasses.asdict(neuron) for neuron in diagnosis.neurons],
    }


def _region(region: Region) -> Document:
    return {"from": bound(region.start), "to": bound(region.stop), "kind": region.kind}


def _layer(layer: Layer) -> Document:
    fields = dataclasses.asdict(layer)
    if layer.vanishing_rows is None:
        del fields["vanishing_rows"], fields["vanishing_row_ratio"]
    return fields


def region_sheet(diagnosis: Diagnosis) -> Sheet:
    return Sheet(("from", "to", "kind"), [(r.start, r.stop, r.kind) for r in diagnosis.regions])


def layer_sheet(diagnosis: Diagnosis) -> Sheet:
    return _records([_layer(layer) for layer in diagnosis.layers], _layer_columns(diagnosis.function))


def neuron_sheet(diagnosis: Diagnosis) -> Sheet:
    columns = [field.name for field in dataclasses.fields(Neuron)]
    return _records([dataclasses.asdict(neuron) for neuron in diagnosis.neurons], columns)


def _layer_columns(function: Function) -> list[str]:
    rowwise = ("vanishing_rows", "vanishing_row_ratio")
    return [f.name for f in dataclasses.fields(Layer) if function.rowwise or f.name not in rowwise]


def _records(records: Sequence[Document], columns: Sequence[str]) -> Sheet:
    return Sheet(tuple(columns), [[_cell(record[name]) for name in columns] for record in records])


def _cell(value: Any) -> Cell:
    return "; ".join(value) if isinstance(value, tuple | list) else value


def saturation_page(diagnosis: Diagnosis, digits: int) -> Iterator[RenderableType]:
    """What a terminal shows: the regions, the layers with their reasons, and the worst neurons."""
    thresholds = diagnosis.thresholds
    yield (
        f"{diagnosis.function.label}: |f'| < {thresholds.epsilon:g} vanishes, "
        f"|f'| <= {figure(thresholds.tau, 3)} sup|f'| saturates"
    )
    if diagnosis.function.rowwise:
        yield f"  {diagnosis.function.activation.convention}"
    elif not diagnosis.regions:
        yield "  f' vanishes nowhere"
    for region in diagnosis.regions:
        yield f"  f' vanishes for {region.condition(digits)} ({region.kind})"
    if not diagnosis.layers:
        return
    yield ""
    yield table(_layer_summary(diagnosis), digits)
    yield ""
    for layer in diagnosis.layers:
        yield f"{layer.name}: {layer.verdict}"
        for reason in layer.reasons:
            yield f"  {reason}"
        if names := [n.neuron for n in diagnosis.neurons if n.layer == layer.name and n.dead]:
            yield f"  dead: {_some(names)}"
    yield ""
    worst = sorted(
        diagnosis.neurons, key=lambda n: (not n.dead, -(n.vanishing_ratio or 0.0), n.mean_abs_gradient or 0.0)
    )
    yield f"Worst neurons, {min(WORST, len(worst))} of {len(worst)}"
    yield table(_neuron_summary(worst[:WORST]), digits)


def _some(names: Sequence[str], most: int = 24) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return " ".join(names[:most]) + rest


def _layer_summary(diagnosis: Diagnosis) -> Sheet:
    columns = ["layer", "size", "dead", "vanishing", "sat. low", "sat. high", "mean|f'|", "verdict"]
    rows: list[list[Cell]] = [
        [
            layer.name,
            f"{layer.samples} x {layer.neurons}",
            layer.dead_neurons,
            layer.vanishing_ratio,
            layer.saturated_low_ratio,
            layer.saturated_high_ratio,
            layer.mean_abs_gradient,
            layer.verdict,
        ]
        for layer in diagnosis.layers
    ]
    if diagnosis.function.rowwise:
        columns[4:6] = ["van. rows"]
        for row, layer in zip(rows, diagnosis.layers, strict=True):
            row[4:6] = [layer.vanishing_row_ratio]
    return Sheet(tuple(columns), rows)


def _neuron_summary(neurons: Sequence[Neuron]) -> Sheet:
    columns = ("layer", "neuron", "dead", "vanishing", "mean|f'|", "min", "max", "mean")
    rows = [(n.layer, n.neuron, n.dead, n.vanishing_ratio, n.mean_abs_gradient, n.min, n.max, n.mean) for n in neurons]
    return Sheet(columns, rows)


# compare


def comparison_document(comparison: Comparison) -> Document:
    """The JSON document `actcli.compare/1`."""
    return {
        "schema": "actcli.compare/1",
        "functions": [_profile(profile) for profile in comparison.profiles],
        "layers": [{"function": function.label, **_layer(layer)} for function, layer in comparison.layers],
    }


def _profile(profile: Profile) -> Document:
    low, high = profile.range
    return {
        "name": profile.function.name,
        "parameters": profile.function.parameters,
        "range": [bound(low), bound(high)],
        "at_zero": profile.at_zero,
        "monotone": profile.monotone,
        "max_abs_gradient": None if profile.max_abs_gradient is None else bound(profile.max_abs_gradient),
        "smoothness": profile.smoothness,
        "regions": [_region(region) for region in profile.regions],
        "mean": profile.mean,
        "mean_square": profile.mean_square,
        "mean_square_gradient": profile.mean_square_gradient,
        "he_gain": profile.he_gain,
        "chi_1": profile.chi_1,
    }


def comparison_sheet(comparison: Comparison) -> Sheet:
    """One row a function; where inputs are given, one row a function and layer."""
    if comparison.layers:
        rowwise = any(function.rowwise for function, _ in comparison.layers)
        columns = [f.name for f in dataclasses.fields(Layer) if rowwise or "vanishing_row" not in f.name]
        columns[0] = "layer"
        rows = [
            [function.label, *(_cell(getattr(layer, name if name != "layer" else "name")) for name in columns)]
            for function, layer in comparison.layers
        ]
        return Sheet(("function", *columns), rows)
    return Sheet(
        ("function", "range_low", "range_high", "at_zero", "monotone", "max_abs_gradient", "smoothness", "regions",
         "mean", "mean_square", "mean_square_gradient", "he_gain", "chi_1"),
        [
            (p.function.label, *p.range, p.at_zero, p.monotone, p.max_abs_gradient, p.smoothness, _regions(p, 17),
             p.mean, p.mean_square, p.mean_square_gradient, p.he_gain, p.chi_1)
            for p in comparison.profiles
        ],
    )  # fmt: skip


def _regions(profile: Profile, digits: int) -> str:
    return "; ".join(f"{region.condition(digits)} ({region.kind})" for region in profile.regions)


def comparison_page(comparison: Comparison, digits: int) -> Iterator[RenderableType]:
    """What a terminal shows: the shapes, the means over N(0, 1), and the layers under each function."""
    profiles = comparison.profiles
    yield table(
        Sheet(
            ("function", "range", "f(0)", "monotone", "sup|f'|", "smooth", "f' vanishes"),
            [
                (p.function.label, _interval(p.range, 4), p.at_zero, p.monotone, p.max_abs_gradient, p.smoothness,
                 _regions(p, 4))
                for p in profiles
            ],
        ),
        digits,
    )  # fmt: skip
    yield ""
    yield "Over z ~ N(0, 1)"
    yield table(
        Sheet(
            ("function", "E f", "E f^2", "E f'^2", "He gain", "chi_1"),
            [(p.function.label, p.mean, p.mean_square, p.mean_square_gradient, p.he_gain, p.chi_1) for p in profiles],
        ),
        digits,
    )
    for name in dict.fromkeys(layer.name for _, layer in comparison.layers):
        yield ""
        of_layer = [(function, layer) for function, layer in comparison.layers if layer.name == name]
        yield f"{name}: {of_layer[0][1].samples} samples of {of_layer[0][1].neurons} neurons"
        yield table(
            Sheet(
                ("function", "dead", "vanishing", "sat. low", "sat. high", "mean|f'|", "verdict"),
                [
                    (f.label, layer.dead_neurons, layer.vanishing_ratio, layer.saturated_low_ratio,
                     layer.saturated_high_ratio, layer.mean_abs_gradient, layer.verdict)
                    for f, layer in of_layer
                ],
            ),
            digits,
        )  # fmt: skip


def _interval(interval: tuple[float, float], digits: int) -> str:
    return " .. ".join(figure(end, digits) for end in interval)


# list and show


def list_sheet(activations: Sequence[Activation]) -> Sheet:
    return Sheet(
        ("name", "kind", "parameters", "formula", "aliases"),
        [
            (
                a.name,
                a.kind,
                _settings({p.name: p.default for p in a.parameters}),
                a.formula,
                " ".join(a.aliases),
            )
            for a in activations
        ],
    )


def dialect_sheet(activations: Sequence[Activation], framework: str) -> Sheet:
    """What a framework has: its names, ours, and its defaults."""
    rows: list[list[Cell]] = []
    for activation in activations:
        for dialect in activation.dialects:
            if dialect.framework == framework:
                values = {p.name: p.default for p in activation.parameters} | dict(dialect.defaults)
                rows.append([dialect.name, activation.name, _settings(values), dialect.note])
    return Sheet(("framework_name", "name", "defaults", "note"), rows)


def _settings(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:.6g}" for name, value in values.items())


def _dialect(dialect: Dialect) -> str:
    """A dialect in a line: the framework's name, the defaults that differ, its spelling of parameters, its note."""
    parts = [dialect.name]
    if dialect.defaults:
        parts.append(f"default {_settings(dialect.defaults)}")
    if dialect.spelling:
        parts.append("where " + ", ".join(f"{theirs} is {ours}" for theirs, ours in dialect.spelling.items()))
    if dialect.note:
        parts.append(dialect.note)
    return "; ".join(parts)


def card(function: Function, profile: Profile) -> Sheet:
    """Everything about one function, a field a row."""
    activation = function.activation
    limits = function.limits
    rows: list[tuple[str, Cell]] = [
        ("name", activation.name),
        ("aliases", ", ".join(activation.aliases)),
        ("kind", activation.kind),
        ("f(x)", activation.formula),
        ("f'(x)", activation.derivative),
        *((f"parameter {p.name}", f"{value!r} in {p.domain}, default {p.default!r}: {p.meaning}")
          for p, value in zip(activation.parameters, function.parameters.values(), strict=True)),
        ("range", _interval(profile.range, 17)),
        ("limits", None if limits is None else f"{limits[0]!r} at -inf, {limits[1]!r} at inf"),
        ("f(0)", profile.at_zero),
        ("monotone", profile.monotone),
        ("smoothness", profile.smoothness),
        ("convention", activation.convention),
        ("sup|f'|", profile.max_abs_gradient),
        ("f' vanishes", _regions(profile, 17)),
        ("source", activation.source),
        *((f"@{dialect.framework}", _dialect(dialect)) for dialect in activation.dialects),
    ]  # fmt: skip
    return Sheet(("field", "value"), [row for row in rows if row[1] not in (None, "")])
