"""The document, sheet and report of `compare`."""

import math
from collections.abc import Iterator, Sequence

from actcli.analysis.meanfield import mean_field
from actcli.diagnosis.comparison import Comparison
from actcli.diagnosis.records import Layer
from actcli.measuring.measures import Occasion
from actcli.reports.common import how_it_was_run, what_helps
from actcli.reports.definitions import network_definitions
from actcli.reports.model import Block, Draw, Drawing, Grid, Judgement, Points, Report, Run, Section
from actcli.reports.profiles import function_blocks, means, profile_record, profile_row
from actcli.reports.records import Document, cell, record_of
from actcli.tables.sheet import Sheet
from actcli.text import Cell, Share, counted

WIDE = 4  # functions: up to this many, each is a column


def comparison_document(comparison: Comparison) -> Document:
    """The JSON document `actcli.compare/1`."""
    return {
        "schema": "actcli.compare/1",
        "functions": [profile_record(profile) for profile in comparison.profiles],
        "layers": _layers(comparison),
        "changes": [
            {"layer": c.layer, "function": c.function.label, "in_place_of": c.in_place_of.label, "sentence": c.sentence}
            for c in comparison.changes
        ],
    }


def _layers(comparison: Comparison) -> list[Document]:
    """Each layer under each function, with E[f'^2] for the data and for a normal distribution of the same E[x^2]."""
    rowwise = any(layer.function.rowwise for layer in comparison.layers)
    occasions: tuple[Occasion, ...] = ("rowwise",) if rowwise else ()
    return [
        {
            "function": layer.function.label,
            **record_of(layer, occasions),
            "mean_square_gradient": _of_data(layer),
            "gaussian_mean_square_gradient": _of_gaussian(layer),
        }
        for layer in comparison.layers
    ]


def _of_data(layer: Layer) -> float | None:
    return None if layer.rms_gradient is None else layer.rms_gradient**2


def _of_gaussian(layer: Layer) -> float | None:
    if layer.function.rowwise or not layer.mean_square or not math.isfinite(layer.mean_square):
        return None
    return mean_field(layer.function, layer.mean_square).mean_square_gradient


def comparison_sheet(comparison: Comparison) -> Sheet:
    """One row per function; with inputs, one row per function and layer."""
    if comparison.layers:
        records = [{("layer" if k == "name" else k): v for k, v in r.items()} for r in _layers(comparison)]
        return Sheet(tuple(records[0]), [[cell(value) for value in record.values()] for record in records])
    records = [profile_row(profile) for profile in comparison.profiles]
    columns = tuple(dict.fromkeys(name for record in records for name in record))  # some have no fixed point
    return Sheet(columns, [[record.get(name) for name in columns] for record in records])


def comparison_report(comparison: Comparison, draw: Draw, run: Run) -> Report:
    """The verdicts on each layer under each function, the figure, what helps, tables, how it was run, definitions."""
    thresholds, q = comparison.criteria.thresholds, comparison.profiles[0].means.q
    own = dict.fromkeys(layer.function.label for layer in comparison.own)
    by_layer: dict[str, list[Layer]] = {}
    for layer in comparison.layers:
        by_layer.setdefault(layer.name, []).append(layer)
    labels = [profile.function.label for profile in comparison.profiles]
    settings: list[tuple[str, Cell]] = [
        ("functions", ", ".join(labels)),
        ("epsilon", thresholds.epsilon),
        ("tau", thresholds.tau),
        ("q", q),
    ]
    return Report(
        _title(by_layer, labels),
        (
            Section("", tuple(_verdicts(comparison, by_layer, labels))),
            _figure(comparison, draw),
            *what_helps(comparison.own, f"What helps with {', '.join(own)}"),
            *(_layer(name, rows) for name, rows in by_layer.items()),
            Section("Functions", tuple(function_blocks(comparison.profiles))),
            how_it_was_run(run, settings, comparison.own),
            Section("Definitions", network_definitions(thresholds, q), reference=True),
        ),
    )  # fmt: skip


def _title(by_layer: dict[str, list[Layer]], labels: Sequence[str]) -> str:
    """The functions, and the one that passes most gradient in every layer, if there is one."""
    title = f"{', '.join(labels)} compared"
    if not by_layer:
        return title
    title += f" on {next(iter(by_layer)) if len(by_layer) == 1 else f'{len(by_layer)} layers'}"
    best = {rows[0].function.label for rows in by_layer.values() if rows[0].mean_abs_gradient}
    return f"{title}: {best.pop()} passes the most gradient" if len(best) == 1 and len(labels) > 1 else title


def _verdicts(comparison: Comparison, by_layer: dict[str, list[Layer]], labels: Sequence[str]) -> Iterator[Block]:
    """A table of verdicts, and what would change if another function replaced the layer's own."""
    if not by_layer:
        yield "No inputs were given: the functions are compared on their own and at initialisation."
        return
    verdicts = {
        (layer.name, layer.function.label): layer.verdict for of_layer in by_layer.values() for layer in of_layer
    }
    if len(labels) > max(WIDE, len(by_layer)):  # functions down, layers across
        rows = [[label, *(verdicts[name, label] for name in by_layer)] for label in labels]
        yield Grid("", Sheet(("function", *by_layer), rows))
    else:
        rows = [[name, *(verdicts[name, label] for label in labels)] for name in by_layer]
        yield Grid("", Sheet(("layer", *labels), rows))
    for name in by_layer:
        if sentences := tuple(change.sentence for change in comparison.changes if change.layer == name):
            yield Points(name, sentences)
    yield comparison.undecided


_COLUMNS = ("dead", "vanishing", "sat. low", "sat. high", "mean|f'|", "verdict")


def _cells(layer: Layer) -> tuple[Cell, ...]:
    ratios = (layer.vanishing_ratio, layer.saturated_low_ratio, layer.saturated_high_ratio)
    return (layer.dead_neurons, *map(Share.of, ratios), layer.mean_abs_gradient, layer.verdict)


def comparison_summary(comparison: Comparison) -> Sheet:
    """The columns that a page shows, of layers under functions or else of functions at initialisation."""
    if not comparison.layers:
        rows = [(profile.function.label, *means(profile).values()) for profile in comparison.profiles]
        return Sheet(("function", *means(comparison.profiles[0])), rows)
    columns = ("layer", "function", *_COLUMNS)
    return Sheet(columns, [(layer.name, layer.function.label, *_cells(layer)) for layer in comparison.layers])


def _layer(name: str, rows: Sequence[Layer]) -> Section:
    """One layer under each function, the largest mean|f'| first, with the reasons for each verdict."""
    layer = rows[0]
    title = f"{name}: {counted(layer.samples, 'samples')} of {counted(layer.neurons, 'neurons')}"
    squares = [(layer.function.label, _of_data(layer), _of_gaussian(layer)) for layer in rows]
    return Section(
        title if layer.mean_square is None else f"{title}, E[x^2] = {layer.mean_square:.6g}",
        (
            Grid("", Sheet(("function", *_COLUMNS), [(layer.function.label, *_cells(layer)) for layer in rows])),
            Grid("", Sheet(("function", "E[f'^2] of the data", "of a normal distribution"), squares)),
            *(Judgement(layer.function.label, layer.verdict, layer.reasons) for layer in rows),
        ),
    )


def _figure(comparison: Comparison, draw: Draw) -> Section:
    layers = ", and the layers under each function" if comparison.layers else ""
    caption = f"f and f'{',' if layers else ', and'} the means over a normal distribution{layers}"
    return Section("Figure", (Drawing("functions", caption, draw),))
