"""Build frames of results in the shape of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.tables.table import Block, Table

if TYPE_CHECKING:
    import polars as pl

Frame: TypeAlias = "pl.DataFrame"
Column: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.bool_] | None]"  # the values, and which are missing


def result_columns(table: Table, names: Sequence[str], append: bool) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return the names of the columns of `result_frame`, and the indices of those that take part in the computation:
    the others stay as the source writes them."""
    picked = frozenset(table.picked)
    if append:
        columns = (*table.columns, *names)
        return columns, picked.union(range(len(table.columns), len(columns)))
    if len(names) == len(picked):
        return table.columns, picked
    first = min(picked)
    kept = [name for i, name in enumerate(table.columns) if i not in picked]
    return (*kept[:first], *names, *kept[first:]), frozenset(range(first, first + len(names)))


def result_frame(table: Table, block: Block, results: Sequence[Column], append: bool) -> Frame:
    """Return the block with its picked columns replaced by `results`, or, if `append`, followed by them.

    If there are more or fewer results than picked columns, they all replace the leftmost one. The columns are named by
    their position; missing values are null.
    """
    import polars as pl

    placed: dict[int, Sequence[Column]] = dict.fromkeys(table.picked, ())
    if append:
        placed = {column: [_column(block, i)] for i, column in enumerate(table.picked)}
    elif len(results) == len(table.picked):
        placed = {column: [result] for column, result in zip(table.picked, results, strict=True)}
    else:
        placed[min(table.picked)] = results
    others = iter(() if block.rest is None else block.rest().get_columns())
    columns: list[pl.Series] = []
    for i in range(len(table.columns)):
        columns += [_series(column) for column in placed[i]] if i in placed else [next(others)]
    if append:
        columns += [_series(column) for column in results]
    return pl.DataFrame([column.alias(str(i)) for i, column in enumerate(columns)])


def jacobian_frame(jacobians: NDArray[np.float64], outputs: Sequence[str], row: int) -> Frame:
    """Return the Jacobians of consecutive rows, the first numbered `row`: one line per output."""
    import polars as pl

    count, _, inputs = jacobians.shape
    columns = [
        pl.Series(np.repeat(np.arange(row, row + count), len(outputs))),
        pl.Series([*outputs] * count, dtype=pl.String),
        *(pl.Series(np.ascontiguousarray(jacobians[:, :, i]).ravel()) for i in range(inputs)),
    ]
    return pl.DataFrame([column.alias(str(i)) for i, column in enumerate(columns)])


def _column(block: Block, index: int) -> Column:
    return block.values[:, index], None if block.missing is None else block.missing[:, index]


def _series(column: Column) -> pl.Series:
    import polars as pl

    values, missing = column
    series = pl.Series(np.ascontiguousarray(values, np.float64))
    if missing is None or not missing.any():
        return series
    return series.set(pl.Series(np.ascontiguousarray(missing)), None)
