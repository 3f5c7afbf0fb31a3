"""Arrow files (IPC, Feather), which are read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actcli.tables.format import Format

if TYPE_CHECKING:
    from actcli.tables.options import ReadOptions
    from actcli.tables.source import Source
    from actcli.tables.table import Table

STREAMS = "Arrow streams are not read: write an Arrow file (Feather), or Parquet"


def _open(source: Source, options: ReadOptions) -> list[Table]:
    import polars as pl

    from actcli.tables.columnar import open_columnar

    return [open_columnar(source, options, pl.scan_ipc, "an Arrow", STREAMS)]


FORMATS = (
    Format(name="arrow", suffixes=(".arrow", ".feather", ".ipc"), magic=(b"ARROW1",), open=_open, slow_to_open=True),
)
