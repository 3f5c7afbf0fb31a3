"""What `saturation` and `compare` share: reading layers once, whatever the number of functions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from actcli.cli.inputs import numbers_and_paths, open_layers
from actcli.cli.messages import note, note_skipped

if TYPE_CHECKING:
    from actcli.diagnosis.diagnose import Diagnosis
    from actcli.measuring.partial import LayerPartial
    from actcli.measuring.probe import Probe
    from actcli.numerics.histogram import Histogram
    from actcli.reports.blocks import Input
    from actcli.tables.options import ReadOptions
    from actcli.tables.table import Block, Table

Measured: TypeAlias = "tuple[str, Sequence[str], LayerPartial]"  # name, names of the neurons, what is known


def diagnoses(
    probes: Sequence[Probe], inputs: Sequence[str], options: ReadOptions
) -> tuple[list[Diagnosis], tuple[Input, ...]]:
    """One diagnosis a probe of the layers that the inputs hold, and what was read; none where there is no input.

    Says on standard error which layers look like outputs of the first function.
    """
    from actcli.diagnosis.diagnose import diagnose

    measured: list[list[Measured]] = [[] for _ in probes]
    read = []
    for source, layer in _measure(probes, inputs, options):
        read.append(source)
        for of_function, one in zip(measured, layer, strict=True):
            of_function.append(one)
    found = [diagnose(probe, layers) for probe, layers in zip(probes, measured, strict=True)]
    for doubt in found[0].doubts:
        note(doubt)
    return found, tuple(read)


def _measure(
    probes: Sequence[Probe], inputs: Sequence[str], options: ReadOptions
) -> Iterator[tuple[Input, list[Measured]]]:
    """Each layer under each probe."""
    from actcli.reports.blocks import Input

    numbers, paths = numbers_and_paths(inputs, required=False)
    if numbers:
        yield Input("numbers", "the command line", None), [_of_numbers(probe, numbers) for probe in probes]
    elif paths:
        for table in open_layers(paths, options):
            measured, end = _of_table(probes, table, options.threads)
            yield Input(measured[0][0], table.source, end if table.size is None else table.size), measured


def _of_numbers(probe: Probe, numbers: Sequence[float]) -> Measured:
    """Numbers are the samples of one neuron; to a rowwise function, one sample of several."""
    import numpy as np

    x = np.array(numbers)
    if probe.function.rowwise:
        return "numbers", [str(i + 1) for i in range(len(x))], probe.measure(x[None, :])
    return "numbers", ["x"], probe.measure(x[:, None])


def _of_table(probes: Sequence[Probe], table: Table, threads: int | None) -> tuple[list[Measured], int]:
    """The layer under each probe, and how many bytes were read."""
    from actcli.measuring.partial import LayerPartial
    from actcli.output.progress import watched
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.table import together

    columns = [table.columns[i] for i in table.picked]
    totals = [LayerPartial.empty(len(columns)) for _ in probes]

    def measure(block: Block) -> list[LayerPartial]:
        return [probe.measure(block.values, block.missing) for probe in probes]

    skipped, end = None, 0
    for part in watched(map_blocks(table, measure, threads), table):
        totals = [total.merge(partial) for total, partial in zip(totals, part.result, strict=True)]
        skipped, end = together(skipped, part.skipped), part.end
    note_skipped(skipped)
    name = os.fsencode(table.name).decode("utf-8", "backslashreplace")  # a file's may hold any bytes
    return [(name, columns, total) for total in totals], end


def distributions(inputs: Sequence[str], options: ReadOptions) -> list[tuple[str, Histogram]]:
    """The name of each table that the inputs hold and the histogram of its finite values."""
    numbers, paths = numbers_and_paths(inputs, required=False)
    if not numbers and not paths:
        return []
    import numpy as np

    from actcli.numerics.histogram import Histogram

    if numbers:
        x = np.array(numbers)
        return [("numbers", Histogram.of(x, np.isfinite(x)))]
    return [(table.name, _histogram(table, options.threads)) for table in open_layers(paths, options)]


def _histogram(table: Table, threads: int | None) -> Histogram:
    import numpy as np

    from actcli.numerics.histogram import Histogram
    from actcli.output.progress import watched
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.table import together

    def measure(block: Block) -> Histogram:
        return Histogram.of(block.values, np.isfinite(block.values))

    total = Histogram.empty()
    skipped = None
    for part in watched(map_blocks(table, measure, threads), table):
        total = total.merge(part.result)
        skipped = together(skipped, part.skipped)
    note_skipped(skipped)
    return total
