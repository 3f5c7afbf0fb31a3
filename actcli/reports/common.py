"""What reports have in common: what was run, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from actcli.diagnosis.records import Layer
from actcli.reports.blocks import Block, Drawing, Grid, Points, Run
from actcli.reports.saturation import advice
from actcli.tables.sheet import Sheet
from actcli.text import Cell


def provenance(run: Run, settings: Sequence[tuple[str, Cell]], layers: Sequence[Layer]) -> Iterator[Block]:
    """The command with version, date and settings, and the inputs, whose layers these are, with their sizes."""
    rows = [("command", run.command), ("actcli", run.version), ("date", run.date), *settings]
    yield Grid.of("", Sheet(("what", "value"), rows))
    if layers:
        columns = ("layer", "file", "bytes", "samples", "neurons", "missing", "non-finite")
        given = {read.layer: read for read in run.inputs}
        inputs = [
            (layer.name, given[layer.name].source, given[layer.name].size, layer.samples, layer.neurons,
             layer.missing, layer.non_finite)
            for layer in layers
        ]  # fmt: skip
        yield Grid.of("", Sheet(columns, inputs))


def remedies(layers: Sequence[Layer]) -> Iterator[Block]:
    """What helps these layers, figure by figure."""
    for part in advice(layers):
        yield Points(part.cause, (part.said, *part.remedies) if part.said else part.remedies, ordered=True)


def drawing(name: str, caption: str, draw: Callable[[str], Any]) -> Drawing:
    """The figure that `draw` gives for a theme, as it is on light and on dark pages."""
    from actcli.figures.style import save

    return Drawing(name, caption, save(draw("light"), ".svg"), save(draw("dark"), ".svg"))
