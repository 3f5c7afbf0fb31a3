"""Parquet and Arrow: batches in constant memory, decoded by polars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import polars as pl

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import Block, Table, Task, block_of, left_out, rows_per_block, without

ERRORS = (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException)


def open_parquet(source: Source, options: ReadOptions) -> list[Table]:
    return [_open(source, options, pl.scan_parquet, "a Parquet", "")]


def open_arrow(source: Source, options: ReadOptions) -> list[Table]:
    hint = "Arrow streams are not read: write an Arrow file (Feather), or Parquet"
    return [_open(source, options, pl.scan_ipc, "an Arrow", hint)]


def _open(source: Source, options: ReadOptions, scan: Callable[..., pl.LazyFrame], kind: str, hint: str) -> Table:
    """The table of a file that `scan` reads; `kind` names its format in errors, which have this hint."""
    file = source.file()

    @contextmanager
    def failing() -> Iterator[None]:
        try:
            yield
        except ERRORS as error:
            what = f"{source.name}: is not {kind} file that can be read: {str(error).splitlines()[0]}"
            raise DataError(what, hint) from None

    with failing():
        schema = scan(file.path, glob=False).collect_schema()
        height = scan(file.path, glob=False).select(pl.len()).collect().item()
    columns = tuple(schema)
    picked = pick(options.columns, columns, source.name)
    for i in picked:
        dtype = schema[columns[i]]
        if not dtype.is_numeric() and not dtype.is_(pl.Null):
            what = f"{source.name}: column {i + 1} ({columns[i]}) holds {dtype}, not numbers"
            raise DataError(what, left_out(columns, i))
    rows = rows_per_block(options.block_values, len(columns))

    def tasks() -> Iterator[Task]:
        first = 1
        batches = scan(file.path, glob=False).collect_batches(chunk_size=rows, maintain_order=True)
        while True:
            with failing():
                batch = next(batches, None)
            if batch is None:
                return
            if batch.height:
                stop = first + batch.height
                yield partial(_block, batch, picked, options.nulls, first, round(file.size * (stop - 1) / height))
                first = stop

    return Table(source.layer, source.name, columns, picked, True, file.size, tasks)


def _block(batch: pl.DataFrame, picked: Sequence[int], nulls: Sequence[str], row: int, end: int) -> Block:
    batch.columns = [str(i) for i in range(batch.width)]
    numbers = pl.col([str(i) for i in picked]).cast(pl.Float64)
    return without(block_of(batch.with_columns(numbers), picked, row, end), nulls)
