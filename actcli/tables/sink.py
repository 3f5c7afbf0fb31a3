"""Results on tables: frames in the table's own shape, encoded block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.errors import UsageError
from actcli.tables.encoders import (
    CsvEncoder,
    Encoder,
    JsonEncoder,
    MarkdownEncoder,
    NpyEncoder,
    ParquetEncoder,
)
from actcli.tables.table import Block, Table

if TYPE_CHECKING:
    import polars as pl

OUTPUT_FORMATS = ("csv", "tsv", "json", "jsonl", "markdown", "parquet", "npy")
Result = tuple[str, NDArray[np.float64], "NDArray[np.bool_] | None"]


def result_columns(table: Table, names: Sequence[str], append: bool) -> tuple[str, ...]:
    """The names of the columns of `result_frame`."""
    if append:
        return (*table.columns, *names)
    if len(names) == len(table.picked):
        return table.columns
    first = table.picked[0]
    kept = [name for i, name in enumerate(table.columns) if i not in table.picked]
    return (*kept[:first], *names, *kept[first:])


def result_frame(table: Table, block: Block, results: Sequence[Result], append: bool) -> pl.DataFrame:
    """The block with its picked columns replaced by `results` (name, values, missing), or followed by them.

    Results of another number than the picked columns stand together in the place of the first of them. The columns are
    named by their position; what is missing is null.
    """
    import polars as pl

    numbers: dict[int, Sequence[Result]] = dict.fromkeys(table.picked, ())
    if append:
        inputs = [("", block.values[:, i], _column(block.missing, i)) for i in range(len(table.picked))]
        numbers = {i: [column] for i, column in zip(table.picked, inputs, strict=True)}
    elif len(results) == len(table.picked):
        numbers = {i: [result] for i, result in zip(table.picked, results, strict=True)}
    else:
        numbers[table.picked[0]] = results
    columns: list[pl.Series] = []
    for i in range(len(table.columns)):
        if i in numbers:
            columns += [_series(len(columns) + j, result) for j, result in enumerate(numbers[i])]
        else:
            assert block.others is not None
            columns.append(block.others[str(i)].alias(str(len(columns))))
    if append:
        columns += [_series(len(columns) + i, result) for i, result in enumerate(results)]
    return pl.DataFrame(columns)


def _column(missing: NDArray[np.bool_] | None, index: int) -> NDArray[np.bool_] | None:
    return None if missing is None else missing[:, index]


def _series(index: int, result: Result) -> pl.Series:
    import polars as pl

    _, values, missing = result
    series = pl.Series(str(index), np.ascontiguousarray(values, np.float64))
    if missing is None or not missing.any():
        return series
    return series.set(pl.Series(np.ascontiguousarray(missing)), None)


def encoder(format: str, columns: Sequence[str], header: bool) -> Encoder:
    """The encoder of a format; `columns` names those of the frames, `header` says whether CSV bears them."""
    match format:
        case "csv":
            return CsvEncoder(columns, header, ",")
        case "tsv":
            return CsvEncoder(columns, header, "\t")
        case "json" | "jsonl":
            return JsonEncoder(columns, lines=format == "jsonl")
        case "markdown":
            return MarkdownEncoder(columns)
        case "parquet":
            return ParquetEncoder(columns)
        case "npy":
            return NpyEncoder(columns)
    raise UsageError(f"tables cannot be written as {format!r}", f"formats: {', '.join(OUTPUT_FORMATS)}")
