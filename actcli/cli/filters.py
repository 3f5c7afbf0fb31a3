"""What `eval` and `grad` share: numbers give a sheet, tables are filtered."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from actcli.cli.inputs import numbers_and_paths, open_layers, span_numbers
from actcli.cli.layers import on
from actcli.cli.messages import note
from actcli.errors import UsageError
from actcli.output import filtering
from actcli.output.results import Result, write
from actcli.output.sheets import TABLE

if TYPE_CHECKING:
    from decimal import Decimal

    from actcli.activation import Function
    from actcli.output.outputs import Outputs
    from actcli.tables.options import ReadOptions
    from actcli.tables.sheet import Sheet


HELD = 1_000_000  # numbers that may be held at once
HELD_SQUARED = 5_000  # the same where a Jacobian is computed


class Numbers(NamedTuple):
    """The numbers of a command line, made one at a time on demand."""

    size: int
    values: Iterator[float]

    def held(self, most: int, why: str) -> list[float]:
        """All of the numbers. Raises UsageError if there are more than `most`."""
        if self.size > most:
            raise UsageError(
                f"--range: {_size(self.size)} numbers are too many for {why}, which takes at most {most:,}",
                "make the range shorter or its STEP larger",
            )
        return list(self.values)


def _size(count: int) -> str:
    from decimal import Decimal

    return f"{count:,}" if count < 10**15 else f"{Decimal(count):.1e}"


def numbers_or_paths(inputs: Sequence[str], span: tuple[Decimal, ...] | None) -> tuple[Numbers | None, list[str]]:
    """The numbers of the inputs or of --range, else None; and the paths. Exactly one of the two is not empty."""
    if span is not None:
        if inputs:
            raise UsageError(f"--range and the input {inputs[0]} are both given", "leave one of them out")
        return Numbers(*span_numbers(span)), []
    numbers, paths = numbers_and_paths(inputs, required=True)
    if not numbers and not paths:
        raise UsageError("no input", "give numbers, files or --range, or pipe a table in")
    return Numbers(len(numbers), iter(numbers)) if numbers else None, paths


def write_sheet(sheet: Sheet, outputs: Outputs) -> None:
    write(outputs, Result(sheet=lambda: sheet))


def _taken(function: Function, numbers: Numbers, outputs: Outputs) -> Iterator[float] | list[float]:
    """The numbers that the outputs need: only the first for a long printed table. Raises UsageError for too many."""
    if function.takes_rows:
        return numbers.held(HELD, f"the row of {function.name}")
    if len(outputs.destinations) > 1:
        return numbers.held(HELD, "several outputs")
    if outputs.destinations[0].format == TABLE and numbers.size > HELD:
        note(f"the first {filtering.TERMINAL_ROWS} of {_size(numbers.size)} rows; -f csv gives all")
        return itertools.islice(numbers.values, filtering.TERMINAL_ROWS)
    if numbers.size > HELD and sys.stderr.isatty():
        note(f"{_size(numbers.size)} numbers; Ctrl-C ends it")
    return numbers.values


def write_parts(
    function: Function,
    inputs: Sequence[str],
    span: tuple[Decimal, ...] | None,
    reading: ReadOptions,
    append: bool,
    outputs: Outputs,
    dask: str | None,
) -> None:
    """Write one part in the folder of the outputs for each part of the input folders."""
    from actcli.output.datasets import write_dataset

    numbers, paths = numbers_or_paths(inputs, span)
    if numbers is not None:
        raise UsageError("a folder of parts needs a folder of parts as its input", "give a folder, or -o FILE")
    tables = open_layers(paths, reading)
    with on(dask) as cluster:
        write_dataset(function, tables, outputs, reading, append=append, note=note, cluster=cluster)


def write_results(
    function: Function,
    results: Sequence[filtering.Result],
    inputs: Sequence[str],
    span: tuple[Decimal, ...] | None,
    reading: ReadOptions,
    append: bool,
    outputs: Outputs,
) -> None:
    """Write x and all results for numbers; for tables, replace each number by the last of the results."""
    numbers, paths = numbers_or_paths(inputs, span)
    if numbers is not None:
        write_sheet(filtering.number_sheet(function, results, _taken(function, numbers, outputs)), outputs)
        return
    tables = open_layers(paths, reading)
    filtering.write_filtered(function, results[-1], tables, outputs, append=append, threads=reading.threads, note=note)
