"""What `eval` and `grad` share: a function of numbers, applied to the arguments or to tables as a filter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from actcli.cli.inputs import numbers_and_paths, open_layers, span_numbers
from actcli.cli.messages import note, note_skipped
from actcli.cli.options import Destination
from actcli.errors import DataError, UsageError
from actcli.output.results import write_sheet

if TYPE_CHECKING:
    from actcli.activation import Array, Function
    from actcli.tables.options import ReadOptions
    from actcli.tables.sheet import Sheet
    from actcli.tables.table import Block, Table

TERMINAL_ROWS = 40
TABLE_FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "parquet", "npy")
CHUNK = 1 << 14  # numbers of --range evaluated at a time


class Result(NamedTuple):
    """One column of results: its name beside numbers, its name after a table's column, and the map."""

    name: str
    kernel: Callable[[Any], Any]
    title: Callable[[str], str]


def run(
    function: Function,
    results: Sequence[Result],
    inputs: Sequence[str],
    span: tuple[Any, ...] | None,
    options: ReadOptions,
    append: bool,
    destination: Destination,
) -> None:
    """Numbers give the columns x and all results; tables have each number replaced by the last of the results."""
    if span is not None:
        if inputs:
            raise UsageError("--range makes the numbers: leave out the inputs", f"not both --range and {inputs[0]}")
        write_sheet(_of_numbers(function, results, span_numbers(span)), destination)
        return
    numbers, paths = numbers_and_paths(inputs, required=True)
    if numbers:
        write_sheet(_of_numbers(function, results, iter(numbers)), destination)
    elif paths:
        _of_tables(function, results[-1], open_layers(paths, options), append, options.threads, destination)
    else:
        raise UsageError("there is no input", "give numbers, files or --range, or pipe a table in")


def _of_numbers(function: Function, results: Sequence[Result], numbers: Iterator[float]) -> Sheet:
    from actcli.tables.sheet import Sheet

    if function.rowwise:
        return _of_row(results, list(numbers))

    def rows() -> Iterator[tuple[float, ...]]:
        while chunk := list(itertools.islice(numbers, CHUNK)):
            yield from zip(chunk, *(result.kernel(chunk).tolist() for result in results), strict=True)

    return Sheet(("x", *(result.name for result in results)), rows())


def _of_row(results: Sequence[Result], x: list[float]) -> Sheet:
    """A rowwise function takes all the numbers as its row. Where its outputs are of another number, `eval` has a line
    for each of them; derivatives have one for each input, with the output that it belongs to."""
    from actcli.tables.sheet import Sheet

    columns = [result.kernel(x) for result in results] if x else []
    if len(columns) == 1 and len(columns[0]) != len(x):
        return Sheet(("output", results[0].name), enumerate(columns[0].tolist(), start=1))
    if any(len(column) != len(x) for column in columns):
        from actcli.activation import own_outputs

        columns = [own_outputs(column, len(x)) for column in columns]
    rows = zip(x, *(column.tolist() for column in columns), strict=True)
    return Sheet(("x", *(result.name for result in results)), rows)


def _titles(function: Function, title: Callable[[str], str], columns: Sequence[str], count: int) -> list[str]:
    """The names of the `count` results of these columns: after the columns where each result belongs to one or, gated,
    to two of them; else numbered, unless there is but one."""
    if count == len(columns):
        return [title(column) for column in columns]
    if function.activation.kind == "gated":
        return [title(f"{a},{b}") for a, b in zip(columns[:count], columns[count:], strict=True)]
    return [function.label] if count == 1 else [title(str(i + 1)) for i in range(count)]


def _of_tables(
    function: Function,
    result: Result,
    tables: Sequence[Table],
    append: bool,
    threads: int | None,
    destination: Destination,
) -> None:
    from actcli.output.progress import watched
    from actcli.output.sheets import choose_format
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.sink import encoder, result_columns, result_frame

    _check_alike(tables)
    first = tables[0]
    picked = [first.columns[i] for i in first.picked]
    titles = _titles(function, result.title, picked, len(result.kernel([0.0] * len(picked))))
    columns = result_columns(first, titles, append)
    format = choose_format(destination.format, destination.output, TABLE_FORMATS)

    def frame(table: Table, block: Block) -> Any:
        missing = block.missing
        if missing is not None and function.rowwise:  # a row with a hole has no result
            missing = missing.any(axis=1, keepdims=True).repeat(len(titles), axis=1)
        values: Array = result.kernel(block.values)
        parts = [(title, values[:, i], None if missing is None else missing[:, i]) for i, title in enumerate(titles)]
        return result_frame(table, block, parts, append)

    if format == "table":
        _show(columns, (frame(table, task()) for table in tables for task in table.tasks()), destination)
        return
    encode = encoder(format, columns, first.has_header)

    def encoded(table: Table, block: Block) -> Any:
        return encode.encode(frame(table, block))

    def parts() -> Iterator[Any]:
        for table in tables:
            blocks = map_blocks(table, partial(encoded, table), threads)
            yield from watched(blocks, table.position, table.size, table.name)
            note_skipped(table)

    write_parts(encode, parts(), destination.output)


def write_parts(encode: Any, parts: Iterator[Any], output: str | None) -> None:
    """The encoded blocks to their file."""
    from actcli.output.files import open_output

    with open_output(output) as file:
        encode.write(file, parts)


def _check_alike(tables: Sequence[Table]) -> None:
    first = tables[0]
    for table in tables[1:]:
        if (table.columns, table.picked) != (first.columns, first.picked):
            raise DataError(
                f"{table.source} has other columns than {first.source}",
                "the results of several tables are written one below the other: give tables of the same columns",
            )


def _show(columns: Sequence[str], frames: Iterator[Any], destination: Destination) -> None:
    """The first rows, for a person at a terminal."""
    from actcli.tables.sheet import Sheet

    rows: list[tuple[Any, ...]] = []
    for frame in frames:
        rows += frame.head(TERMINAL_ROWS + 1 - len(rows)).rows()
        if len(rows) > TERMINAL_ROWS:
            break
    write_sheet(
        Sheet(tuple(columns), rows[:TERMINAL_ROWS]), Destination("table", destination.output, destination.digits)
    )
    if len(rows) > TERMINAL_ROWS:
        note(f"the first {TERMINAL_ROWS} rows; -f csv or -o FILE gives all")


def jacobian(
    function: Function,
    inputs: Sequence[str],
    span: tuple[Any, ...] | None,
    options: ReadOptions,
    destination: Destination,
) -> None:
    """The Jacobian of a rowwise function: for each row one line an output, its derivatives by the inputs."""
    if not function.rowwise:
        function.jacobian([[0.0]])  # says that there is none
    numbers, paths = ([*span_numbers(span)], []) if span else numbers_and_paths(inputs, required=True)
    if numbers:
        names = tuple(str(i + 1) for i in range(len(numbers)))
        _write_jacobian(names, iter([_jacobian_rows(function, names, 1, [numbers])]), destination)
    elif paths:
        tables = open_layers(paths, options)
        _check_alike(tables)
        names = tuple(tables[0].columns[i] for i in tables[0].picked)
        _write_jacobian(names, _jacobian_blocks(function, names, tables), destination)
    else:
        raise UsageError("there is no input", "give numbers, files or --range, or pipe a table in")


def _jacobian_blocks(function: Function, names: Sequence[str], tables: Sequence[Table]) -> Iterator[Any]:
    row = 1
    for table in tables:
        for task in table.tasks():
            values = task().values
            yield _jacobian_rows(function, names, row, values)
            row += len(values)


def _jacobian_rows(function: Function, names: Sequence[str], first: int, values: Any) -> Iterator[tuple[Any, ...]]:
    for row, x in enumerate(values, start=first):
        jacobian = function.jacobian(x).tolist()
        outputs = _titles(function, str, names, len(jacobian))
        for name, derivatives in zip(outputs, jacobian, strict=True):
            yield (row, name, *derivatives)


def _write_jacobian(names: Sequence[str], blocks: Iterator[Any], destination: Destination) -> None:
    from actcli.tables.sheet import Sheet

    rows = itertools.chain.from_iterable(blocks)
    write_sheet(Sheet(("row", "output", *(f"d/d{name}" for name in names)), rows), destination)
