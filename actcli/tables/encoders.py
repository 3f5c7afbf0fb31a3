"""Frames as bytes. Every float keeps all its digits; what is missing stays empty, or null in JSON."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError, UsageError
from actcli.text import markdown

if TYPE_CHECKING:
    import polars as pl


class Encoder(ABC):
    """Writes frames, whose columns are named by their position, in one format."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)

    @abstractmethod
    def encode(self, frame: pl.DataFrame) -> Any:
        """One block as `write` wants it; works on any thread."""

    @abstractmethod
    def write(self, file: IO[bytes], parts: Iterable[Any]) -> None:
        """The whole file, of what `encode` gave, in order."""


class _TextEncoder(Encoder):
    """A head, blocks of lines, a tail."""

    head = b""
    between = b""
    tail = b""

    @abstractmethod
    def encode(self, frame: pl.DataFrame) -> bytes: ...

    def write(self, file: IO[bytes], parts: Iterable[bytes]) -> None:
        # A thread of its own writes while this one goes on reading: the system takes a third of the time to write.
        with ThreadPoolExecutor(1, thread_name_prefix="actcli") as writer:
            full = filter(None, parts)
            written = writer.submit(file.write, self.head + next(full, b""))  # nothing where the first block fails
            for part in full:
                written.result()
                written = writer.submit(file.write, self.between + part)
            written.result()
        file.write(self.tail)


class CsvEncoder(_TextEncoder):
    """CSV or TSV."""

    def __init__(self, columns: Sequence[str], header: bool, separator: str) -> None:
        super().__init__(columns)
        self._separator = separator
        # A blank line is no row to many readers, nor to this one's at the end of a file.
        self._null = '""' if len(columns) == 1 else ""
        if header:
            line = io.StringIO()
            csv.writer(line, delimiter=separator, lineterminator="\n").writerow(columns)
            self.head = line.getvalue().encode()

    def encode(self, frame: pl.DataFrame) -> bytes:
        _refuse_binary(frame, self.columns)
        texts = [_text(name, dtype) for name, dtype in frame.schema.items() if _has_no_text(dtype)]
        return _written(frame.with_columns(texts), separator=self._separator, null_value=self._null)


class JsonEncoder(_TextEncoder):
    """An array of objects, or one object a line."""

    def __init__(self, columns: Sequence[str], *, lines: bool) -> None:
        super().__init__(unique(columns))
        self.head, self.between, self.tail = (b"", b"", b"") if lines else (b"[\n", b",\n", b"\n]\n")

    def encode(self, frame: pl.DataFrame) -> bytes:
        import polars as pl

        _refuse_binary(frame, self.columns)
        pairs = [
            pl.concat_str(pl.lit(json.dumps(key, ensure_ascii=False) + ": "), _json(name, dtype))
            for key, (name, dtype) in zip(self.columns, frame.schema.items(), strict=True)
        ]
        rows = frame.select(pl.concat_str(pl.lit("{"), pl.concat_str(pairs, separator=", "), pl.lit("}")))
        end = self.between or b"\n"
        return _written(rows, quote_style="never", line_terminator=end.decode()).removesuffix(self.between)


class MarkdownEncoder(_TextEncoder):
    """A table of Markdown."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(columns)
        self.head = f"| {' | '.join(map(markdown, columns))} |\n|{' ---: |' * len(columns)}\n".encode()

    def encode(self, frame: pl.DataFrame) -> bytes:
        import polars as pl

        _refuse_binary(frame, self.columns)

        def cell(name: str, dtype: pl.DataType) -> pl.Expr:
            text = _text(name, dtype) if _has_no_text(dtype) else pl.col(name).cast(pl.String)
            plain = dtype.is_numeric() or dtype.is_temporal()
            return (text if plain else text.map_elements(markdown, return_dtype=pl.String)).fill_null("")

        cells = [cell(name, dtype) for name, dtype in frame.schema.items()]
        rows = frame.select(pl.concat_str(pl.lit("| "), pl.concat_str(cells, separator=" | "), pl.lit(" |")))
        return _written(rows, quote_style="never")


class ParquetEncoder(Encoder):
    """Parquet, in constant memory."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(unique(columns))

    def encode(self, frame: pl.DataFrame) -> pl.DataFrame:
        frame.columns = list(self.columns)
        return frame

    def write(self, file: IO[bytes], parts: Iterable[pl.DataFrame]) -> None:
        import polars as pl

        _must_seek(file, "parquet")
        # polars writes what it can scan. It could call back for the blocks, but then Ctrl-C may kill Python.
        with tempfile.TemporaryDirectory(prefix="actcli-") as folder:
            schema = None
            try:
                for i, frame in enumerate(parts):
                    # The first block decides the types; a column empty in it may hold anything later.
                    schema = schema or _without_null_types(frame.schema)
                    _write_part(frame.cast(schema), f"{folder}/{i:09}")
                if schema:
                    pl.scan_ipc(folder).sink_parquet(file)
                else:
                    pl.DataFrame(schema=dict.fromkeys(self.columns, pl.Float64)).write_parquet(file)
            except pl.exceptions.PolarsError as error:
                reason = str(error).partition("\n")[0]
                raise DataError(f"a column cannot keep its type in parquet: {reason}", "write csv") from error


def _write_part(frame: pl.DataFrame, path: str) -> None:
    try:
        frame.write_ipc(path)
    except OSError as error:  # polars may not tell the number of the error
        raise DataError(f"{path}: {error.strerror or error}", "TMPDIR names another folder") from error


class NpyEncoder(Encoder):
    """NPY: float64, the missing as NaN. The count of rows is filled in at the end."""

    def encode(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        import polars as pl

        for i, (name, dtype) in enumerate(frame.schema.items()):
            if not dtype.is_numeric() and not _is_of_numbers(frame[name]):
                raise DataError(
                    f"npy holds only numbers, not column {i + 1} ({self.columns[i]})", "write csv or parquet"
                )
        return frame.cast(pl.Float64).to_numpy(order="c")

    def write(self, file: IO[bytes], parts: Iterable[NDArray[np.float64]]) -> None:
        _must_seek(file, "npy")
        self._head(file, 0)
        rows = 0
        for part in parts:
            file.write(part.data)
            rows += len(part)
        file.seek(0)
        self._head(file, rows)

    def _head(self, file: IO[bytes], rows: int) -> None:
        # numpy pads the header, so that it is as long for any count of rows.
        head = {"descr": "<f8", "fortran_order": False, "shape": (rows, len(self.columns))}
        np.lib.format.write_array_header_1_0(file, head)


class _Parts(io.RawIOBase):
    """A file in memory. Into an `io.BytesIO` polars takes twice as long, and holds up the other threads."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)


def _written(frame: pl.DataFrame, **how: Any) -> bytes:
    file = _Parts()
    frame.write_csv(cast(IO[bytes], file), include_header=False, **how)
    return b"".join(file.parts)


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, a repeated one with `_2`, `_3` … behind it."""
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        new, count = name, 1
        while new in seen or (count > 1 and new in taken):
            count += 1
            new = f"{name}_{count}"
        seen.add(new)
        result.append(new)
    return tuple(result)


def _without_null_types(schema: pl.Schema) -> pl.Schema:
    import polars as pl

    return pl.Schema({name: pl.String() if dtype == pl.Null else dtype for name, dtype in schema.items()})


def _must_seek(file: IO[bytes], format: str) -> None:
    if not file.seekable():
        raise UsageError(f"{format} cannot be written to a pipe", "name a file: -o FILE")


def _is_of_numbers(column: pl.Series) -> bool:
    """Whether every text, date or truth value of the column can be a number."""
    import polars as pl

    if column.dtype.is_nested():
        return False
    try:
        return column.cast(pl.Float64, strict=False).null_count() == column.null_count()
    except pl.exceptions.PolarsError:  # no value of the type can
        return False


def _refuse_binary(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    for name, dtype in zip(columns, frame.dtypes, strict=True):
        if _holds_binary(dtype):
            raise DataError(f"the column {name!r} holds {dtype}, which is no text", "write parquet: -o FILE.parquet")


def _holds_binary(dtype: Any) -> bool:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return any(_holds_binary(field.dtype) for field in dtype.fields)
    return _holds_binary(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else dtype == pl.Binary


def _has_no_text(dtype: pl.DataType) -> bool:
    """Whether polars writes it neither to CSV nor as a string."""
    import polars as pl

    return dtype.is_nested() or dtype == pl.Duration


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as JSON texts, without the quotes of a single string; what is missing stays so."""
    import polars as pl

    return pl.when(pl.col(name).is_not_null()).then(_json(name, dtype).str.strip_chars('"')).alias(name)


def _json(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as JSON texts. NaN and the infinities, which JSON lacks, are strings."""
    import polars as pl

    column = pl.col(name)
    if not dtype.is_float():
        pair = pl.struct(column.alias("")).struct.json_encode()  # {"":value}
        return pair.str.slice(4, pair.str.len_chars() - 5)
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
