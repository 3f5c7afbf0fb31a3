"""CSV and TSV: blocks of whole lines, parsed by polars, and checked again where it is too lenient.

polars silently fills a short row with nulls and names no line in its errors. So a block that fails, or whose nulls its
separators do not explain, is read again by `_careful`, which finds the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.heading import heading, left_apart
from actcli.tables.layout import BLANKS, EDGES, Layout, layout, tabbed
from actcli.tables.lines import Lines, blocks, check_text, count, line_at, section
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import (
    WHOLE,
    Block,
    Share,
    Skipped,
    Table,
    Task,
    block_of,
    is_number,
    not_a_number,
    rows_per_block,
    together,
)
from actcli.text import counted

if TYPE_CHECKING:
    import polars as pl

Schema: TypeAlias = "dict[str, pl.DataType]"


def open_separated(source: Source, options: ReadOptions, separator: str) -> list[Table]:
    """Open a text table; `separator` separates its cells unless its first lines say otherwise."""
    found = layout(source, options, separator)
    head = heading(found, options, source.name)
    columns = head.columns
    picked = pick(options.columns, columns, source.name, head.apart)
    notes = (*found.notes, *head.notes, *left_apart(head.apart, columns, options, source.name))
    parser = _Parser(
        source.name, columns, picked, head.named, found, options.nulls, options.on_error == "skip",
        None if options.columns else head.hollow,
    )  # fmt: skip
    rows = rows_per_block(options.block_values, len(columns))

    def tasks(share: Share = WHOLE) -> Iterator[Task]:
        line = found.line + found.breaks * head.is_row
        part = section(source, share, found.skip + found.first * head.is_row, line)
        parse = partial(parser.parse, parser.schema())
        for lines in blocks(part.stream, source, rows, part.line, quotes=True, is_last=part.is_last):
            yield partial(parse, lines)

    return [
        Table(
            source.layer, source.name, columns, picked, head.named, source.size, tasks, notes, cuts=source.cuts()
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Parser:
    """Parses the blocks of one table."""

    source: str
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool
    layout: Layout
    nulls: tuple[str, ...]
    skips: bool
    hollow: int | None  # a column that is left out because it is empty in the first rows

    def schema(self) -> Schema:
        """Return the types: numbers for the picked columns, text for the others, all named by their index."""
        import polars as pl

        picked = frozenset(self.picked)
        return {str(i): pl.Float64() if i in picked else pl.String() for i in range(len(self.columns))}

    @property
    def separator(self) -> str:
        """The separator of a block, after blanks have become tabs."""
        return "\t" if self.layout.separator == BLANKS else self.layout.separator

    def parse(self, schema: Schema, lines: Lines) -> Block:
        import polars as pl

        data = lines.read()
        if self.layout.separator == BLANKS:
            data = tabbed(data)
        if b'"' in data and (quote := _stray_quote(data, self.separator)) is not None:
            check_text(data, self.source, lines.first)
            raise self._misquoted(line_at(quote, data, lines.first))
        if self._is_doubtful(data):
            return self._careful(data, lines)
        try:
            frame = self._frame(data, schema)
        except pl.exceptions.PolarsError:
            return self._careful(data, lines)
        if frame.height != lines.breaks or (frame.to_series(-1).null_count() and not self._is_even(data, lines.breaks)):
            return self._careful(data, lines)
        return self._block(frame, lines)

    def _is_doubtful(self, data: bytes) -> bool:
        """Return whether polars may misread the data: comments, decimal points in a text with decimal commas, a bare
        carriage return at the end of a cell, which it drops, or a number that means missing."""
        comment = self.layout.comment.encode()
        return (
            (bool(comment) and (data.startswith(comment) or b"\n" + comment in data))
            or (self.layout.decimal == "," and b"." in data)
            or (b"\r" in data and f"\r{self.separator}".encode() in data)  # of one byte the search is 30 times as fast
            or any(name.encode() in data for name in self.nulls if is_number(name.replace(",", ".")))
        )

    def _block(self, frame: pl.DataFrame, lines: Lines, skipped: Skipped | None = None) -> Block:
        if self.hollow is not None and frame.to_series(self.hollow).is_not_null().any():
            what = f"column {self.hollow + 1} is empty in the first rows, but not after line {lines.first - 1}"
            raise DataError(f"{self.source}: {what}", f"-c '*' includes it, -c '!#{self.hollow + 1}' leaves it out")
        return block_of(frame, self.picked, lines.first, lines.end, skipped)

    def _is_even(self, data: bytes, rows: int) -> bool:
        """Return whether no row is short, given that none is long: polars has rejected long ones."""
        if b'"' in data:  # quotes may enclose separators
            return bool((_rows(data, self.separator)[1] == len(self.columns)).all())
        return count(data, ord(self.separator)) == rows * (len(self.columns) - 1)

    def _frame(self, data: bytes, schema: Schema) -> pl.DataFrame:
        import polars as pl

        commas = self.layout.decimal == ","
        return pl.read_csv(data, has_header=False, separator=self.separator, schema=schema, decimal_comma=commas)

    def _careful(self, data: bytes, lines: Lines) -> Block:
        """Return the block, without its invalid rows if these are skipped; otherwise raise an error that names the
        first invalid row or cell."""
        check_text(data, self.source, lines.first)
        starts, cells = _rows(data, self.separator)
        self._refuse_returns(data, lines)

        def line_of(row: int) -> int:
            return line_at(int(starts[row]), data, lines.first)

        kept = np.arange(len(starts))
        if comment := self.layout.comment.encode():
            kept = np.array([i for i, start in enumerate(starts) if not data.startswith(comment, start)], np.intp)
        ragged = kept[cells[kept] != len(self.columns)]
        uneven = None
        if ragged.size:
            first = int(ragged[0])
            uneven = self._ragged(line_of(first), int(cells[first]), data[starts[first] : starts[first] + 1])
            kept = np.setdiff1d(kept, ragged) if self.skips else kept[kept < first]
        rest, places = (data, starts) if len(kept) == len(starts) else _only(data, starts, kept)
        frame, wrong, error = self._numbers(rest, places, lambda row: line_of(kept[row]))
        if not self.skips and (error or uneven):
            raise error or uneven  # type: ignore[misc]
        skipped = Skipped(ragged.size, uneven) if uneven else None
        if error:
            skipped = together(skipped, Skipped(int(wrong.sum()), error))
            frame = frame.filter(~wrong)
        return self._block(frame, lines, skipped)

    def _refuse_returns(self, data: bytes, lines: Lines) -> None:
        """Raise DataError for a carriage return at the end of a cell within a line, which polars would drop."""
        at = data.find(f"\r{self.separator}".encode())
        while at >= 0:
            if not data.count(b'"', 0, at) % 2:
                where = f"{self.source}: line {line_at(at, data, lines.first)}"
                raise DataError(f"{where}: a carriage return at the end of a cell", "quote the cell, or remove it")
            at = data.find(f"\r{self.separator}".encode(), at + 1)

    def _numbers(
        self, data: bytes, starts: NDArray[np.intp], line_of: Callable[[int], int]
    ) -> tuple[pl.DataFrame, NDArray[np.bool_], DataError | None]:
        """Return the rows with parsed numbers, which rows contain an invalid cell, and the error for the first."""
        import polars as pl

        frame = self._strings(data, starts, line_of)
        texts = frame.select(
            pl.col(str(i))
            .str.strip_chars(EDGES)
            .str.replace(r'^"\s*(.*?)\s*"$', "$1")  # polars keeps quotes after a blank
            .replace(dict.fromkeys(("", *self.nulls)))
            for i in self.picked
        )
        numbers = self._with_points(texts).cast(pl.Float64, strict=False)
        wrong = numbers.select(pl.all().is_null()).to_numpy() & texts.select(pl.all().is_not_null()).to_numpy()
        error = None
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            place = f"{self.source}: line {line_of(row)}"
            error = not_a_number(place, self.columns, self.has_header, self.picked[column], texts[row, column])
        return frame.with_columns(numbers), wrong.any(axis=1), error

    def _with_points(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Return the cells with decimal points for commas; those that already have points, which might group
        thousands, become invalid."""
        import polars as pl

        if self.layout.decimal == ".":
            return texts
        cell = pl.all()
        return texts.with_columns(
            pl.when(cell.str.contains(".", literal=True))
            .then(pl.lit("no number"))
            .otherwise(cell.str.replace(",", ".", literal=True))
            .name.keep()
        )

    def _strings(self, data: bytes, starts: NDArray[np.intp], line_of: Callable[[int], int]) -> pl.DataFrame:
        """Return all cells as text. If polars cannot split them a quote is misplaced; bisection finds its line."""
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
        hint = "quotes must enclose a whole cell; double any quote within it"
        return DataError(f"{self.source}: line {line}: misplaced quote", hint)

    def _ragged(self, line: int, cells: int, start: bytes) -> DataError:
        first = "the header" if self.has_header else "the first line"
        found = "a blank line" if start in (b"\n", b"\r") else counted(cells, "cells")
        hint = "--comment '#' skips lines that begin with #" if start == b"#" else ""
        return DataError(f"{self.source}: line {line}: {found} where {first} has {len(self.columns)}", hint)


def _only(data: bytes, starts: NDArray[np.intp], kept: NDArray[np.intp]) -> tuple[bytes, NDArray[np.intp]]:
    """Return the kept rows, and where each of them begins."""
    stops = np.append(starts[1:], len(data))
    rest = b"".join(data[starts[i] : stops[i]] for i in kept)
    return rest, np.cumsum(np.append(0, (stops - starts)[kept]))[:-1]


def _stray_quote(data: bytes, separator: str) -> int | None:
    """Return the position of a quoted cell that continues after its quotes, or of quotes inside a cell around a
    separator or line break, which some readers take as text and others as the end of the cell."""
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
    """Return where each row begins, and how many cells it has."""
    codes = np.frombuffer(data, np.uint8)
    breaks, separators = codes == ord("\n"), codes == ord(separator)
    if b'"' in data:
        outside = ~np.logical_xor.accumulate(codes == ord('"'))
        breaks &= outside
        separators &= outside
    ends = np.flatnonzero(breaks)
    cells = np.diff(np.searchsorted(np.flatnonzero(separators), ends), prepend=0) + 1
    return np.concatenate(([0], ends[:-1] + 1)), cells
