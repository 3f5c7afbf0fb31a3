"""Sections that reports share: how it was run, gates, and what helps."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from actcli.diagnosis.records import Layer, Remedy
from actcli.reports.model import Block, Grid, Judgement, Points, Run, Section
from actcli.tables.sheet import Sheet
from actcli.text import Cell, some

MANY = 12  # layers; the tables of more are folded


def how_it_was_run(run: Run, settings: Sequence[tuple[str, Cell]], layers: Sequence[Layer] = ()) -> Section:
    """The command with version, date and settings, and the inputs of these layers with their sizes."""
    ran = (("command", run.command), ("actcli", run.version), ("date", run.date))
    rows: list[tuple[str, Cell]] = [*(row for row in ran if row[1]), *settings]
    blocks: list[Block] = [Grid("", Sheet(("what", "value"), rows))]
    if layers and run.inputs:
        columns = ("layer", "file", "bytes", "samples", "neurons", "missing", "non-finite")
        given = {read.layer: read for read in run.inputs}
        inputs = [
            (layer.name, given[layer.name].source, given[layer.name].size, layer.samples, layer.neurons,
             layer.missing, layer.non_finite)
            for layer in layers
        ]  # fmt: skip
        blocks.append(Grid("", Sheet(columns, inputs), "Inputs of all layers" * (len(inputs) > MANY)))
    return Section("How it was run", tuple(blocks), reference=True)


def gates_judged(failed: Sequence[str], gated: bool, conditions: Sequence[str] = ()) -> Iterator[Block]:
    """The verdict on the gates: the lines of those that failed, else all conditions; nothing if there are no gates."""
    if failed:
        yield Judgement("Gates", "failed", tuple(failed))
    elif gated:
        yield Judgement("Gates", "passed", tuple(conditions))


class Remediable(Protocol):
    """A layer or a trained function, with remedies."""

    @property
    def name(self) -> str: ...

    @property
    def remedies(self) -> tuple[Remedy, ...]: ...


def what_helps(layers: Sequence[Remediable], title: str = "What helps") -> Iterator[Section]:
    """Each remedy once, under the first measure that calls for it, with the layers concerned."""
    names: dict[str, dict[str, None]] = {}
    causes: dict[tuple[str, str], dict[str, None]] = {}
    for layer in layers:
        for remedy in layer.remedies:
            names.setdefault(remedy.figure, {})[layer.name] = None
            causes.setdefault((remedy.remedy, remedy.source), {})[remedy.figure] = None
    if not names:
        return
    found = []
    for cause, of_layers in names.items():
        own = [f"{text} ({source})" for (text, source), each in causes.items() if next(iter(each)) == cause]
        before = dict.fromkeys(next(iter(each)) for each in causes.values() if cause in [*each][1:])
        same = [f"the same as for {' and '.join(before)}"] if before else []
        found.append(Points(f"{cause} of {some([*of_layers], 8)}", (*same, *own), ordered=True))
    yield Section(title, tuple(found))
