"""What `eval` and `grad` share: numbers give a sheet, tables are filtered."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from actcli.cli.inputs import numbers_and_paths, open_layers, span_numbers
from actcli.cli.layers import on
from actcli.cli.messages import note
from actcli.errors import UsageError
from actcli.output import filtering
from actcli.output.results import Result, write
from actcli.output.sheets import TABLE

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.output.outputs import Outputs
    from actcli.tables.options import ReadOptions
    from actcli.tables.sheet import Sheet


HELD = 1_000_000  # numbers that may be taken together
HELD_SQUARED = 5_000  # of which there is a Jacobian


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a command line, made as they are taken."""

    count: int
    values: Iterator[float]

    def held(self, most: int, why: str) -> list[float]:
        """All of them. Raises UsageError where they are more than `most`."""
        if self.count > most:
            raise UsageError(
                f"--range: {_size(self.count)} numbers, and at most {most:,} are taken together for {why}",
                "make the range shorter or its STEP larger",
            )
        return list(self.values)


def _size(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"{Decimal(count):.1e}"


def numbers_or_paths(inputs: Sequence[str], span: tuple[Decimal, ...] | None) -> tuple[Numbers | None, list[str]]:
    """The numbers of the inputs or of --range, else paths; there is one of them."""
    if span is not None:
        if inputs:
            raise UsageError("--range makes the numbers: leave out the inputs", f"not both --range and {inputs[0]}")
        return Numbers(*span_numbers(span)), []
    numbers, paths = numbers_and_paths(inputs, required=True)
    if not numbers and not paths:
        raise UsageError("there is no input", "give numbers, files or --range, or pipe a table in")
    return Numbers(len(numbers), iter(numbers)) if numbers else None, paths


def write_sheet(sheet: Sheet, outputs: Outputs) -> None:
    write(outputs, Result(sheet=lambda: sheet))


def _taken(function: Function, numbers: Numbers, outputs: Outputs) -> Iterator[float] | list[float]:
    """As many of the numbers as the outputs show: a table alone the first; what cannot be held is refused."""
    if function.takes_rows:
        return numbers.held(HELD, f"the row of {function.name}")
    if len(outputs.destinations) > 1:
        return numbers.held(HELD, "several outputs")
    if outputs.destinations[0].format == TABLE and numbers.count > HELD:
        note(f"the first {filtering.TERMINAL_ROWS} of {_size(numbers.count)} rows; -f csv gives all")
        return itertools.islice(numbers.values, filtering.TERMINAL_ROWS)
    if numbers.count > HELD and sys.stderr.isatty():
        note(f"{_size(numbers.count)} numbers; Ctrl-C ends it")
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
    """The parts of folders, each written as one of the folder of the outputs."""
    from actcli.output.datasets import write_dataset

    numbers, paths = numbers_or_paths(inputs, span)
    if numbers is not None:
        raise UsageError("a folder of parts is written of a folder of parts", "give a folder, or -o FILE")
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
    """Numbers give the columns x and all results; tables have each number replaced by the last of the results."""
    numbers, paths = numbers_or_paths(inputs, span)
    if numbers is not None:
        write_sheet(filtering.number_sheet(function, results, _taken(function, numbers, outputs)), outputs)
        return
    tables = open_layers(paths, reading)
    filtering.write_filtered(function, results[-1], tables, outputs, append=append, threads=reading.threads, note=note)
