"""A table of Markdown, which is written only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from actcli.tables.format import Format, FrameWriter
from actcli.text import Cell, markdown, plain

if TYPE_CHECKING:
    import polars as pl


def lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table of texts."""
    yield _line(columns)
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(markdown, cells))} |"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    for line in lines(columns, ([plain(cell) for cell in row] for row in rows)):
        yield line.encode() + b"\n"


def _frames(columns: Sequence[str], header: bool) -> FrameWriter[bytes]:
    import polars as pl

    from actcli.tables.textual import has_no_text, refuse_binary, text, text_writer, written

    def cell(name: str, dtype: pl.DataType) -> pl.Expr:
        cells = text(name, dtype) if has_no_text(dtype) else pl.col(name).cast(pl.String)
        needs_no_escape = dtype.is_numeric() or dtype.is_temporal()
        return (cells if needs_no_escape else cells.map_elements(markdown, return_dtype=pl.String)).fill_null("")

    def encode(frame: pl.DataFrame) -> bytes:
        refuse_binary(frame, columns)
        cells = [cell(name, dtype) for name, dtype in frame.schema.items()]
        rows = frame.select(pl.concat_str(pl.lit("| "), pl.concat_str(cells, separator=" | "), pl.lit(" |")))
        return written(rows, quote_style="never")

    return text_writer(encode, head=b"".join(_rows(columns, ())))


FORMATS = (Format("markdown", (".md", ".markdown"), frames=_frames, rows=_rows),)
