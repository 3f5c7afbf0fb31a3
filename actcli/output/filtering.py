"""Functions and their derivatives, applied to numbers, and to tables as a filter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from actcli.errors import DataError
from actcli.tables.sheet import Sheet

if TYPE_CHECKING:
    from actcli.activation import Array, Function
    from actcli.tables.results import Frame
    from actcli.tables.table import Block, Skipped, Table

CHUNK = 1 << 14  # numbers evaluated at a time


@dataclass(frozen=True, slots=True)
class Result:
    """One column of results."""

    name: str  # beside numbers
    title: str  # after a table's column, which {} stands for
    kernel: Callable[[Any], Array]


def results(function: Function, order: int = 0, wrt: str | None = None) -> tuple[Result, ...]:
    """f and its derivatives by x up to that order; or f and the derivative by a parameter."""
    label = function.label.replace("{", "{{").replace("}", "}}")
    value = Result("f", label + "({})", function.f)
    if wrt is not None:
        function.derivative_by(wrt, 0.0)  # an unknown parameter fails at once
        return value, Result(f"df/d{wrt}", f"d{label}/d{wrt}({{}})", lambda x: function.derivative_by(wrt, x))
    first = Result("df", label + "'({})", function.df)
    second = Result("d2f", label + "''({})", function.d2f)
    return (value, first, second)[: order + 1]


def number_sheet(function: Function, results: Sequence[Result], numbers: Iterable[float]) -> Sheet:
    """The columns x and the results. A rowwise function takes all the numbers as its row."""
    if function.rowwise:
        return _row_sheet(results, list(numbers))
    iterator = iter(numbers)

    def rows() -> Iterator[tuple[float, ...]]:
        while chunk := list(itertools.islice(iterator, CHUNK)):
            yield from zip(chunk, *(result.kernel(chunk).tolist() for result in results), strict=True)

    return Sheet(("x", *(result.name for result in results)), rows())


def _row_sheet(results: Sequence[Result], x: list[float]) -> Sheet:
    """Where the outputs are of another number than the inputs, the value has one row for each of them; derivatives
    have one for each input, with the output that it belongs to."""
    columns = [result.kernel(x) for result in results] if x else []
    if len(columns) == 1 and len(columns[0]) != len(x):
        return Sheet(("output", results[0].name), enumerate(columns[0].tolist(), start=1))
    if any(len(column) != len(x) for column in columns):
        from actcli.measuring.probe import own_outputs

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


@dataclass(frozen=True, slots=True)
class _Filter:
    """What is done to each block of tables of the same columns."""

    function: Function
    result: Result
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    append: bool

    def frame(self, table: Table, block: Block) -> Frame:
        from actcli.tables.results import result_frame

        missing, width = block.missing, len(self.titles)
        if missing is not None and self.function.rowwise:  # a row with a hole has no result
            missing = missing.any(axis=1, keepdims=True).repeat(width, axis=1)
        values = self.result.kernel(block.values)
        columns = [(values[:, i], None if missing is None else missing[:, i]) for i in range(width)]
        return result_frame(table, block, columns, self.append)


def _filter(function: Function, result: Result, tables: Sequence[Table], append: bool) -> _Filter:
    from actcli.tables.results import result_columns

    picked = _alike(tables)
    count = len(result.kernel([0.0] * len(picked)))
    titles = _titles(function, result.title.format, picked, count)
    return _Filter(function, result, tuple(titles), result_columns(tables[0], titles, append), append)


def _alike(tables: Sequence[Table]) -> list[str]:
    """The names of the picked columns, which all the tables must have."""
    first = tables[0]
    for table in tables[1:]:
        if (table.columns, table.picked) != (first.columns, first.picked):
            raise DataError(
                f"{table.source} has other columns than {first.source}",
                "the results of several tables are written one below the other: give tables of the same columns",
            )
    return [first.columns[i] for i in first.picked]


def filter_tables(
    function: Function,
    result: Result,
    tables: Sequence[Table],
    format: str,
    output: str | None = None,
    *,
    append: bool = False,
    threads: int | None = None,
) -> tuple[Skipped, ...]:
    """Write the rows of the tables, each picked number replaced by its result or, appended, followed by it.

    None is standard output. Returns what was left out of each table that has rows that cannot be read.
    """
    from actcli.output.files import open_output
    from actcli.output.progress import watched
    from actcli.tables.format import named
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.table import together

    filter = _filter(function, result, tables, append)
    frames = named(format).frames
    assert frames is not None
    writer = frames(filter.columns, tables[0].has_header)
    skipped: list[Skipped] = []

    def encode(table: Table, block: Block) -> Any:
        return writer.encode(filter.frame(table, block))

    def parts() -> Iterator[Any]:
        for table in tables:
            left_out = None
            for part in watched(map_blocks(table, partial(encode, table), threads), table):
                left_out = together(left_out, part.skipped)
                yield part.result
            skipped.extend([left_out] if left_out else [])

    with open_output(output) as file:
        writer.write(file, parts())
    return tuple(skipped)


def first_rows(
    function: Function, result: Result, tables: Sequence[Table], count: int, *, append: bool = False
) -> tuple[Sheet, bool]:
    """So many rows of what `filter_tables` writes, and whether there are more."""
    filter = _filter(function, result, tables, append)
    rows: list[tuple[Any, ...]] = []
    for table in tables:
        for task in table.tasks():
            rows += filter.frame(table, task()).head(count + 1 - len(rows)).rows()
            if len(rows) > count:
                return Sheet(filter.columns, rows[:count]), True
    return Sheet(filter.columns, rows), False


def number_jacobian(function: Function, numbers: Sequence[float]) -> Sheet:
    """The Jacobian of a rowwise function at one row: a row for each output, its derivatives by the inputs."""
    names = [str(i + 1) for i in range(len(numbers))]
    return _jacobian(function, names, [[numbers]])


def table_jacobian(function: Function, tables: Sequence[Table]) -> Sheet:
    """The Jacobian at each row of the tables."""
    return _jacobian(function, _alike(tables), (task().values for table in tables for task in table.tasks()))


def _jacobian(function: Function, names: Sequence[str], blocks: Iterable[Iterable[Any]]) -> Sheet:
    if not function.rowwise:
        function.jacobian([[0.0]])  # says that there is none

    def rows() -> Iterator[tuple[Any, ...]]:
        for row, x in enumerate(itertools.chain.from_iterable(blocks), start=1):
            jacobian = function.jacobian(x).tolist()
            outputs = _titles(function, str, names, len(jacobian))
            for name, derivatives in zip(outputs, jacobian, strict=True):
                yield (row, name, *derivatives)

    return Sheet(("row", "output", *(f"d/d{name}" for name in names)), rows())
