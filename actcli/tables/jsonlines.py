"""JSON Lines: objects, or arrays of numbers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import DEEPEST, pick
from actcli.tables.heading import labels, left_apart
from actcli.tables.lines import BOM, Lines, blocks, check_text, count, first_line, section
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import (
    WHOLE,
    Block,
    Share,
    Skipped,
    Table,
    Task,
    is_number,
    not_a_number,
    rows_per_block,
    together,
    unpicked,
    without,
)
from actcli.text import counted, numbered

if TYPE_CHECKING:
    import polars as pl

_INTEGER_ZERO = re.compile(rb"-0(?=[\s,}\]])")
_NO_OBJECTS = dict.fromkeys('"{}', 0)
_LINES = "JSON Lines have an object, or an array of numbers, on each line: convert one array with jq -c '.[]'"


def open_jsonlines(source: Source, options: ReadOptions) -> list[Table]:
    """One row per line: an object, with the keys of the first one, or an array. Blank lines are skipped."""
    line = first_line(source.text(), source, quotes=False)
    row = _row(line.removeprefix(BOM), f"{source.name}: line 1", first=True)
    keyed = isinstance(row, dict)
    columns = tuple(row) if keyed else numbered(len(row))
    apart = labels(columns) if keyed else {}
    picked = pick(options.columns, columns, source.name, apart)
    notes = left_apart(apart, columns, options, source.name)
    parser = _Parser(
        source.name, columns, frozenset(columns), picked, keyed, options.nulls, frozenset(("", *options.nulls)),
        options.on_error == "skip",
    )  # fmt: skip
    rows = rows_per_block(options.block_values, len(columns))

    def tasks(share: Share = WHOLE) -> Iterator[Task]:
        part = section(source, share, len(BOM) if line.startswith(BOM) else 0, 1)
        for lines in blocks(part.stream, source, rows, part.line, quotes=False, is_last=part.is_last):
            yield partial(parser.parse, lines)

    return [Table(source.layer, source.name, columns, picked, keyed, source.size, tasks, notes, cuts=source.cuts())]


@dataclass(frozen=True, slots=True)
class _Parser:
    """Parses the blocks of a table, from what its first line shows."""

    source: str
    columns: tuple[str, ...]
    known: frozenset[str]  # the columns
    picked: tuple[int, ...]
    keyed: bool  # lines are objects
    nulls: tuple[str, ...]
    missing: frozenset[str]  # texts in place of a number
    skips: bool

    def parse(self, lines: Lines) -> Block:
        data = lines.read()
        some = len(self.picked) < len(self.columns)
        check_text(data, self.source, lines.first)
        if (plain := self._plain(data, lines.breaks)) is not None:
            values = np.asfortranarray(plain[:, list(self.picked)])
            rest = (lambda: self._others(self._read(data, lines.first)[0])) if some else None
            return without(Block(values, None, rest, lines.first, lines.end), self.nulls)
        rows, numbers, skipped = self._read(data, lines.first)
        shape = (len(rows), len(self.picked))
        missing = np.asfortranarray([[value is None for value in row] for row in numbers], bool).reshape(shape)
        values = np.asfortranarray([[math.nan if v is None else v for v in row] for row in numbers], np.float64)
        block = Block(
            values.reshape(shape),
            missing if missing.any() else None,
            partial(self._others, rows) if some else None,
            lines.first,
            lines.end,
            skipped,
        )
        return without(block, self.nulls)

    def _others(self, rows: list[list[Any]]) -> pl.DataFrame:
        """The columns that are not picked."""
        import polars as pl

        from actcli.tables.mixed import column

        places = unpicked(self.picked, len(self.columns))
        return pl.DataFrame({str(i): column([row[i] for row in rows]) for i in places})

    def _plain(self, data: bytes, rows: int) -> NDArray[np.float64] | None:
        """The numbers of a block that contains nothing else, by polars; None if `_read` has to look at it.

        Polars reads numbers as the same doubles as Python does, except the integer -0. It ignores keys that repeat or
        are not in line 1, and a number in place of an array: so quotes and brackets are counted.
        """
        import polars as pl

        expected = {'"': 2 * rows * len(self.columns)} if self.keyed else {**_NO_OBJECTS, "[": rows, "]": rows}
        if any(count(data, ord(mark)) != times for mark, times in expected.items()):
            return None
        if b"\\" in data or _INTEGER_ZERO.search(data):
            return None
        try:
            if self.keyed:
                found = pl.read_ndjson(data, schema=dict.fromkeys(self.columns, pl.Float64)).to_numpy(order="fortran")
            else:
                lists = b'{"":' + data[:-1].replace(b"\n", b'}\n{"":') + b"}\n"
                column = pl.read_ndjson(lists, schema={"": pl.List(pl.Float64)}).to_series()
                if not (column.list.len() == len(self.columns)).all():
                    return None
                found = column.explode().to_numpy().reshape(-1, len(self.columns))
        except pl.exceptions.PolarsError:
            return None
        return None if len(found) != rows or np.isnan(found).any() else found  # polars reads no NaN: these are nulls

    def _read(self, data: bytes, first: int) -> tuple[list[list[Any]], list[list[float | None]], Skipped | None]:
        """The cells of the lines, the numbers in the picked ones, and the lines left out."""
        rows, numbers, skipped = [], [], None
        for line, text in enumerate(data.split(b"\n"), first):
            if not text.strip():
                continue
            place = f"{self.source}: line {line}"
            try:
                row = self._cells(_row(text, place, first=line == 1), place)
                values = [self._number(row[column], place, column) for column in self.picked]
            except DataError as error:
                if not self.skips:
                    raise
                skipped = together(skipped, Skipped(1, error))
                continue
            rows.append(row)
            numbers.append(values)
        return rows, numbers, skipped

    def _cells(self, row: Any, place: str) -> list[Any]:
        if isinstance(row, dict) != self.keyed:
            kinds = ("an array", "an object") if self.keyed else ("an object", "an array")
            raise DataError(f"{place}: {kinds[0]} where line 1 has {kinds[1]}")
        if self.keyed:
            if new := [key for key in row if key not in self.known]:
                raise DataError(f"{place}: the key {new[0]!r} is not in line 1")
            return [row.get(key) for key in self.columns]
        if len(row) != len(self.columns):
            found = counted(len(row), "values")
            raise DataError(f"{place}: {found} where line 1 has {len(self.columns)}")
        return list(row)

    def _number(self, value: Any, place: str, column: int) -> float | None:
        """A number, also as text, which is how JSON must write NaN and Infinity; None if it is missing."""
        if value is None or (isinstance(value, str) and value.strip() in self.missing):
            return None
        if type(value) in (int, float) or (isinstance(value, str) and is_number(value)):
            try:
                return float(value)
            except OverflowError:  # an integer beyond the doubles
                return math.inf if value > 0 else -math.inf
        cell = value if isinstance(value, str) else json.dumps(value)
        raise not_a_number(place, self.columns, self.keyed, column, cell)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise ValueError(f"the key {twice!r} appears twice")
    return found


def _integer(digits: str) -> float:
    return -0.0 if digits == "-0" else int(digits)


def _is_too_deep(row: Any) -> bool:
    level = [row]
    for _ in range(DEEPEST):
        level = [
            value
            for outer in level
            for value in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(value, dict | list)
        ]
    return bool(level)


def _row(text: bytes, place: str, *, first: bool) -> Any:
    """The object or array on a line."""
    try:
        row = json.loads(text, object_pairs_hook=_unrepeated, parse_int=_integer if b"-0" in text else None)
        if b"\\u" in text:
            json.dumps(row, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        what = f"{place}: not JSON: {error.msg} at character {error.colno}"
        raise DataError(what, _LINES if first else "") from None
    except UnicodeEncodeError:
        raise DataError(f"{place}: a \\u escape is half a character, which is not text") from None
    except (ValueError, RecursionError) as error:  # beyond Python's limits for digits and depth
        raise DataError(f"{place}: {error}") from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and _is_too_deep(row):
        raise DataError(f"{place}: values are nested in more than {DEEPEST} levels", "flatten them")
    if not isinstance(row, dict | list):
        raise DataError(f"{place}: is neither an object nor an array", _LINES)
    if isinstance(row, list) and any(isinstance(value, dict) for value in row):
        raise DataError(f"{place}: an array of objects", _LINES)
    return row
