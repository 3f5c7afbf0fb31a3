"""NPY, written as float64 with NaN for missing values; and NPZ (read only)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

from actcli.errors import DataError
from actcli.tables.format import Form, Format, FrameWriter, reader

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


def _frames(columns: Sequence[str], form: Form) -> FrameWriter[NDArray[np.float64]]:
    import polars as pl

    from actcli.tables.mixed import typed
    from actcli.tables.textual import must_seek
    from actcli.tables.widening import converted

    def encode(frame: pl.DataFrame) -> NDArray[np.float64]:
        cells = []
        for i, column in enumerate(map(typed, columns, frame.get_columns())):
            if not column.dtype.is_numeric() and not _is_of_numbers(column):
                raise DataError(f"npy stores only numbers, not column {i + 1} ({columns[i]})", "write csv or parquet")
            whole = column.dtype.is_integer()
            cells.append(converted(columns[i], column, pl.Float64()) if whole else column.cast(pl.Float64))
        return pl.DataFrame(cells).to_numpy(order="c")

    def write(file: IO[bytes], blocks: Iterable[NDArray[np.float64]]) -> None:
        must_seek(file, "npy")
        _head(file, 0, len(columns))  # the number of rows is filled in at the end
        rows = 0
        for block in blocks:
            file.write(block.data)
            rows += len(block)
        file.seek(0)
        _head(file, rows, len(columns))

    return FrameWriter(encode, write)


def _head(file: IO[bytes], rows: int, columns: int) -> None:
    from numpy.lib import format

    # numpy pads the header to the same length for any number of rows.
    format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (rows, columns)})


def _is_of_numbers(column: pl.Series) -> bool:
    """Return whether every value of the column that is not missing can be cast to a number."""
    import polars as pl

    if column.dtype.is_nested():
        return False
    try:
        return column.cast(pl.Float64, strict=False).null_count() == column.null_count()
    except pl.exceptions.PolarsError:  # the type cannot be cast at all
        return False


FORMATS = (
    Format("npy", (".npy",), magic=(b"\x93NUMPY",), open=reader("arrays", "open_npy"), frames=_frames),
    Format(
        "npz",
        (".npz",),
        magic=(b"PK\x03\x04",),
        open=reader("arrays", "open_npz"),
        layers="each array is a layer, named after it",
    ),
)
