"""CSV and TSV."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actcli.tables.format import Form, Format, FrameWriter, reader
from actcli.text import Cell, plain

if TYPE_CHECKING:
    import polars as pl

PIECE = 1 << 16


def _rows(separator: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    # The writer quotes cells with the characters of its line end; not every Python version quotes a CR otherwise.
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    for row in itertools.chain([columns] if form.header else [], rows):
        writer.writerow([plain(cell) for cell in row])
        buffer.seek(buffer.tell() - 2)
        buffer.truncate()
        buffer.write("\n")
        if buffer.tell() > PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _frames(separator: str, columns: Sequence[str], form: Form) -> FrameWriter[bytes]:
    from actcli.tables.textual import readable, refuse_binary, text_writer, written

    # Many readers skip a blank line, and so does actcli at the end of a file.
    null = '""' if len(columns) == 1 else ""

    def encode(frame: pl.DataFrame) -> bytes:
        refuse_binary(frame, columns)
        return written(readable(frame), separator=separator, null_value=null)

    return text_writer(encode, head=b"".join(_rows(separator, columns, (), form)))


def separated(name: str, suffixes: tuple[str, ...], separator: str) -> Format:
    """Return a format of lines of separated cells."""
    return Format(
        name,
        suffixes,
        open=reader("separated", "open_separated", separator),
        frames=partial(_frames, separator),
        rows=partial(_rows, separator),
        headed=True,
    )


FORMATS = (separated("csv", (".csv",), ","), separated("tsv", (".tsv", ".tab"), "\t"))
