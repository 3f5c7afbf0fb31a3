"""`saturation`: its document, its sheets and its page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from actcli.activation import Function
from actcli.diagnosis import Diagnosis, Neuron
from actcli.precision import Losses
from actcli.render import Cell, Sheet, figure, table
from actcli.reports.distributions import distributions
from actcli.reports.records import (
    PRECISION,
    ROWWISE,
    RULE,
    Document,
    layer_record,
    neuron_record,
    region_record,
    sheet_of,
)
from actcli.rules import Rule

if TYPE_CHECKING:
    from rich.console import RenderableType

WORST = 8  # neurons shown on a terminal
FEW = 20  # values from which their distribution is shown


def saturation_document(diagnosis: Diagnosis) -> Document:
    """The JSON document `actcli.saturation/1`."""
    without = _without(diagnosis)
    document = {
        "schema": "actcli.saturation/1",
        "function": {"name": diagnosis.function.name, "parameters": diagnosis.function.parameters},
        "thresholds": dataclasses.asdict(diagnosis.thresholds),
        "rule": diagnosis.rule.explanation(diagnosis.function),
        "regions": [region_record(region) for region in diagnosis.regions],
        "layers": [layer_record(layer, without) for layer in diagnosis.layers],
        "gradient_falls_at": diagnosis.falls_at,
        "neurons": [neuron_record(neuron, without) for neuron in diagnosis.neurons],
    }
    if diagnosis.losses is not None:
        document["precision"] = _precision(diagnosis.losses)
    return document


def _precision(losses: Losses) -> Document:
    return {
        "dtype": losses.precision.name,
        "zero_gradient": [region_record(region) for region in losses.zero_gradient],
        "constant_output": [region_record(region) for region in losses.constant_output],
    }


def _without(diagnosis: Diagnosis) -> tuple[str, ...]:
    return (
        *(() if diagnosis.function.rowwise else ROWWISE),
        *(() if diagnosis.losses else PRECISION),
        *(() if diagnosis.rule.checks else RULE),
    )


def region_sheet(diagnosis: Diagnosis) -> Sheet:
    """A row a vanishing region."""
    return Sheet(("from", "to", "kind"), [(r.start, r.stop, r.kind) for r in diagnosis.regions])


def layer_sheet(diagnosis: Diagnosis) -> Sheet:
    """A row a layer."""
    return sheet_of([layer_record(layer, _without(diagnosis)) for layer in diagnosis.layers])


def neuron_sheet(diagnosis: Diagnosis) -> Sheet:
    """A row a neuron."""
    return sheet_of([neuron_record(neuron, _without(diagnosis)) for neuron in diagnosis.neurons])


def explanation(rule: Rule, function: Function) -> Sheet:
    """What a rule means for a function and where it comes from."""
    return Sheet(("field", "value"), list(rule.explanation(function).items()))


def saturation_page(diagnosis: Diagnosis, digits: int) -> Iterator[RenderableType]:
    """What a terminal shows: the regions, the layers with their reasons and remedies, and the worst neurons."""
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
    if diagnosis.losses is not None:
        for region in diagnosis.losses.zero_gradient:
            yield f"  in {diagnosis.losses.precision.name} f' is 0 for {region.condition(digits)}"
        for region in diagnosis.losses.constant_output:
            yield f"  in {diagnosis.losses.precision.name} f is constant for {region.condition(digits)}"
    if not diagnosis.layers:
        return
    yield ""
    yield table(_layer_summary(diagnosis), digits)
    if sum(histogram.total for histogram in diagnosis.histograms) >= FEW:
        yield ""
        yield from distributions(diagnosis)
    if diagnosis.losses is not None:
        yield ""
        yield f"In {diagnosis.losses.precision.name}: the share of values whose f' is lost, and where f is constant"
        rows = [(layer.name, layer.lost_gradient_ratio, layer.constant_output_ratio) for layer in diagnosis.layers]
        yield table(Sheet(("layer", "f' lost", "f constant"), rows), digits)
    if len(diagnosis.layers) > 1 and not diagnosis.function.rowwise:
        yield ""
        yield from _gradient(diagnosis, digits)
    yield ""
    yield from _verdicts(diagnosis)
    yield from _remedies(diagnosis)
    worst = sorted(
        diagnosis.neurons, key=lambda n: (not n.dead, -(n.vanishing_ratio or 0.0), n.mean_abs_gradient or 0.0)
    )
    yield f"Worst neurons, {min(WORST, len(worst))} of {len(worst)}"
    yield table(_neuron_summary(worst[:WORST]), digits)


def _gradient(diagnosis: Diagnosis, digits: int) -> Iterator[RenderableType]:
    """How f' alone scales a gradient on its way from the last layer to the first."""
    yield "The gradient through f', from the last layer back"
    yield table(
        Sheet(
            ("layer", "mean|f'|", "rms f'", "product of mean", "product of rms"),
            [
                (layer.name, layer.mean_abs_gradient, layer.rms_gradient, layer.cumulative_mean_gradient,
                 layer.cumulative_rms_gradient)
                for layer in diagnosis.layers
            ],
        ),
        digits,
    )  # fmt: skip
    if diagnosis.falls_at is not None:
        yield f"The product of mean|f'| falls below {diagnosis.thresholds.epsilon:g} at {diagnosis.falls_at}."


def _verdicts(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    if diagnosis.rule.checks:
        yield f"By the rule of {diagnosis.rule.name}: {diagnosis.rule.explanation(diagnosis.function)['definition']}"
    for layer in diagnosis.layers:
        yield f"{layer.name}: {layer.verdict}"
        for reason in layer.reasons:
            yield f"  {reason}"
        of_layer = [neuron for neuron in diagnosis.neurons if neuron.layer == layer.name]
        if (dead := [n for n in of_layer if n.dead]) and not diagnosis.rule.checks:
            yield f"  dead: {_some([n.neuron for n in dead])}"
            if bounds := [n.dead_upper_bound for n in dead if n.dead_upper_bound is not None]:
                yield f"  (95 % sure that each passes gradient on less than {100 * max(bounds):.2g} % of the inputs)"
        if flagged := [n.neuron for n in of_layer if n.flagged]:
            yield f"  they are: {_some(flagged)}"


def _some(names: Sequence[str], most: int = 24) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return " ".join(names[:most]) + rest


def _remedies(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    """What helps: each remedy once, with the figures that call for it, and the layers where they do."""
    layers: dict[str, list[str]] = {}
    figures: dict[tuple[str, str], list[str]] = {}
    for layer in diagnosis.layers:
        for remedy in layer.remedies:
            for names, name in (
                (layers.setdefault(remedy.figure, []), layer.name),
                (figures.setdefault((remedy.remedy, remedy.source), []), remedy.figure),
            ):
                if name not in names:
                    names.append(name)
    yield ""
    if not figures:
        return
    yield "What helps"
    for cause, names in layers.items():
        yield f"  {cause} of {_some(names, 8)}:"
        said = dict.fromkeys(c[0] for c in figures.values() if cause in c[1:])
        own = [advice for advice, causes in figures.items() if causes[0] == cause]
        if said:
            yield f"    as against the {' and the '.join(said)}{', then' if own else ''}"
        for number, (text, source) in enumerate(own, start=1):
            yield f"    {number}. {text} ({source})"
    yield ""


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
