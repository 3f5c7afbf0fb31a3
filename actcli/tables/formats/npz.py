"""NPZ, a layer for each array, which is read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actcli.tables.format import Format

if TYPE_CHECKING:
    from actcli.tables.options import ReadOptions
    from actcli.tables.source import Source
    from actcli.tables.table import Table


def _open(source: Source, options: ReadOptions) -> list[Table]:
    from actcli.tables.arrays import open_npz

    return open_npz(source, options)


FORMATS = (
    Format(
        name="npz",
        suffixes=(".npz",),
        magic=(b"PK\x03\x04",),
        open=_open,
        layers="each array is a layer, named after it",
    ),
)
