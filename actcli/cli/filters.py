"""What `eval` and `grad` share: numbers give a sheet, tables are filtered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from actcli.cli.inputs import numbers_and_paths, open_layers, span_numbers
from actcli.cli.messages import note
from actcli.errors import UsageError
from actcli.output import filtering
from actcli.output.results import Result, write

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.output.outputs import Outputs
    from actcli.tables.options import ReadOptions
    from actcli.tables.sheet import Sheet


def numbers_or_paths(
    inputs: Sequence[str], span: tuple[Decimal, ...] | None
) -> tuple[Iterator[float] | None, list[str]]:
    """The numbers of the inputs or of --range, else paths; there is one of them."""
    if span is not None:
        if inputs:
            raise UsageError("--range makes the numbers: leave out the inputs", f"not both --range and {inputs[0]}")
        return span_numbers(span), []
    numbers, paths = numbers_and_paths(inputs, required=True)
    if not numbers and not paths:
        raise UsageError("there is no input", "give numbers, files or --range, or pipe a table in")
    return iter(numbers) if numbers else None, paths


def write_sheet(sheet: Sheet, outputs: Outputs) -> None:
    write(outputs, Result(sheet=lambda: sheet))


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
        write_sheet(filtering.number_sheet(function, results, numbers), outputs)
        return
    tables = open_layers(paths, reading)
    filtering.write_filtered(function, results[-1], tables, outputs, append=append, threads=reading.threads, note=note)
