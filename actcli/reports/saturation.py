"""`saturation`: its document, its sheets and its page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from actcli.activation import Function
from actcli.analysis.precision import Precision
from actcli.analysis.regions import Region
from actcli.diagnosis.diagnose import Diagnosis
from actcli.diagnosis.records import Layer, Neuron
from actcli.diagnosis.rules import Rule
from actcli.reports.distributions import distributions
from actcli.reports.records import Document, record_of, region_record, sheet_of
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet
from actcli.text import Cell, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

WORST = 8  # neurons shown on a terminal
GRADIENT_TITLE = "The gradient through f', from the last layer back"
FEW = 20  # values from which their distribution is shown


def saturation_document(diagnosis: Diagnosis) -> Document:
    """The JSON document `actcli.saturation/2`."""
    criteria, occasions = diagnosis.criteria, diagnosis.occasions
    document = {
        "schema": "actcli.saturation/2",
        "functions": [{"label": f.label, "name": f.name, "parameters": f.parameters} for f in diagnosis.functions],
        "thresholds": dataclasses.asdict(criteria.thresholds),
        "rule": criteria.rule.explanation(diagnosis.functions),
        "regions": _regions(diagnosis.regions),
        "layers": [record_of(layer, occasions) for layer in diagnosis.layers],
        "gradient_falls_at": diagnosis.falls_at,
        "neurons": [record_of(neuron, occasions) for neuron in diagnosis.neurons],
    }
    if criteria.precision is not None:
        lost = [(traits.function, traits.losses) for traits in diagnosis.traits if traits.losses is not None]
        document["precision"] = {
            "dtype": criteria.precision.name,
            "zero_gradient": _regions((f, region) for f, losses in lost for region in losses.zero_gradient),
            "constant_output": _regions((f, region) for f, losses in lost for region in losses.constant_output),
        }
    return document


def _regions(regions: Iterable[tuple[Function, Region]]) -> list[Document]:
    return [{"function": function.label, **region_record(region)} for function, region in regions]


def region_sheet(diagnosis: Diagnosis) -> Sheet:
    """One row per vanishing region."""
    rows = [(function.label, region.start, region.stop, region.kind) for function, region in diagnosis.regions]
    return Sheet(("function", "from", "to", "kind"), rows)


def layer_sheet(diagnosis: Diagnosis) -> Sheet:
    """One row per layer."""
    return sheet_of([record_of(layer, diagnosis.occasions) for layer in diagnosis.layers])


def neuron_sheet(diagnosis: Diagnosis) -> Sheet:
    """One row per neuron."""
    return sheet_of([record_of(neuron, diagnosis.occasions) for neuron in diagnosis.neurons])


def explanation(rule: Rule, function: Function) -> Sheet:
    """What a rule means for a function and where it comes from."""
    return Sheet(("field", "value"), list(rule.explanation([function]).items()))


def saturation_page(diagnosis: Diagnosis, digits: int) -> Iterator[RenderableType]:
    """What a terminal shows: the regions, the layers with their reasons and remedies, and the worst neurons."""
    yield f"{diagnosis.label}: {criteria(diagnosis)}"
    yield from (f"  {line}" for line in where(diagnosis, digits))
    if not diagnosis.layers:
        return
    yield ""
    yield table(layer_summary(diagnosis), digits)
    if sum(histogram.total for histogram in diagnosis.histograms) >= FEW:
        yield ""
        yield from distributions(diagnosis)
    if diagnosis.criteria.precision is not None:
        yield ""
        yield precision_title(diagnosis.criteria.precision)
        yield table(precision_summary(diagnosis), digits)
    if is_network(diagnosis):
        yield ""
        yield GRADIENT_TITLE
        yield table(gradient_summary(diagnosis), digits)
        if (falls := fall(diagnosis)) is not None:
            yield falls
    yield ""
    if diagnosis.criteria.rule.checks:
        yield rule_in_words(diagnosis)
    for layer in diagnosis.layers:
        yield f"{layer.name}: {layer.verdict}"
        yield from (f"  {line}" for line in reasons(diagnosis, layer))
    yield ""
    yield from _remedies(diagnosis)
    worst = worst_first(diagnosis)
    yield f"Worst neurons, {min(WORST, len(worst))} of {len(worst)}"
    yield table(neuron_summary(worst[:WORST]), digits)


def criteria(diagnosis: Diagnosis) -> str:
    """What counts as vanishing and as saturated."""
    thresholds = diagnosis.criteria.thresholds
    return f"|f'| < {thresholds.epsilon:g} vanishes, |f'| <= {shown(thresholds.tau, 3)} sup|f'| saturates"


def where(diagnosis: Diagnosis, digits: int) -> Iterator[str]:
    """Where on the x axis each f' vanishes, and in a smaller precision is lost."""
    for traits in diagnosis.traits:
        function = traits.function
        of = f" of {function.label}" if len(diagnosis.traits) > 1 else ""
        if function.rowwise:
            yield f"{function.label}: {function.activation.convention}" if of else function.activation.convention
        elif not traits.regions:
            yield f"f'{of} vanishes nowhere"
        for region in traits.regions:
            yield f"f'{of} vanishes for {region.condition(digits)} ({region.kind})"
        if traits.losses is not None:
            name = traits.losses.precision.name
            for region in traits.losses.zero_gradient:
                yield f"in {name} f'{of} is 0 for {region.condition(digits)}"
            for region in traits.losses.constant_output:
                yield f"in {name} f{of} is constant for {region.condition(digits)}"


def precision_title(precision: Precision) -> str:
    return f"In {precision.name}: the share of values whose f' is lost, and where f is constant"


def precision_summary(diagnosis: Diagnosis) -> Sheet:
    rows = [(layer.name, layer.lost_gradient_ratio, layer.constant_output_ratio) for layer in diagnosis.layers]
    return Sheet(("layer", "f' lost", "f constant"), rows)


def is_network(diagnosis: Diagnosis) -> bool:
    """Whether there is a way through several layers, along which f' scales a gradient."""
    return sum(not layer.function.rowwise for layer in diagnosis.layers) > 1


def gradient_summary(diagnosis: Diagnosis) -> Sheet:
    """How f' alone scales a gradient on its way from the last layer to the first."""
    return Sheet(
        ("layer", "mean|f'|", "rms f'", "product of mean", "product of rms"),
        [
            (layer.name, layer.mean_abs_gradient, layer.rms_gradient, layer.cumulative_mean_gradient,
             layer.cumulative_rms_gradient)
            for layer in diagnosis.layers
        ],
    )  # fmt: skip


def fall(diagnosis: Diagnosis) -> str | None:
    """At which layer the gradient is lost on its way back."""
    if diagnosis.falls_at is None:
        return None
    return f"The product of mean|f'| falls below {diagnosis.criteria.thresholds.epsilon:g} at {diagnosis.falls_at}."


def rule_in_words(diagnosis: Diagnosis) -> str:
    rule = diagnosis.criteria.rule
    return f"By the rule of {rule.name}: {rule.explanation(diagnosis.functions)['definition']}"


def reasons(diagnosis: Diagnosis, layer: Layer) -> Iterator[str]:
    """Why a layer has its verdict, and which neurons are at fault."""
    yield from layer.reasons
    of_layer = [neuron for neuron in diagnosis.neurons if neuron.layer == layer.name]
    if (dead := [n for n in of_layer if n.dead]) and not diagnosis.criteria.rule.checks:
        yield f"dead: {_some([n.neuron for n in dead])}"
        if bounds := [n.dead_upper_bound for n in dead if n.dead_upper_bound is not None]:
            yield f"(95 % sure that each passes gradient on less than {100 * max(bounds):.2g} % of the inputs)"
    if flagged := [n.neuron for n in of_layer if n.flagged]:
        yield f"they are: {_some(flagged)}"


def worst_first(diagnosis: Diagnosis) -> list[Neuron]:
    return sorted(
        diagnosis.neurons, key=lambda n: (not n.dead, -(n.vanishing_ratio or 0.0), n.mean_abs_gradient or 0.0)
    )


def _some(names: Sequence[str], most: int = 24) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return " ".join(names[:most]) + rest


def _remedies(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    """What helps, as lines."""
    found = advice(diagnosis.layers)
    if not found:
        return
    yield "What helps"
    for part in found:
        yield f"  {part.cause}:"
        if part.said:
            yield f"    {part.said}{', then' if part.remedies else ''}"
        for number, remedy in enumerate(part.remedies, start=1):
            yield f"    {number}. {remedy}"
    yield ""


class Advice(NamedTuple):
    """The remedies for one figure: the figure and its layers, what was said already, and the remedies to add."""

    cause: str
    said: str
    remedies: tuple[str, ...]


def advice(of: Sequence[Layer]) -> list[Advice]:
    """What helps: each remedy once, with the figures that call for it, and the layers where they do."""
    layers: dict[str, list[str]] = {}
    figures: dict[tuple[str, str], list[str]] = {}
    for layer in of:
        for remedy in layer.remedies:
            for names, name in (
                (layers.setdefault(remedy.figure, []), layer.name),
                (figures.setdefault((remedy.remedy, remedy.source), []), remedy.figure),
            ):
                if name not in names:
                    names.append(name)
    found = []
    for cause, names in layers.items():
        said = dict.fromkeys(causes[0] for causes in figures.values() if cause in causes[1:])
        own = [f"{text} ({source})" for (text, source), causes in figures.items() if causes[0] == cause]
        against = f"as against the {' and the '.join(said)}" if said else ""
        found.append(Advice(f"{cause} of {_some(names, 8)}", against, tuple(own)))
    return found


def layer_summary(diagnosis: Diagnosis) -> Sheet:
    """The layers, each with its function where they differ."""
    kinds = {function.rowwise for function in diagnosis.functions}
    columns: dict[str, Callable[[Layer], Cell]] = {
        "layer": lambda layer: layer.name,
        **({"function": lambda layer: layer.function.label} if len(diagnosis.functions) > 1 else {}),
        "size": lambda layer: f"{layer.samples} x {layer.neurons}",
        "dead": lambda layer: layer.dead_neurons,
        "vanishing": lambda layer: layer.vanishing_ratio,
    }
    if False in kinds:
        columns |= {
            "sat. low": lambda layer: layer.saturated_low_ratio,
            "sat. high": lambda layer: layer.saturated_high_ratio,
        }
    if True in kinds:
        columns |= {"van. rows": lambda layer: layer.vanishing_row_ratio}
    columns |= {"mean|f'|": lambda layer: layer.mean_abs_gradient, "verdict": lambda layer: layer.verdict}
    return Sheet(tuple(columns), [[of(layer) for of in columns.values()] for layer in diagnosis.layers])


def neuron_summary(neurons: Sequence[Neuron]) -> Sheet:
    columns = ("layer", "neuron", "dead", "vanishing", "mean|f'|", "min", "max", "mean")
    rows = [(n.layer, n.neuron, n.dead, n.vanishing_ratio, n.mean_abs_gradient, n.min, n.max, n.mean) for n in neurons]
    return Sheet(columns, rows)
