"""Parquet and Arrow: batches in constant memory, decoded by polars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import Block, Table, block_of, left_out, rows_a_block, without

if TYPE_CHECKING:
    import polars as pl


class ColumnarTable(Table):
    """A Parquet or Arrow (IPC, Feather) file."""

    def __init__(self, source: Source, options: ReadOptions, format: str) -> None:
        self._format = format
        self._path = source.file()
        self._name = source.name
        import polars as pl

        try:
            schema = self._scan().collect_schema()
            self._height = self._scan().select(pl.len()).collect().item()
        except _polars_errors() as error:
            raise self._unreadable(error) from None
        columns = tuple(schema)
        picked = pick(options.columns, columns, source.name)
        for i in picked:
            if not schema[columns[i]].is_numeric() and not schema[columns[i]].is_(_null()):
                raise DataError(
                    f"{source.name}: column {i + 1} ({columns[i]}) holds {schema[columns[i]]}, not numbers",
                    left_out(columns, i),
                )
        super().__init__(source, columns, picked, header=True)
        self._nulls = options.nulls
        self._rows = rows_a_block(options.block_values, len(columns) or 1)

    def tasks(self) -> Iterator[Callable[[], Block]]:
        row = 1
        batches = self._scan().collect_batches(chunk_size=self._rows, maintain_order=True)
        while True:
            try:
                batch = next(batches, None)
            except _polars_errors() as error:
                raise self._unreadable(error) from None
            if batch is None:
                return
            if batch.height:
                self._share = (row - 1 + batch.height) / self._height
                yield partial(self._block, batch, row)
                row += batch.height

    def _scan(self) -> pl.LazyFrame:
        import polars as pl

        scan = pl.scan_parquet if self._format == "parquet" else pl.scan_ipc
        return scan(self._path, glob=False)

    def _block(self, batch: pl.DataFrame, row: int) -> Block:
        import polars as pl

        batch.columns = [str(i) for i in range(batch.width)]
        numbers = pl.col([str(i) for i in self.picked]).cast(pl.Float64)
        return without(block_of(batch.with_columns(numbers), self.picked, row), self._nulls)

    def _unreadable(self, error: BaseException) -> DataError:
        what, hint = "a Parquet", ""
        if self._format == "arrow":
            what, hint = "an Arrow", "Arrow streams are not read: write an Arrow file (Feather), or Parquet"
        return DataError(f"{self._name}: is not {what} file that can be read: {str(error).splitlines()[0]}", hint)


def _polars_errors() -> tuple[type[BaseException], ...]:
    import polars as pl

    return (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException)


def _null() -> type[pl.DataType]:
    import polars as pl

    return pl.Null
