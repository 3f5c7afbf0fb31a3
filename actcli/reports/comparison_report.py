"""`compare` as a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actcli.diagnosis.comparison import Comparison
from actcli.measuring.probe import Thresholds
from actcli.reports import comparison as parts
from actcli.reports.blocks import Block, Drawing, Grid, Judgement, Points, Report, Run, Section
from actcli.reports.common import drawing, provenance, remedies
from actcli.reports.definitions import network_definitions
from actcli.tables.sheet import Sheet
from actcli.text import Cell


def comparison_report(comparison: Comparison, thresholds: Thresholds, run: Run) -> Report:
    """The verdicts on each layer under each function, what was run, tables, figures, definitions."""
    names = parts.layer_names(comparison)
    layers = [next(layer for _, layer in comparison.layers if layer.name == name) for name in names]
    labels = [profile.function.label for profile in comparison.profiles]
    network = comparison.profiles[0].means
    settings: list[tuple[str, Cell]] = [
        ("functions", ", ".join(labels)),
        ("epsilon", thresholds.epsilon),
        ("tau", thresholds.tau),
        ("q", network.q),
    ]
    first = comparison.profiles[0].function
    helps = tuple(remedies([layer for function, layer in comparison.layers if function == first]))
    return Report(
        f"{', '.join(labels)}: compared{' on ' + _listed(names) if names else ''}",
        tuple(_verdicts(comparison, names, labels)),
        (
            Section("What was run", tuple(provenance(run, settings, layers))),
            Section("Functions", tuple(_blocks(parts.function_parts(comparison)))),
            *(_layer(comparison, name) for name in names),
            Section("Figures", (_drawing(comparison),)),
            *([Section(f"What helps with {first.label}", helps)] if helps else []),
            Section("Definitions", (network_definitions(thresholds, network.q),)),
        ),
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} layers"


def _verdicts(comparison: Comparison, names: Sequence[str], labels: Sequence[str]) -> Iterator[Block]:
    """A table of verdicts, and what another function in place of the first would do."""
    if not names:
        yield "No inputs were given: the functions are compared by themselves and at initialisation."
        return
    verdicts = {(layer.name, function.label): layer.verdict for function, layer in comparison.layers}
    rows: list[list[Cell]] = [[name, *(verdicts[name, label] for label in labels)] for name in names]
    yield Grid.of("", Sheet(("layer", *labels), rows))
    for name in names:
        if sentences := parts.changes(comparison, name):
            yield Points(name, tuple(sentences))


def _blocks(found: Iterator[parts.Part]) -> Iterator[Block]:
    for part in found:
        yield Grid.of(part.title, part.sheet)
        yield from part.notes


def _layer(comparison: Comparison, name: str) -> Section:
    """The tables of a layer, and why each function has its verdict; what changes is among the verdicts."""
    title, *_ = found = list(parts.layer_parts(comparison, name))
    tables = (Grid.of("", part.sheet) for part in found)
    judged = (
        Judgement(function.label, layer.verdict, layer.reasons)
        for function, layer in comparison.layers
        if layer.name == name
    )
    return Section(title.title, (*tables, *judged))


def _drawing(comparison: Comparison) -> Drawing:
    from actcli.figures.comparison import comparison_figure

    caption = "f and f', the means over a normal distribution, and the layers under each function"
    if not comparison.layers:
        caption = "f and f', and the means over a normal distribution"
    return drawing("functions", caption, lambda theme: comparison_figure(comparison, theme=theme))
