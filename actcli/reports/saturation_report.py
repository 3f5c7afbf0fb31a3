"""`saturation` as a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from actcli.diagnosis.diagnose import Diagnosis
from actcli.diagnosis.gates import Gate
from actcli.diagnosis.rules import ORDER
from actcli.reports import saturation as parts
from actcli.reports.blocks import Block, Drawing, Grid, Judgement, Points, Report, Run, Section
from actcli.reports.common import drawing, provenance, remedies
from actcli.reports.definitions import layer_definitions
from actcli.text import Cell

MOST = 1000  # neurons in a report


def saturation_report(diagnosis: Diagnosis, gates: Sequence[Gate], run: Run, digits: int) -> Report:
    """The verdicts with their reasons, what was run, tables, figures, remedies, definitions."""
    failed = tuple(line for gate in gates for line in gate.failures(diagnosis.layers))
    where = Points(parts.criteria(diagnosis), tuple(parts.where(diagnosis, digits)))
    sections = [Section("What was run", tuple(provenance(run, _settings(diagnosis), diagnosis.layers)))]
    if diagnosis.layers:
        sections.append(Section("Where the gradient vanishes", (where,)))
        sections.append(Section("Layers", tuple(_layers(diagnosis))))
        sections.append(Section("Neurons", tuple(_neurons(diagnosis))))
    sections.append(Section("Figures", (_drawing(diagnosis),)))
    if helps := tuple(remedies(diagnosis.layers)):
        sections.append(Section("What helps", helps))
    sections.append(Section("Definitions", layer_definitions(diagnosis.criteria.thresholds)))
    verdicts = tuple(_verdicts(diagnosis, gates, failed)) if diagnosis.layers else (where,)
    return Report(f"{_title(diagnosis)}{', gate failed' if failed else ''}", verdicts, tuple(sections))


def _title(diagnosis: Diagnosis) -> str:
    label, layers = diagnosis.label, diagnosis.layers
    if not layers:
        return f"Where the gradient of {label} vanishes"
    verdict = max((layer.verdict for layer in layers), key=ORDER.index)
    return f"{label} on {layers[0].name if len(layers) == 1 else f'{len(layers)} layers'}: {verdict}"


def _verdicts(diagnosis: Diagnosis, gates: Sequence[Gate], failed: tuple[str, ...]) -> Iterator[Block]:
    if len(diagnosis.layers) > 1:
        counts = Counter(layer.verdict for layer in diagnosis.layers)
        told = [f"{counts[verdict]} {verdict}" for verdict in reversed(ORDER) if counts[verdict]]
        yield f"{len(diagnosis.layers)} layers: {', '.join(told)}."
    if failed:
        yield Judgement("Gates", "failed", failed)
    elif gates:
        yield Judgement("Gates", "passed", tuple(gate.condition for gate in gates))
    if diagnosis.criteria.rule.checks:
        yield parts.rule_in_words(diagnosis)
    for layer in diagnosis.layers:
        yield Judgement(layer.name, layer.verdict, tuple(parts.reasons(diagnosis, layer)))
    if (falls := parts.fall(diagnosis)) is not None and parts.is_network(diagnosis):
        yield falls
    yield from (f"Beware: {doubt}" for doubt in diagnosis.doubts)


def _settings(diagnosis: Diagnosis) -> list[tuple[str, Cell]]:
    thresholds = diagnosis.criteria.thresholds
    rule = diagnosis.criteria.rule.explanation(diagnosis.functions)
    rows: list[tuple[str, Cell]] = [
        ("function", diagnosis.label),
        ("epsilon", thresholds.epsilon),
        ("tau", thresholds.tau),
        ("alpha", thresholds.alpha),
        ("rule", f"{rule['name']}: {rule['definition']}"),
        ("source of the rule", rule["source"]),
    ]
    if (precision := diagnosis.criteria.precision) is not None:
        rows.append(("precision", precision.name))
    return rows


def _layers(diagnosis: Diagnosis) -> Iterator[Block]:
    yield Grid.of("", parts.layer_summary(diagnosis))
    if parts.is_network(diagnosis):
        yield Grid.of(parts.GRADIENT_TITLE, parts.gradient_summary(diagnosis))
    if (precision := diagnosis.criteria.precision) is not None:
        yield Grid.of(parts.precision_title(precision), parts.precision_summary(diagnosis))


def _neurons(diagnosis: Diagnosis) -> Iterator[Block]:
    worst = parts.worst_first(diagnosis)
    first = worst[: parts.WORST]
    yield Grid.of(f"The worst {len(first)} of {len(worst)}", parts.neuron_summary(first))
    if len(worst) > len(first):
        fold = "All neurons, the worst first"
        if len(worst) > MOST:
            fold = f"The worst {MOST} of {len(worst)}; --by neuron gives all"
        yield Grid.of("", parts.neuron_summary(worst[:MOST]), fold)


def _drawing(diagnosis: Diagnosis) -> Drawing:
    from actcli.figures.layers import layers_figure

    caption = (
        "The pre-activations of each layer over |f'|, the neurons, and what f' leaves of a gradient"
        if parts.is_network(diagnosis)
        else "The pre-activations of each layer, and the neurons"
        if diagnosis.layers
        else f"{diagnosis.label} and its derivative"
    )
    return drawing("layers" if diagnosis.layers else "curves", caption, lambda t: layers_figure(diagnosis, theme=t))
