"""What a report says of the run that made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actcli.render import Cell, Sheet
from actcli.reports.blocks import Block, Grid, Run
from actcli.verdicts import Layer


def provenance(run: Run, layers: Sequence[Layer]) -> Iterator[Block]:
    """The command with version and date, and the inputs with their sizes; `layers` are those of the run's inputs."""
    rows: list[tuple[str, Cell]] = [("command", run.command), ("actcli", run.version), ("date", run.date)]
    yield Grid.of("", Sheet(("run", ""), rows))
    if layers:
        columns = ("layer", "file", "bytes", "samples", "neurons", "missing", "non-finite")
        given = {read.layer: read for read in run.inputs}
        inputs = [
            (layer.name, given[layer.name].source, given[layer.name].size, layer.samples, layer.neurons,
             layer.missing, layer.non_finite)
            for layer in layers
        ]  # fmt: skip
        yield Grid.of("", Sheet(columns, inputs))
