"""CSV and TSV: blocks of whole lines, parsed by polars, and looked at again where it is not strict enough.

polars fills a short row with nulls in silence and names no line in its errors. So a block that fails, or
whose nulls its separators do not explain, is read again by `_careful`, which finds what is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.lines import BOM, blocks, check_text, count, first_line, line_at
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import Block, Table, block_of, is_number, not_a_number, numbered, rows_a_block

if TYPE_CHECKING:
    import polars as pl

BLANKS = " \t\r\n"


class TextTable(Table):
    """A CSV or TSV table."""

    def __init__(self, source: Source, options: ReadOptions, separator: str) -> None:
        with source.text() as stream:
            line = first_line(stream, source, quotes=True)
        content = line.removeprefix(BOM)
        cells = _cells(content.decode().rstrip("\r\n"), separator)
        header = options.header
        if header is None:
            header = any(cell not in ("", *options.nulls) and not is_number(cell) for cell in cells)
        columns = tuple(cells) if header else numbered(len(cells))
        super().__init__(source, columns, pick(options.columns, columns, source.name), header=header)
        self._separator = separator
        self._nulls = options.nulls
        self._skips = options.on_error == "skip"
        self._skip = len(line) if header else len(line) - len(content)
        self._first_line = 1 + (content.count(b"\n") if header else 0)
        self._rows = rows_a_block(options.block_values, len(columns))

    def tasks(self) -> Iterator[Callable[[], Block]]:
        with self._origin.text() as stream:
            stream.read(self._skip)
            for read, line, breaks in blocks(stream, self._origin, self._rows, self._first_line, quotes=True):
                yield partial(self._parse, read, line, breaks)

    def _parse(self, read: Callable[[], bytes], line: int, breaks: int) -> Block:
        import polars as pl

        data = read()
        if self._nulls:  # polars would take the named cells for missing in the other columns too
            return self._careful(data, line)
        try:
            frame = self._frame(data, self._schema)
        except pl.exceptions.PolarsError:
            return self._careful(data, line)
        # A short row ends in a null and a long one fails, so the right number of separators is proof enough.
        separators = breaks * (len(self.columns) - 1)
        if frame.height != breaks or (
            frame.to_series(-1).null_count() and count(data, ord(self._separator)) != separators
        ):
            return self._careful(data, line)
        return block_of(frame, self.picked, line)

    def _frame(self, data: bytes, schema: dict[str, pl.DataType]) -> pl.DataFrame:
        import polars as pl

        return pl.read_csv(data, has_header=False, separator=self._separator, schema=schema)

    @cached_property
    def _schema(self) -> dict[str, pl.DataType]:
        """The picked columns as numbers, the others as text, all named by their index."""
        import polars as pl

        picked = set(self.picked)
        return {str(i): pl.Float64() if i in picked else pl.String() for i in range(len(self.columns))}

    def _careful(self, data: bytes, line: int) -> Block:
        """The block, or the error that names its first wrong row or cell; where these are to be skipped, without."""
        check_text(data, self.source, line)
        starts, cells = _rows(data, self._separator)
        ragged = np.flatnonzero(cells != len(self.columns))
        if ragged.size and self._skips:
            return self._without(data, line, starts, ragged, int(cells[ragged[0]]))
        stop = int(starts[ragged[0]]) if ragged.size else len(data)
        frame, wrong, error = self._numbers(data[:stop], starts, lambda row: line_at(int(starts[row]), data, line))
        if error is not None:
            if not self._skips:
                raise error
            self.skipped.append((line, int(wrong.sum()), error))
            frame = frame.filter(~wrong)
        if ragged.size:
            raise self._ragged(line_at(stop, data, line), int(cells[ragged[0]]), data[stop : stop + 1])
        return block_of(frame, self.picked, line)

    def _without(self, data: bytes, line: int, starts: NDArray[np.intp], ragged: NDArray[np.intp], cells: int) -> Block:
        """The block without its ragged rows."""
        first = int(starts[ragged[0]])
        found = self._ragged(line_at(first, data, line), cells, data[first : first + 1])
        self.skipped.append((line, ragged.size, found))
        stops = np.append(starts[1:], len(data))
        kept = np.delete(np.arange(len(starts)), ragged)
        rest = b"".join(data[starts[i] : stops[i]] for i in kept)
        places = np.cumsum(np.append(0, (stops - starts)[kept]))[:-1]
        frame, wrong, error = self._numbers(rest, places, lambda row: line_at(int(starts[kept[row]]), data, line))
        if error is not None:
            self.skipped.append((line, int(wrong.sum()), error))
            frame = frame.filter(~wrong)
        return block_of(frame, self.picked, line)

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
            .replace(dict.fromkeys(("", *self._nulls)))
            for i in self.picked
        )
        numbers = texts.cast(pl.Float64, strict=False)
        wrong = numbers.select(pl.all().is_null()).to_numpy() & texts.select(pl.all().is_not_null()).to_numpy()
        error = None
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            error = not_a_number(self, f"line {line_of(row)}", self.picked[column], texts[row, column])
        return frame.with_columns(numbers), wrong.any(axis=1), error

    def _strings(self, data: bytes, starts: NDArray[np.intp], line_of: Callable[[int], int]) -> pl.DataFrame:
        """All cells as text. Where polars cannot tell them apart a quote is astray; halving finds it."""
        import polars as pl

        texts: dict[str, pl.DataType] = dict.fromkeys(self._schema, pl.String())
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
        raise DataError(
            f"{self.source}: line {line_of(good)}: a quote in the wrong place",
            "quotes enclose a whole cell, and a quote within is written twice",
        )

    def _ragged(self, line: int, cells: int, start: bytes) -> DataError:
        first = "the header" if self.has_header else "the first line"
        found = "a blank line" if start in (b"\n", b"\r") else f"{cells} cell{'s' * (cells > 1)}"
        return DataError(f"{self.source}: line {line}: {found} where {first} has {len(self.columns)}")


def _cells(line: str, separator: str) -> list[str]:
    rows = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
    return [cell.strip(BLANKS) for cell in next(rows, ())] or [""]


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
