"""Parquet and Arrow, decoded by polars in batches of constant memory."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from actcli.errors import DataError
from actcli.tables.columns import DEEPEST, check_width, pick
from actcli.tables.heading import labels, left_apart
from actcli.tables.options import ReadOptions
from actcli.tables.remote import is_remote
from actcli.tables.source import File, Source
from actcli.tables.table import WHOLE, Block, Share, Table, Task, block_of, left_out, rows_per_block, without
from actcli.text import counted

# PanicException does not derive from Exception.
ERRORS = (pl.exceptions.PolarsError, OSError, ValueError, pl.exceptions.PanicException)


def open_parquet(source: Source, options: ReadOptions) -> list[Table]:
    return [_open(_Frames(source.name, source.file(), pl.scan_parquet, "Parquet", ""), source, options)]


def open_arrow(source: Source, options: ReadOptions) -> list[Table]:
    hint = "Arrow streams cannot be read: write an Arrow file (Feather) or Parquet"
    return [_open(_Frames(source.name, source.file(), pl.scan_ipc, "Arrow", hint), source, options)]


@dataclass(frozen=True, slots=True)
class _Frames:
    """A file, and the polars function that scans it."""

    name: str  # as errors name it
    file: File
    scan: Callable[..., pl.LazyFrame]
    kind: str  # the format, as errors name it
    hint: str  # for the error when it cannot be opened

    def shape(self) -> tuple[pl.Schema, int]:
        """Return the types of the columns and the number of rows that the file declares."""
        with self.failing(self.hint):
            frame = self.scan(self.file.path, glob=False)
            return frame.collect_schema(), frame.select(pl.len()).collect().item()

    def index(self) -> list[str]:
        """Return the columns that the pandas metadata declare as the index."""
        if self.scan is not pl.scan_parquet:
            return []
        with self.failing():
            metadata = json.loads(pl.read_parquet_metadata(self.file.path).get("pandas", "{}"))
        found = metadata.get("index_columns", []) if isinstance(metadata, dict) else []
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def length(self, column: str, dtype: pl.DataType) -> int:
        """Return the length of the first list of a column."""
        if isinstance(dtype, pl.Array):
            return dtype.size
        with self.failing():
            frame = self.scan(self.file.path, glob=False).select(pl.col(column).drop_nulls().head(1).list.len())
            return int(frame.collect().to_series().sum())

    def batches(self, rows: int, start: int, height: int) -> Iterator[pl.DataFrame]:
        """Yield `height` rows. They are counted because polars just stops when one of its threads panics."""
        found = 0
        with self.failing(), _unmapped():
            frame = self.scan(self.file.path, glob=False).slice(start, height)
            for batch in frame.collect_batches(chunk_size=rows, maintain_order=True):
                found += batch.height
                yield batch
        if found != height:
            message = f"{self.name}: only {found} of its {height} rows can be read"
            raise DataError(message, "it is damaged or has two columns of the same name: write it again")

    @contextmanager
    def failing(self, hint: str = "") -> Iterator[None]:
        try:
            with _silenced():
                yield
        except OSError as error:
            raise DataError(f"{self.name}: cannot be read: {error.strerror or error}") from None
        except ERRORS as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise DataError(f"{self.name}: is not a readable {self.kind} file: {reason}", hint) from None


def _open(frames: _Frames, source: Source, options: ReadOptions) -> Table:
    schema, height = frames.shape()
    columns = tuple(schema)
    if deep := next((name for name, dtype in schema.items() if _is_too_deep(dtype)), None):
        message = f"{source.name}: the values of column {deep} are nested more than {DEEPEST} levels deep"
        raise DataError(message, "flatten it")
    apart = labels(columns, frames.index())
    picked = pick(options.columns, columns, source.name, apart)
    notes = left_apart(apart, columns, options, source.name)
    lists: dict[int, int] = {}
    for i in picked:
        dtype = schema[columns[i]]
        if _is_list_of_numbers(dtype):
            lists[i] = frames.length(columns[i], dtype)
            if not lists[i]:
                message = f"{source.name}: column {i + 1} ({columns[i]}) does not begin with a list of numbers"
                raise DataError(message, left_out(columns, i))
        elif not dtype.is_numeric() and not dtype.is_(pl.Null):
            message = f"{source.name}: column {i + 1} ({columns[i]}) contains {dtype}, not numbers"
            raise DataError(message, left_out(columns, i))
    spread = _Spread.of(columns, lists)
    columns, picked = spread.columns, spread.places(picked)
    check_width(len(columns), source.name)
    rows = rows_per_block(options.block_values, len(columns))

    def block(batch: pl.DataFrame, first: int, end: int) -> Block:
        with frames.failing():
            return _block(spread.flat(batch, source.name, first), picked, options.nulls, first, end)

    def tasks(share: Share = WHOLE) -> Iterator[Task]:
        start, end = share.ends(height)
        first = 1 + start
        for batch in frames.batches(rows, start, end - start):
            if batch.height:
                stop = first + batch.height
                yield partial(block, batch, first, round(frames.file.size * (stop - 1) / max(height, stop - 1)))
                first = stop

    cuts = not is_remote(source.path)  # polars gets a copy of the whole remote file even for one share
    return Table(source.layer, source.name, columns, picked, True, frames.file.size, tasks, notes, cuts=cuts)


def _is_too_deep(dtype: Any) -> bool:
    level = [dtype]
    for _ in range(DEEPEST):
        structs = [field.dtype for one in level if isinstance(one, pl.Struct) for field in one.fields]
        level = structs + [one.inner for one in level if isinstance(one, pl.List | pl.Array)]
    return bool(level)


def _is_list_of_numbers(dtype: pl.DataType) -> bool:
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else None
    return isinstance(inner, pl.DataType) and inner.is_numeric()


@dataclass(frozen=True, slots=True)
class _Spread:
    """Columns of lists spread into one column per list element: each list is a row of neurons."""

    parts: tuple[tuple[int, int | None], ...]  # the column of the file, and the index in its lists
    columns: tuple[str, ...]
    lists: dict[int, int]  # the length of the lists, by column of the file

    @classmethod
    def of(cls, columns: Sequence[str], lists: dict[int, int]) -> _Spread:
        parts = [(i, k) for i in range(len(columns)) for k in (range(lists[i]) if i in lists else (None,))]
        names = [columns[i] if k is None else f"{columns[i]}[{k}]" for i, k in parts]
        return cls(tuple(parts), tuple(names), lists)

    def places(self, picked: Sequence[int]) -> tuple[int, ...]:
        """Return the indices of the spread columns for these columns of the file."""
        found: dict[int, list[int]] = {}
        for place, (i, _) in enumerate(self.parts):
            found.setdefault(i, []).append(place)
        return tuple(place for i in picked for place in found.get(i, ()))

    def flat(self, batch: pl.DataFrame, source: str, row: int) -> pl.DataFrame:
        """Return the batch with a column per list element. Raises DataError if the length of a list differs."""
        if not self.lists:
            return batch
        for i, length in self.lists.items():
            column = batch.to_series(i)
            if isinstance(column.dtype, pl.List):
                other = (column.list.len() != length).arg_true()
                if other.len():
                    where, size = int(other[0]), int(column.list.len()[int(other[0])])
                    what = f"column {i + 1} ({column.name}) has {counted(size, 'numbers')} in row {row + where}"
                    raise DataError(f"{source}: {what}, but {length} in the first", "give all lists the same length")
        cells = [batch.to_series(i) for i in range(batch.width)]
        return pl.DataFrame([_cell(cells[i], k).alias(str(place)) for place, (i, k) in enumerate(self.parts)])


def _cell(column: pl.Series, place: int | None) -> pl.Series:
    if place is None:
        return column
    return column.list.get(place) if isinstance(column.dtype, pl.List) else column.arr.get(place)


def _block(batch: pl.DataFrame, picked: Sequence[int], nulls: Sequence[str], row: int, end: int) -> Block:
    batch.columns = [str(i) for i in range(batch.width)]
    numbers = pl.col([str(i) for i in picked]).cast(pl.Float64)
    return without(block_of(batch.with_columns(numbers), picked, row, end), nulls)


@contextmanager
def _unmapped() -> Iterator[None]:
    """Have polars read Arrow files instead of mapping them: truncating a mapped file kills the process."""
    name = "POLARS_FORCE_ASYNC"
    before = os.environ.get(name)
    os.environ[name] = "1"
    pl.Config.reload_env_vars()
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
        pl.Config.reload_env_vars()


@contextmanager
def _silenced() -> Iterator[None]:
    """Hide what panicking polars threads print on descriptor 2, if Python's standard error is another descriptor, as
    it is in the command line."""
    if sys.stderr is None or _number(sys.stderr) in (None, 2):
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _number(file: object) -> int | None:
    try:
        return int(file.fileno())  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None
