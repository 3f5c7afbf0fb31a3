"""JSON (write only), an array of objects; and JSON Lines, an object or an array of numbers per line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actcli.tables.columns import unique
from actcli.tables.format import Form, Format, FrameWriter, reader
from actcli.text import Cell, json_text

if TYPE_CHECKING:
    import polars as pl

WIDE = 2048  # columns: each costs polars half a millisecond per block
FIRST, BETWEEN, TAIL = b"\n ", b",\n ", b"\n]\n"  # before the first object, between objects, after the last


def _objects(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    keys = unique(columns)
    for row in rows:
        yield json_text(dict(zip(keys, row, strict=True))).encode()


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> Iterator[bytes]:
    for line in _objects(columns, rows):
        yield line + b"\n"


def _array(columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> Iterator[bytes]:
    yield b"["
    for i, line in enumerate(_objects(columns, rows)):
        yield (BETWEEN if i else FIRST) + line
    yield TAIL


def _frames(lines: bool, columns: Sequence[str], form: Form) -> FrameWriter[bytes]:
    import polars as pl

    from actcli.tables.textual import json_cell, refuse_binary, text_writer, written

    keys = unique(columns)
    end = b"\n" if lines else BETWEEN

    def encode(frame: pl.DataFrame) -> bytes:
        refuse_binary(frame, columns)
        if frame.width > WIDE and all(dtype in (pl.Float64, pl.Int64, pl.String) for dtype in frame.dtypes):
            return end.join(_objects(keys, frame.iter_rows())) + (end if lines else b"")
        pairs = [
            pl.concat_str(pl.lit(json.dumps(key, ensure_ascii=False) + ": "), json_cell(pl.col(name), dtype))
            for key, (name, dtype) in zip(keys, frame.schema.items(), strict=True)
        ]
        rows = frame.select(pl.concat_str(pl.lit("{"), pl.concat_str(pairs, separator=", "), pl.lit("}")))
        text = written(rows, quote_style="never", line_terminator=end.decode())
        return text if lines else text.removesuffix(end)

    return text_writer(encode) if lines else text_writer(encode, head=b"[", first=FIRST, between=BETWEEN, tail=TAIL)


FORMATS = (
    Format("json", (".json",), frames=partial(_frames, False), rows=_array),
    Format(
        "jsonl",
        (".jsonl", ".ndjson"),
        read_suffixes=(".json",),
        magic=(b"{", b"[{", b"[\n"),
        open=reader("jsonlines", "open_jsonlines"),
        frames=partial(_frames, True),
        rows=_lines,
    ),
)
