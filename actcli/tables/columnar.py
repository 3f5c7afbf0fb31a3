"""Parquet and Arrow: batches in constant memory, decoded by polars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import polars as pl

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import File, Source
from actcli.tables.table import Block, Table, Task, block_of, left_out, rows_per_block, without

ERRORS = (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException)


def open_columnar(
    source: Source, options: ReadOptions, scan: Callable[..., pl.LazyFrame], kind: str, hint: str = ""
) -> Table:
    """The table of a file that `scan` reads; `kind` names its format in errors, which have this hint."""
    file = source.file()

    def lazy() -> pl.LazyFrame:
        return scan(file.path, glob=False)

    def unreadable(error: BaseException) -> DataError:
        return DataError(f"{source.name}: is not {kind} file that can be read: {str(error).splitlines()[0]}", hint)

    try:
        schema = lazy().collect_schema()
        height = lazy().select(pl.len()).collect().item()
    except ERRORS as error:
        raise unreadable(error) from None
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
        for batch in _batches(lazy(), rows, unreadable):
            stop = first - 1 + batch.height
            yield partial(_block, batch, picked, options.nulls, first, _share(file, stop, height))
            first = stop + 1

    return Table(source.layer, source.name, columns, picked, True, file.size, tasks)


def _batches(lazy: pl.LazyFrame, rows: int, unreadable: Callable[[BaseException], DataError]) -> Iterator[pl.DataFrame]:
    """The batches that are not empty."""
    try:
        for batch in lazy.collect_batches(chunk_size=rows, maintain_order=True):
            if batch.height:
                yield batch
    except ERRORS as error:
        raise unreadable(error) from None


def _share(file: File, rows: int, height: int) -> int:
    return round(file.size * rows / height)


def _block(batch: pl.DataFrame, picked: Sequence[int], nulls: Sequence[str], row: int, end: int) -> Block:
    batch.columns = [str(i) for i in range(batch.width)]
    numbers = pl.col([str(i) for i in picked]).cast(pl.Float64)
    return without(block_of(batch.with_columns(numbers), picked, row, end), nulls)
