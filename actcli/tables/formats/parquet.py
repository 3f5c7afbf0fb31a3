"""Parquet, in constant memory; and Arrow files (IPC, Feather; read only)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

from actcli.errors import DataError
from actcli.tables.columns import unique
from actcli.tables.format import Form, Format, FrameWriter, reader

if TYPE_CHECKING:
    import polars as pl


def _frames(columns: Sequence[str], form: Form) -> FrameWriter[pl.DataFrame]:
    from actcli.tables.textual import must_seek

    keys = unique(columns)

    def encode(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.rename(dict(zip(frame.columns, keys, strict=True)))

    def write(file: IO[bytes], blocks: Iterable[pl.DataFrame]) -> None:
        must_seek(file, "parquet")
        _write(file, keys, blocks)

    return FrameWriter(encode, write)


def _write(file: IO[bytes], columns: Sequence[str], blocks: Iterable[pl.DataFrame]) -> None:
    import tempfile

    import polars as pl

    # polars can stream only what it can scan. With a Python callback for the blocks, Ctrl-C may kill Python.
    with tempfile.TemporaryDirectory(prefix="actcli-") as folder:
        try:
            if _write_parts(folder, blocks):
                pl.scan_ipc(folder).sink_parquet(file)
            else:
                pl.DataFrame(schema=dict.fromkeys(columns, pl.Float64)).write_parquet(file)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            if number := re.search(r"\(os error (\d+)\)", str(error)):  # the file failed, not the data
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
            reason = str(error).partition("\n")[0]
            raise DataError(f"a column cannot keep its type in parquet: {reason}", "write csv") from error


def _write_parts(folder: str, blocks: Iterable[pl.DataFrame]) -> int:
    """Write each block to a file of the folder, all with the same types, and return how many there are."""
    import polars as pl

    from actcli.tables.mixed import typed
    from actcli.tables.widening import widest

    schemas: list[pl.Schema] = []
    for i, block in enumerate(blocks):
        frame = pl.DataFrame({column.name: typed(column.name, column) for column in block.get_columns()})
        found = frame.schema
        if schemas:
            found = pl.Schema({name: widest(name, schemas[-1][name], dtype) for name, dtype in found.items()})
        schemas.append(found)
        _write_part(_converted(frame, found), f"{folder}/{i:09}")
    last = _without_null_types(schemas[-1]) if schemas else None
    for i, schema in enumerate(schemas):
        if last is not None and schema != last:
            path, wide = f"{folder}/{i:09}", f"{folder}/wide"
            _write_part(_converted(pl.read_ipc(path), last), wide)
            os.replace(wide, path)
    return len(schemas)


def _converted(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    import polars as pl

    from actcli.tables.widening import converted

    return pl.DataFrame([converted(column.name, column, schema[column.name]) for column in frame.get_columns()])


def _write_part(frame: pl.DataFrame, path: str) -> None:
    try:
        frame.write_ipc(path)
    except OSError as error:  # polars may not set errno
        raise DataError(f"{path}: {error.strerror or error}", "set TMPDIR to another folder") from error


def _without_null_types(schema: pl.Schema) -> pl.Schema:
    import polars as pl

    return pl.Schema({name: pl.String() if dtype == pl.Null else dtype for name, dtype in schema.items()})


FORMATS = (
    Format(
        "parquet",
        (".parquet", ".pq"),
        magic=(b"PAR1",),
        open=reader("columnar", "open_parquet"),
        frames=_frames,
        slow_to_open=True,
    ),
    Format(
        "arrow",
        (".arrow", ".feather", ".ipc"),
        magic=(b"ARROW1",),
        open=reader("columnar", "open_arrow"),
        slow_to_open=True,
    ),
)
