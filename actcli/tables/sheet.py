"""A small table of results on its way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actcli.text import Cell

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Sheet:
    """Named columns and rows of cells; `rows` may be a generator, which is then written as it comes."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]

    def frame(self) -> pl.DataFrame:
        """As a frame; what is missing is null."""
        import polars as pl

        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        return pl.DataFrame(
            {name: pl.Series(values, strict=False) for name, values in zip(self.columns, columns, strict=True)}
        )
