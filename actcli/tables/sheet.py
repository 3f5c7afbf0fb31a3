"""A small table of results to be written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from actcli.text import Cell

if TYPE_CHECKING:
    import polars as pl


class Sheet(NamedTuple):
    """Named columns and rows of cells; if `rows` is a generator, rows are written as they come."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]

    def frame(self) -> pl.DataFrame:
        """Return the sheet as a frame; missing values are null."""
        import polars as pl

        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        return pl.DataFrame(
            {name: pl.Series(values, strict=False) for name, values in zip(self.columns, columns, strict=True)}
        )
