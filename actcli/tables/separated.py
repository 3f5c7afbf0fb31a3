"""CSV and TSV: blocks of whole lines, parsed by polars, and looked at again where it is not strict enough.

polars fills a short row with nulls in silence and names no line in its errors. So a block that fails, or
whose nulls its separators do not explain, is read again by `_careful`, which finds what is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.heading import heading, left_apart
from actcli.tables.lines import BOM, Lines, blocks, check_text, count, first_line, line_at
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.streams import Stream
from actcli.tables.table import (
    Block,
    Skipped,
    Table,
    Task,
    block_of,
    is_number,
    not_a_number,
    rows_per_block,
    together,
)

if TYPE_CHECKING:
    import polars as pl

Schema: TypeAlias = "dict[str, pl.DataType]"

csv.field_size_limit(2**31 - 1)  # of any length, as polars takes them
BLANKS = " \t\r\n"


def open_separated(source: Source, options: ReadOptions, separator: str) -> list[Table]:
    """A CSV or TSV table."""
    line = first_line(source.text(), source, quotes=True)
    content = line.removeprefix(BOM)
    cells = _cells(content.decode().rstrip("\r\n"), separator)
    head = heading(cells, _second(source.text(), len(line), separator), options, source.name)
    columns, header = head.columns, head.named
    picked = pick(options.columns, columns, source.name, head.apart)
    notes = (*head.notes, *left_apart(head.apart, columns, options, source.name))
    parser = _Parser(source.name, columns, picked, header, separator, options.nulls, options.on_error == "skip")
    skip = len(line) if header else len(line) - len(content)
    first = 1 + (content.count(b"\n") if header else 0)
    rows = rows_per_block(options.block_values, len(columns))

    def tasks() -> Iterator[Task]:
        stream = source.text()
        stream.read(skip)
        parse = partial(parser.parse, parser.schema())
        for lines in blocks(stream, source, rows, first, quotes=True):
            yield partial(parse, lines)

    return [Table(source.layer, source.name, columns, picked, header, source.size, tasks, notes)]


@dataclass(frozen=True, slots=True)
class _Parser:
    """What is known of a table whose blocks are parsed."""

    source: str
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool
    separator: str
    nulls: tuple[str, ...]
    skips: bool

    def schema(self) -> Schema:
        """The picked columns as numbers, the others as text, all named by their index."""
        import polars as pl

        picked = frozenset(self.picked)
        return {str(i): pl.Float64() if i in picked else pl.String() for i in range(len(self.columns))}

    def parse(self, schema: Schema, lines: Lines) -> Block:
        import polars as pl

        data = lines.read()
        if b'"' in data and (quote := _astray(data, self.separator)) is not None:
            check_text(data, self.source, lines.first)
            raise self._misquoted(line_at(quote, data, lines.first))
        if any(name.encode() in data for name in self.nulls if is_number(name)):  # which polars would read as one
            return self._careful(data, lines)
        try:
            frame = self._frame(data, schema)
        except pl.exceptions.PolarsError:
            return self._careful(data, lines)
        if frame.height != lines.breaks or (frame.to_series(-1).null_count() and not self._is_even(data, lines.breaks)):
            return self._careful(data, lines)
        return block_of(frame, self.picked, lines.first, lines.end)

    def _is_even(self, data: bytes, rows: int) -> bool:
        """Whether no row is short, where none is long: a short one ends in a null, and a long one fails."""
        if b'"' in data:  # which may enclose separators
            return bool((_rows(data, self.separator)[1] == len(self.columns)).all())
        return count(data, ord(self.separator)) == rows * (len(self.columns) - 1)

    def _frame(self, data: bytes, schema: Schema) -> pl.DataFrame:
        import polars as pl

        return pl.read_csv(data, has_header=False, separator=self.separator, schema=schema)

    def _careful(self, data: bytes, lines: Lines) -> Block:
        """The block, or the error that names its first wrong row or cell; where these are to be skipped, without."""
        check_text(data, self.source, lines.first)
        starts, cells = _rows(data, self.separator)

        def line_of(row: int) -> int:
            return line_at(int(starts[row]), data, lines.first)

        ragged = np.flatnonzero(cells != len(self.columns))
        uneven = None
        kept, rest, places = np.arange(len(starts)), data, starts
        if ragged.size:
            first = int(ragged[0])
            uneven = self._ragged(line_of(first), int(cells[first]), data[starts[first] : starts[first] + 1])
            kept = np.delete(kept, ragged) if self.skips else kept[:first]
            rest, places = _only(data, starts, kept)
        frame, wrong, error = self._numbers(rest, places, lambda row: line_of(kept[row]))
        if not self.skips and (error or uneven):
            raise error or uneven  # type: ignore[misc]
        skipped = Skipped(ragged.size, uneven) if uneven else None
        if error:
            skipped = together(skipped, Skipped(int(wrong.sum()), error))
            frame = frame.filter(~wrong)
        return block_of(frame, self.picked, lines.first, lines.end, skipped)

    def _numbers(
        self, data: bytes, starts: NDArray[np.intp], line_of: Callable[[int], int]
    ) -> tuple[pl.DataFrame, NDArray[np.bool_], DataError | None]:
        """The rows with their numbers, which of them hold a cell that is none, and the error for the first."""
        import polars as pl

        frame = self._strings(data, starts, line_of)
        texts = frame.select(
            pl.col(str(i))
            .str.strip_chars(BLANKS)
            .str.replace(r'^"\s*(.*?)\s*"$', "$1")  # polars keeps quotes that follow a blank
            .replace(dict.fromkeys(("", *self.nulls)))
            for i in self.picked
        )
        numbers = texts.cast(pl.Float64, strict=False)
        wrong = numbers.select(pl.all().is_null()).to_numpy() & texts.select(pl.all().is_not_null()).to_numpy()
        error = None
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            place = f"{self.source}: line {line_of(row)}"
            error = not_a_number(place, self.columns, self.has_header, self.picked[column], texts[row, column])
        return frame.with_columns(numbers), wrong.any(axis=1), error

    def _strings(self, data: bytes, starts: NDArray[np.intp], line_of: Callable[[int], int]) -> pl.DataFrame:
        """All cells as text. Where polars cannot tell them apart a quote is astray; halving finds it."""
        import polars as pl

        texts: Schema = {str(i): pl.String() for i in range(len(self.columns))}
        try:
            return self._frame(data, texts)
        except pl.exceptions.PolarsError:
            good, bad = 0, int(np.searchsorted(starts, len(data)))
        while bad - good > 1:
            middle = (good + bad) // 2
            try:
                self._frame(data[: starts[middle]], texts)
                good = middle
            except pl.exceptions.PolarsError:
                bad = middle
        raise self._misquoted(line_of(good))

    def _misquoted(self, line: int) -> DataError:
        hint = "quotes enclose a whole cell, and a quote within is written twice"
        return DataError(f"{self.source}: line {line}: a quote in the wrong place", hint)

    def _ragged(self, line: int, cells: int, start: bytes) -> DataError:
        first = "the header" if self.has_header else "the first line"
        found = "a blank line" if start in (b"\n", b"\r") else f"{cells} cell{'s' * (cells > 1)}"
        return DataError(f"{self.source}: line {line}: {found} where {first} has {len(self.columns)}")


def _second(stream: Stream, start: int, separator: str) -> list[str]:
    """The cells of the row behind the first, where it is not too long."""
    rest = stream.look(1 << 16, start).tobytes()
    end = rest.find(b"\n") + 1
    while end and rest.count(b'"', 0, end) % 2:
        end = rest.find(b"\n", end) + 1
    row = rest[:end] if end or len(rest) == 1 << 16 else rest
    return _cells(row.decode(errors="replace").rstrip("\r\n"), separator) if row.strip() else []


def _only(data: bytes, starts: NDArray[np.intp], kept: NDArray[np.intp]) -> tuple[bytes, NDArray[np.intp]]:
    """The kept rows, and where each of them begins."""
    stops = np.append(starts[1:], len(data))
    rest = b"".join(data[starts[i] : stops[i]] for i in kept)
    return rest, np.cumsum(np.append(0, (stops - starts)[kept]))[:-1]


def _cells(line: str, separator: str) -> list[str]:
    csv.field_size_limit(max(csv.field_size_limit(), len(line)))
    rows = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
    return [cell.strip(BLANKS) for cell in next(rows, ())] or [""]


def _astray(data: bytes, separator: str) -> int | None:
    """Where a quoted cell goes on behind its quotes, or quotes within a cell hold a separator or a line break, which
    some readers take for text and others for the end of the cell."""
    codes = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(codes == ord('"'))
    opened, closed = quotes[0::2], quotes[1::2]  # blocks end outside quotes
    twice = opened[1:] == closed[:-1] + 1  # a quote in a quoted cell
    opened, closed = opened[np.append(True, ~twice)], closed[np.append(~twice, True)]
    edges = np.frombuffer(f"{separator}\r\n".encode(), np.uint8)
    begins = (opened == 0) | np.isin(codes[opened - 1], edges)
    ends = np.isin(codes[closed + 1], edges)
    for i in np.flatnonzero(~(begins & ends)):
        part = data[opened[i] : closed[i]]
        if begins[i] or separator.encode() in part or b"\n" in part:
            return int(opened[i])
    return None


def _rows(data: bytes, separator: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each row begins, and how many cells it has."""
    codes = np.frombuffer(data, np.uint8)
    breaks, separators = codes == ord("\n"), codes == ord(separator)
    if b'"' in data:
        outside = ~np.logical_xor.accumulate(codes == ord('"'))
        breaks &= outside
        separators &= outside
    ends = np.flatnonzero(breaks)
    cells = np.diff(np.searchsorted(np.flatnonzero(separators), ends), prepend=0) + 1
    return np.concatenate(([0], ends[:-1] + 1)), cells
