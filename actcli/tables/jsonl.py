"""JSON Lines: objects, or arrays of numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.lines import BOM, blocks, check_text, first_line
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import Block, Table, is_number, not_a_number, numbered, rows_a_block, without

if TYPE_CHECKING:
    import polars as pl


_LINES = "JSON Lines have an object, or an array of numbers, on each line: jq -c '.[]' makes them of one array"


class JsonlTable(Table):
    """One row a line: an object, with the keys of the first one, or an array. Blank lines are skipped."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        with source.text() as stream:
            line = first_line(stream, source, quotes=False)
        self.source = source.name
        row = self._row(line.removeprefix(BOM), 1)
        self._keyed = isinstance(row, dict)
        columns = tuple(row) if self._keyed else numbered(len(row))
        super().__init__(source, columns, pick(options.columns, columns, source.name), header=self._keyed)
        self._index = {name: i for i, name in enumerate(columns)}
        self._nulls = options.nulls
        self._skips = options.on_error == "skip"
        self._missing = frozenset(("", *options.nulls))
        self._skip = len(BOM) if line.startswith(BOM) else 0
        self._rows = rows_a_block(options.block_values, len(columns))

    def tasks(self) -> Iterator[Callable[[], Block]]:
        with self._origin.text() as stream:
            stream.read(self._skip)
            for read, line, _ in blocks(stream, self._origin, self._rows, 1, quotes=False):
                yield partial(self._parse, read, line)

    def _parse(self, read: Callable[[], bytes], line: int) -> Block:
        import polars as pl

        data = read()
        check_text(data, self.source, line)
        lines = [(number, text) for number, text in enumerate(data.split(b"\n"), line) if text.strip()]
        rows, numbers = self._read(lines)
        missing = np.asfortranarray([[value is None for value in row] for row in numbers], bool).reshape(
            len(rows), len(self.picked)
        )
        values = np.asfortranarray([[math.nan if v is None else v for v in row] for row in numbers], np.float64)
        values = values.reshape(len(rows), len(self.picked))
        rest = [i for i in range(len(self.columns)) if i not in set(self.picked)]
        others = {str(i): _series([row[i] for row in rows]) for i in rest}
        kept = pl.DataFrame(others) if rest else None
        return without(Block(values, missing if missing.any() else None, kept, line), self._nulls)

    def _read(self, lines: list[tuple[int, bytes]]) -> tuple[list[list[Any]], list[list[float | None]]]:
        """The cells of the lines, and the numbers in the picked ones."""
        rows, numbers = [], []
        for number, text in lines:
            try:
                row = self._cells(self._row(text, number), number)
                values = [self._number(row[column], number, column) for column in self.picked]
            except DataError as error:
                if not self._skips:
                    raise
                self.skipped.append((number, 1, error))
                continue
            rows.append(row)
            numbers.append(values)
        return rows, numbers

    def _row(self, text: bytes, line: int) -> Any:
        try:
            row = json.loads(text)
            if b"\\u" in text:
                json.dumps(row, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            what = f"{self.source}: line {line}: no JSON: {error.msg} at character {error.colno}"
            raise DataError(what, _LINES if line == 1 else "") from None
        except UnicodeEncodeError:
            raise DataError(f"{self.source}: line {line}: a \\u escape is half a character, which is no text") from None
        except (ValueError, RecursionError) as error:  # beyond Python's limits for digits and depth
            raise DataError(f"{self.source}: line {line}: {error}") from None
        if not isinstance(row, dict | list):
            raise DataError(f"{self.source}: line {line}: is neither an object nor an array", _LINES)
        if isinstance(row, list) and any(isinstance(value, dict) for value in row):
            raise DataError(f"{self.source}: line {line}: an array of objects", _LINES)
        return row

    def _cells(self, row: Any, line: int) -> list[Any]:
        if isinstance(row, dict) != self._keyed:
            kinds = ("an array", "an object") if self._keyed else ("an object", "an array")
            raise DataError(f"{self.source}: line {line}: {kinds[0]} where line 1 has {kinds[1]}")
        if self._keyed:
            if new := [key for key in row if key not in self._index]:
                raise DataError(f"{self.source}: line {line}: the key {new[0]!r} is not in line 1")
            return [row.get(key) for key in self.columns]
        if len(row) != len(self.columns):
            found = f"{len(row)} value{'s' * (len(row) != 1)}"
            raise DataError(f"{self.source}: line {line}: {found} where line 1 has {len(self.columns)}")
        return list(row)

    def _number(self, value: Any, line: int, column: int) -> float | None:
        """A number, also as text, which is how JSON must write NaN and Infinity; None where it is missing."""
        if value is None or (isinstance(value, str) and value.strip() in self._missing):
            return None
        if type(value) in (int, float) or (isinstance(value, str) and is_number(value)):
            try:
                return float(value)
            except OverflowError:  # an integer beyond the doubles
                return math.inf if value > 0 else -math.inf
        raise not_a_number(self, f"line {line}", column, value if isinstance(value, str) else json.dumps(value))


def _series(values: list[Any]) -> pl.Series:
    """The values as they are; where a column of polars cannot hold them together, each as JSON text."""
    import polars as pl

    with suppress(pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        series = pl.Series(values)
        if series.dtype != pl.Object and json.dumps(series.to_list()) == json.dumps(values):
            return series
    texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pl.Series(texts, dtype=pl.String)
