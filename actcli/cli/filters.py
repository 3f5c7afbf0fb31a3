"""What `eval` and `grad` share: a function of numbers, applied to the arguments or to tables as a filter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from actcli.cli.inputs import numbers_and_paths, open_layers, span_numbers
from actcli.cli.messages import note, note_skipped
from actcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from actcli.activation import Array, Function
    from actcli.output.outputs import Destination, Outputs
    from actcli.tables.options import ReadOptions
    from actcli.tables.sheet import Sheet
    from actcli.tables.table import Block, Table

TERMINAL_ROWS = 40
TABLE_FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "parquet", "npy")
CHUNK = 1 << 14  # numbers of --range evaluated at a time


class Column(NamedTuple):
    """One column of results: its name beside numbers, its name after a table's column, and the map."""

    name: str
    kernel: Callable[[Any], Any]
    title: Callable[[str], str]


def run(
    function: Function,
    results: Sequence[Column],
    inputs: Sequence[str],
    span: tuple[Any, ...] | None,
    options: ReadOptions,
    append: bool,
    outputs: Outputs,
) -> None:
    """Numbers give the columns x and all results; tables have each number replaced by the last of the results."""
    if span is not None:
        if inputs:
            raise UsageError("--range makes the numbers: leave out the inputs", f"not both --range and {inputs[0]}")
        _write(_of_numbers(function, results, span_numbers(span)), outputs)
        return
    numbers, paths = numbers_and_paths(inputs, required=True)
    if numbers:
        _write(_of_numbers(function, results, iter(numbers)), outputs)
    elif paths:
        _of_tables(function, results[-1], open_layers(paths, options), append, options.threads, outputs)
    else:
        raise UsageError("there is no input", "give numbers, files or --range, or pipe a table in")


def _write(sheet: Sheet, outputs: Outputs) -> None:
    from actcli.output.results import Result, write

    write(outputs, Result(sheet=lambda: sheet))


def _of_numbers(function: Function, results: Sequence[Column], numbers: Iterator[float]) -> Sheet:
    from actcli.tables.sheet import Sheet

    if function.rowwise:
        return _of_row(results, list(numbers))

    def rows() -> Iterator[tuple[float, ...]]:
        while chunk := list(itertools.islice(numbers, CHUNK)):
            yield from zip(chunk, *(result.kernel(chunk).tolist() for result in results), strict=True)

    return Sheet(("x", *(result.name for result in results)), rows())


def _of_row(results: Sequence[Column], x: list[float]) -> Sheet:
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
    result: Column,
    tables: Sequence[Table],
    append: bool,
    threads: int | None,
    outputs: Outputs,
) -> None:
    from actcli.output.files import write_streams
    from actcli.output.progress import watched
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.sink import result_columns, result_frame

    _check_alike(tables)
    first = tables[0]
    picked = [first.columns[i] for i in first.picked]
    titles = _titles(function, result.title, picked, len(result.kernel([0.0] * len(picked))))
    columns = result_columns(first, titles, append)

    def frame(table: Table, block: Block) -> Any:
        missing = block.missing
        if missing is not None and function.rowwise:  # a row with a hole has no result
            missing = missing.any(axis=1, keepdims=True).repeat(len(titles), axis=1)
        values: Array = result.kernel(block.values)
        parts = [(title, values[:, i], None if missing is None else missing[:, i]) for i, title in enumerate(titles)]
        return result_frame(table, block, parts, append)

    streams = [_stream(to, columns, first.has_header, outputs.digits) for to in outputs.destinations]

    def encoded(table: Table, block: Block) -> list[Any]:
        found = frame(table, block)
        return [stream.encode(found.clone()) for stream in streams]  # some rename its columns

    def blocks() -> Iterator[list[Any]]:
        for table in tables:
            parts = map_blocks(table, partial(encoded, table), threads)
            yield from watched(parts, table.position, table.size, table.name)
            note_skipped(table)

    write_streams([(stream.path, stream.write) for stream in streams], blocks())


class Stream(NamedTuple):
    """One of the outputs of a filter: what it makes of a frame, on any thread, and the writing of all that it made."""

    path: str | None
    encode: Callable[[Any], Any]
    write: Callable[[IO[bytes], Iterator[Any]], None]


def _stream(to: Destination, columns: Sequence[str], header: bool, digits: int) -> Stream:
    if to.format == "table":
        return Stream(to.path, lambda frame: frame.head(TERMINAL_ROWS + 1).rows(), partial(_show, columns, digits))
    from actcli.tables.sink import encoder

    encode = encoder(to.format, columns, header)
    return Stream(to.path, encode.encode, encode.write)


def _show(columns: Sequence[str], digits: int, file: IO[bytes], parts: Iterator[list[tuple[Any, ...]]]) -> None:
    """The first rows, for a person at a terminal."""
    from actcli.output.sheets import encode
    from actcli.tables.sheet import Sheet

    rows: list[tuple[Any, ...]] = []
    for part in parts:
        rows += part
        if len(rows) > TERMINAL_ROWS:
            break
    file.writelines(encode(Sheet(tuple(columns), rows[:TERMINAL_ROWS]), "table", digits))
    if len(rows) > TERMINAL_ROWS:
        note(f"the first {TERMINAL_ROWS} rows; -f csv or -o FILE gives all")


def _check_alike(tables: Sequence[Table]) -> None:
    first = tables[0]
    for table in tables[1:]:
        if (table.columns, table.picked) != (first.columns, first.picked):
            raise DataError(
                f"{table.source} has other columns than {first.source}",
                "the results of several tables are written one below the other: give tables of the same columns",
            )


def jacobian(
    function: Function,
    inputs: Sequence[str],
    span: tuple[Any, ...] | None,
    options: ReadOptions,
    outputs: Outputs,
) -> None:
    """The Jacobian of a rowwise function: for each row one line an output, its derivatives by the inputs."""
    if not function.rowwise:
        function.jacobian([[0.0]])  # says that there is none
    numbers, paths = ([*span_numbers(span)], []) if span else numbers_and_paths(inputs, required=True)
    if numbers:
        names = tuple(str(i + 1) for i in range(len(numbers)))
        _write_jacobian(names, iter([_jacobian_rows(function, names, 1, [numbers])]), outputs)
    elif paths:
        tables = open_layers(paths, options)
        _check_alike(tables)
        names = tuple(tables[0].columns[i] for i in tables[0].picked)
        _write_jacobian(names, _jacobian_blocks(function, names, tables), outputs)
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


def _write_jacobian(names: Sequence[str], blocks: Iterator[Any], outputs: Outputs) -> None:
    from actcli.tables.sheet import Sheet

    rows = itertools.chain.from_iterable(blocks)
    _write(Sheet(("row", "output", *(f"d/d{name}" for name in names)), rows), outputs)
