"""Apply functions and their derivatives to numbers, and to tables as a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

from actcli.errors import DataError
from actcli.output.sheets import TABLE, encode
from actcli.tables.sheet import Sheet

if TYPE_CHECKING:
    from actcli.activation import Array, Function
    from actcli.output.outputs import Outputs
    from actcli.tables.format import Form, FrameWriter
    from actcli.tables.options import ReadOptions
    from actcli.tables.pipeline import Watch
    from actcli.tables.results import Frame
    from actcli.tables.table import Block, Table

TERMINAL_ROWS = 40
CHUNK = 1 << 14  # numbers evaluated at a time
JACOBIANS = 1 << 18  # entries of Jacobians held at a time

T = TypeVar("T")


class Result(NamedTuple):
    """One column of results."""

    name: str  # for results on numbers
    title: str  # for results on a table: {0} is the function, {1} the column
    kernel: Callable[[Any], Array]


def results(function: Function, order: int = 0, wrt: str | None = None) -> tuple[Result, ...]:
    """Return f and its derivatives by x up to `order`, or f and its derivative by the parameter `wrt`."""
    value = Result("f", "{0}({1})", function.f)
    if wrt is not None:
        function.whole.derivative_by(wrt, 0.0)  # raises for an unknown parameter
        return value, Result(f"df/d{wrt}", f"d{{0}}/d{wrt}({{1}})", lambda x: function.derivative_by(wrt, x))
    first = Result("df", "{0}'({1})", function.df)
    second = Result("d2f", "{0}''({1})", function.d2f)
    return (value, first, second)[: order + 1]


def number_sheet(function: Function, results: Sequence[Result], numbers: Iterable[float]) -> Sheet:
    """Return x and the results as columns. A function that takes rows takes all the numbers as one row."""
    if function.takes_rows:
        return _row_sheet(results, list(numbers))
    iterator = iter(numbers)

    def rows() -> Iterator[tuple[float, ...]]:
        while chunk := list(islice(iterator, CHUNK)):
            yield from zip(chunk, *(result.kernel(chunk).tolist() for result in results), strict=True)

    return Sheet(("x", *(result.name for result in results)), rows())


def _row_sheet(results: Sequence[Result], x: list[float]) -> Sheet:
    """If f has more or fewer outputs than inputs, its value gets one row per output; derivatives get one per input,
    next to the output that the input belongs to."""
    columns = [result.kernel(x) for result in results] if x else []
    if len(columns) == 1 and len(columns[0]) != len(x):
        return Sheet(("output", results[0].name), enumerate(columns[0].tolist(), start=1))
    if any(len(column) != len(x) for column in columns):
        from actcli.analysis.columns import own_outputs

        columns = [own_outputs(column, len(x)) for column in columns]
    rows = zip(x, *(column.tolist() for column in columns), strict=True)
    return Sheet(("x", *(result.name for result in results)), rows)


def _titles(function: Function, title: str, columns: Sequence[str], count: int) -> list[str]:
    """Return names for `count` results of these columns: by column if each result belongs to one (two if gated), else
    numbered, unless there is only one."""
    if count == len(columns):
        return [title.format(function.at(place).label, column) for place, column in enumerate(columns)]
    if function.activation.kind == "gated":
        pairs = zip(columns[:count], columns[count:], strict=True)
        return [title.format(function.label, f"{a},{b}") for a, b in pairs]
    return [function.label] if count == 1 else [title.format(function.label, i + 1) for i in range(count)]


def _filter(
    function: Function, result: Result, tables: Sequence[Table], append: bool
) -> tuple[tuple[str, ...], frozenset[int], Callable[[Table, Block], Frame]]:
    """Return the columns of the filtered tables, which of them take part in the computation, and the function that
    filters a block."""
    from actcli.tables.results import result_columns, result_frame

    picked = _common_columns(tables)
    if function.width not in (None, len(picked)):
        function.refuse_width(len(picked), tables[0].source)
    count = len(result.kernel([0.0] * len(picked)))
    titles = _titles(function, result.title, picked, count)

    def frame(table: Table, block: Block) -> Frame:
        missing = block.missing
        if missing is not None and function.rowwise:  # a row with a missing value has no result
            missing = missing.any(axis=1, keepdims=True).repeat(count, axis=1)
        values = result.kernel(block.values)
        columns = [(values[:, i], None if missing is None else missing[:, i]) for i in range(count)]
        return result_frame(table, block, columns, append)

    return *result_columns(tables[0], titles, append), frame


def _common_columns(tables: Sequence[Table]) -> list[str]:
    """Return the names of the picked columns. Raises DataError if the tables differ in their columns."""
    first = tables[0]
    for table in tables[1:]:
        if (table.columns, table.picked) != (first.columns, first.picked):
            raise DataError(
                f"{table.source} has other columns than {first.source}",
                "results of several tables are written into one: give tables with the same columns",
            )
    return [first.columns[i] for i in first.picked]


def _unread(text: str) -> None:
    """Drop a note."""


def filter_tables(
    function: Function | str,
    inputs: Sequence[str],
    output: str,
    *,
    order: int = 0,
    wrt: str | None = None,
    append: bool = False,
    reading: ReadOptions | None = None,
    note: Callable[[str], None] = _unread,
) -> None:
    """Write the rows of files to `output`, in the format of its suffix, with each number replaced by its value.

    `order` 1 or 2 asks for that derivative, `wrt` for the derivative by a parameter; with `append` the results follow
    the columns. `note` gets a line about each guess and about rows left out. Raises DataError for a file that cannot be
    read or written, and UsageError for an unknown function, parameter or column.
    """
    from actcli.output.outputs import Outputs
    from actcli.output.sheets import output_formats
    from actcli.registry import specs
    from actcli.tables.open import open_tables
    from actcli.tables.options import ReadOptions

    if isinstance(function, str):
        function = specs.get(function)
    reading = reading or ReadOptions()
    result = results(function, order, wrt)[-1]
    outputs = Outputs.of(None, [output], output_formats("frames"))
    tables = open_tables(inputs, reading)
    write_filtered(function, result, tables, outputs, append=append, threads=reading.threads, note=note)


def write_filtered(
    function: Function,
    result: Result,
    tables: Sequence[Table],
    outputs: Outputs,
    *,
    append: bool = False,
    threads: int | None = None,
    note: Callable[[str], None] = _unread,
    watch: Watch | None = None,
) -> None:
    """Write the rows of the tables with each picked number replaced by its result or, if `append`, followed by it.

    `note` gets a line about each guess, about rows left out of each table, and about rows not shown on a terminal;
    `watch` replaces the progress display of this terminal.
    """
    from actcli.output.files import write_streams
    from actcli.tables.widening import TypeLost

    note_guesses(tables, note)
    columns, places, frame_of = _filter(function, result, tables, append)
    writers = _writers(columns, tables[0].has_header, outputs, note, places)

    def encode(table: Table, block: Block) -> list[Any]:
        frame = frame_of(table, block)
        return [writer.encode(frame) for writer in writers]

    source = ""

    def blocks() -> Iterator[list[Any]]:
        nonlocal source
        for table in tables:
            source = table.source
            yield from _results(table, partial(encode, table), threads, note, watch)

    streams = zip(outputs.destinations, writers, strict=True)
    try:
        write_streams([(to.path, writer.write) for to, writer in streams], blocks())
    except TypeLost as error:
        raise DataError(f"{source}: {error.message}", error.hint) from None


def note_guesses(tables: Sequence[Table], note: Callable[[str], None]) -> None:
    """Pass on what was guessed about the tables, one line each."""
    for guess in chain.from_iterable(table.notes for table in tables):
        note(guess)


def _writers(
    columns: Sequence[str],
    header: bool,
    outputs: Outputs,
    note: Callable[[str], None],
    rounded: frozenset[int] | None = None,
) -> list[FrameWriter[Any]]:
    """Return a writer of frames with these columns for each output."""
    from actcli.tables.format import named

    found = []
    for to in outputs.destinations:
        frames = partial(_first_rows, note) if to.format == TABLE else named(to.format).frames
        assert frames is not None
        form = outputs.form._replace(header=header and outputs.form.header, rounded=rounded)
        found.append(frames(columns, form))
    return found


def _results(
    table: Table,
    work: Callable[[Block], T],
    threads: int | None,
    note: Callable[[str], None],
    watch: Watch | None = None,
) -> Iterator[T]:
    """Yield `work` of every block, in order; then note the rows left out."""
    from actcli.output.progress import watched
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.table import together

    skipped = None
    for part in (watch or watched)(map_blocks(table, work, threads), table):
        skipped = together(skipped, part.skipped)
        yield part.result
    if skipped:
        note(str(skipped))


def _first_rows(note: Callable[[str], None], columns: Sequence[str], form: Form) -> FrameWriter[list[tuple[Any, ...]]]:
    """Return a writer of the first rows as a table for a terminal."""
    from actcli.tables.format import FrameWriter
    from actcli.tables.textual import readable

    def write(file: IO[bytes], parts: Iterable[list[tuple[Any, ...]]]) -> None:
        rows: list[tuple[Any, ...]] = []
        for part in parts:
            rows += part
            if len(rows) > TERMINAL_ROWS:
                break
        file.writelines(encode(Sheet(tuple(columns), rows[:TERMINAL_ROWS]), TABLE, form))
        if len(rows) > TERMINAL_ROWS:
            note(f"showing the first {TERMINAL_ROWS} rows; -f csv or -o FILE writes all")

    return FrameWriter(lambda frame: readable(frame.head(TERMINAL_ROWS + 1)).rows(), write)


def number_jacobian(function: Function, numbers: Sequence[float]) -> Sheet:
    """Return the Jacobian of a rowwise function at one row: a row per output, with its derivatives by the inputs."""
    names = [str(i + 1) for i in range(len(numbers))]
    jacobian = function.jacobian(numbers).tolist()
    outputs = _titles(function, "{1}", names, len(jacobian))
    rows = [(1, name, *derivatives) for name, derivatives in zip(outputs, jacobian, strict=True)]
    return Sheet(_jacobian_columns(names), rows)


def _jacobian_columns(names: Sequence[str]) -> tuple[str, ...]:
    return ("row", "output", *(f"d/d{name}" for name in names))


def write_jacobian(
    function: Function,
    tables: Sequence[Table],
    outputs: Outputs,
    *,
    threads: int | None = None,
    note: Callable[[str], None] = _unread,
) -> None:
    """Write the Jacobian at each row of the tables: a row per output, with its derivatives by the columns."""
    from actcli.output.files import write_streams
    from actcli.tables.results import jacobian_frame

    note_guesses(tables, note)
    names = _common_columns(tables)
    titles = _titles(function, "{1}", names, len(function.jacobian([0.0] * len(names))))
    writers = _writers(_jacobian_columns(names), True, outputs, note)
    at_once = max(1, JACOBIANS // (len(titles) * len(names)))

    def encoded() -> Iterator[list[Any]]:
        row = 1
        for x in chain.from_iterable(_results(table, lambda block: block.values, threads, note) for table in tables):
            for start in range(0, len(x), at_once):
                frame = jacobian_frame(function.jacobian(x[start : start + at_once]), titles, row + start)
                yield [writer.encode(frame) for writer in writers]
            row += len(x)

    streams = zip(outputs.destinations, writers, strict=True)
    write_streams([(to.path, writer.write) for to, writer in streams], encoded())
