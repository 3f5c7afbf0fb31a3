"""Write frames as text: what the text formats share. Floats keep all their digits."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, cast

from actcli.errors import DataError, UsageError
from actcli.numerics.threads import Pool
from actcli.tables.format import Form, FrameWriter
from actcli.text import shown

if TYPE_CHECKING:
    import polars as pl


def text_writer(
    encode: Callable[[pl.DataFrame], bytes],
    *,
    head: bytes = b"",
    first: bytes = b"",
    between: bytes = b"",
    tail: bytes = b"",
) -> FrameWriter[bytes]:
    """Return a writer of `head`, `first`, the blocks of lines with `between` between them, and `tail`."""

    def write(file: IO[bytes], parts: Iterable[bytes]) -> None:
        # A separate thread writes while this one reads on: writing takes a third of the time.
        with Pool(1) as writer:
            full = filter(None, parts)
            start = next(full, b"")  # before any write, so that nothing is written if the first block fails
            done = writer.submit(file.write, head + (first + start if start else b""))
            for part in full:
                done.result()
                done = writer.submit(file.write, between + part)
            done.result()
        file.write(tail)

    return FrameWriter(encode, write)


def must_seek(file: IO[bytes], format: str) -> None:
    if not file.seekable():
        raise UsageError(f"{format} cannot be written to a pipe", "name a file: -o FILE")


class _Parts(io.RawIOBase):
    """A file in memory. Writing to `io.BytesIO` takes polars twice as long and blocks the other threads."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)


def written(frame: pl.DataFrame, **how: Any) -> bytes:
    """Return what polars writes as CSV, without a header."""
    file = _Parts()
    frame.write_csv(cast(IO[bytes], file), include_header=False, **how)
    return b"".join(file.parts)


def refuse_binary(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    for name, dtype in zip(columns, frame.dtypes, strict=True):
        if _holds_binary(dtype):
            raise DataError(f"column {name!r} contains {dtype}, which is not text", "write parquet: -o FILE.parquet")


def _holds_binary(dtype: Any) -> bool:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return any(_holds_binary(field.dtype) for field in dtype.fields)
    return _holds_binary(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else dtype == pl.Binary


def has_no_text(dtype: pl.DataType) -> bool:
    """Return whether polars can write the type neither to CSV nor as a string."""
    import polars as pl

    return dtype.is_nested() or dtype == pl.Duration


def for_people(
    columns: Sequence[str], form: Form, cell: Callable[[str], str], marks: tuple[str, str, str], *,
    head: bytes, tail: bytes = b"",
) -> FrameWriter[bytes]:  # fmt: skip
    """Return a writer of rounded cells with `marks` before, between and after them; `cell` escapes words."""
    import polars as pl

    def rounded(value: float) -> str:
        return shown(value, form.digits)

    def escaped(name: str, dtype: pl.DataType) -> pl.Expr:
        if dtype.is_float() and form.digits < 17 and (form.rounded is None or int(name) in form.rounded):
            return pl.col(name).map_elements(rounded, return_dtype=pl.String).fill_null("")
        cells = text(name, dtype) if has_no_text(dtype) else pl.col(name).cast(pl.String)
        needs_no_escape = dtype.is_numeric() or dtype.is_temporal()
        return (cells if needs_no_escape else cells.map_elements(cell, return_dtype=pl.String)).fill_null("")

    def encode(frame: pl.DataFrame) -> bytes:
        refuse_binary(frame, columns)
        before, between, behind = marks
        cells = pl.concat_str([escaped(name, dtype) for name, dtype in frame.schema.items()], separator=between)
        return written(frame.select(pl.concat_str(pl.lit(before), cells, pl.lit(behind))), quote_style="never")

    return text_writer(encode, head=head, tail=tail)


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the columns that polars cannot write to text as JSON."""
    return frame.with_columns(text(name, dtype) for name, dtype in frame.schema.items() if has_no_text(dtype))


def text(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as JSON, strings without their quotes; missing values stay missing."""
    import polars as pl

    from actcli.tables.mixed import MIXED, TEXT, plain

    column = pl.col(name)
    if dtype == MIXED:
        return column.struct.field(TEXT).map_elements(plain, return_dtype=pl.String).alias(name)
    return pl.when(column.is_not_null()).then(json_cell(column, dtype).str.strip_chars('"')).alias(name)


def json_cell(column: pl.Expr, dtype: Any) -> pl.Expr:
    """Return a column as JSON. NaN and the infinities, which JSON lacks, become strings at any depth."""
    import polars as pl

    from actcli.tables.mixed import MIXED, TEXT

    if dtype == MIXED:
        return column.struct.field(TEXT).fill_null("null")
    if dtype.is_float():
        return _float_cell(column)
    if not _holds_floats(dtype):
        pair = pl.struct(column.alias("")).struct.json_encode()  # {"":value}
        return pair.str.slice(4, pair.str.len_chars() - 5)
    if isinstance(dtype, pl.Struct):
        pairs = [
            pl.concat_str(
                pl.lit(json.dumps(field.name, ensure_ascii=False) + ":"),
                json_cell(column.struct.field(field.name), field.dtype),
            )
            for field in dtype.fields
        ]
        whole = pl.concat_str(pl.lit("{"), pl.concat_str(pairs, separator=","), pl.lit("}"))
    else:
        items = column.arr.to_list() if isinstance(dtype, pl.Array) else column
        inner = items.list.eval(json_cell(pl.element(), dtype.inner))
        whole = pl.concat_str(pl.lit("["), inner.list.join(","), pl.lit("]"))
    return pl.when(column.is_null()).then(pl.lit("null")).otherwise(whole)


def _holds_floats(dtype: Any) -> bool:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return any(_holds_floats(field.dtype) for field in dtype.fields)
    return _holds_floats(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else bool(dtype.is_float())


def _float_cell(column: pl.Expr) -> pl.Expr:
    import polars as pl

    return (
        pl.when(column.is_finite())
        .then(column.cast(pl.String))
        .when(column.is_nan())
        .then(pl.lit('"NaN"'))
        .when(column > 0)
        .then(pl.lit('"Infinity"'))
        .when(column < 0)
        .then(pl.lit('"-Infinity"'))
        .otherwise(pl.lit("null"))
    )
