"""What `eval` and `grad` share: numbers give a sheet, tables are filtered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from actcli.cli.inputs import numbers_and_paths, open_layers, span_numbers
from actcli.cli.messages import note, note_skipped
from actcli.cli.options import Destination
from actcli.errors import UsageError
from actcli.output import filtering
from actcli.output.results import write_sheet
from actcli.output.sheets import TABLE, choose_format, output_formats

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.tables.options import ReadOptions

TERMINAL_ROWS = 40


def numbers_or_paths(inputs: Sequence[str], span: tuple[Any, ...] | None) -> tuple[Iterator[float] | None, list[str]]:
    """The numbers of the inputs or of --range, else paths; there is one of them."""
    if span is not None:
        if inputs:
            raise UsageError("--range makes the numbers: leave out the inputs", f"not both --range and {inputs[0]}")
        return span_numbers(span), []
    numbers, paths = numbers_and_paths(inputs, required=True)
    if not numbers and not paths:
        raise UsageError("there is no input", "give numbers, files or --range, or pipe a table in")
    return iter(numbers) if numbers else None, paths


def write_results(
    function: Function,
    results: Sequence[filtering.Result],
    inputs: Sequence[str],
    span: tuple[Any, ...] | None,
    reading: ReadOptions,
    append: bool,
    to: Destination,
) -> None:
    """Numbers give the columns x and all results; tables have each number replaced by the last of the results."""
    numbers, paths = numbers_or_paths(inputs, span)
    if numbers is not None:
        write_sheet(filtering.number_sheet(function, results, numbers), to)
        return
    tables = open_layers(paths, reading)
    format = choose_format(to.format, to.output, output_formats("frames"))
    if format == TABLE:
        sheet, more = filtering.first_rows(function, results[-1], tables, TERMINAL_ROWS, append=append)
        write_sheet(sheet, to._replace(format=TABLE))
        if more:
            note(f"the first {TERMINAL_ROWS} rows; -f csv or -o FILE gives all")
        return
    for skipped in filtering.filter_tables(
        function, results[-1], tables, format, to.output, append=append, threads=reading.threads
    ):
        note_skipped(skipped)
