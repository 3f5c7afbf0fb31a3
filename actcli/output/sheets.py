"""Sheets in the format that is asked for: tables of a terminal, CSV, TSV, JSON, JSON lines and Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from actcli.errors import UsageError
from actcli.reports.console import console_text
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet
from actcli.text import json_text, markdown, plain

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown")
SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "jsonl", ".md": "markdown", ".txt": "table"}


def endings(formats: Sequence[str]) -> list[str]:
    """The endings of names that say one of these formats; a format that has no other ends in its own name."""
    named = [ending for ending, format in SUFFIXES.items() if format in formats]
    return [*named, *(f".{format}" for format in formats if format not in SUFFIXES.values())]


def encode(sheet: Sheet, format: str, digits: int) -> Iterator[bytes]:
    """The sheet in a format, in pieces. Text formats carry floats at full precision, tables `digits` of them."""
    match format:
        case "table":
            yield console_text([table(sheet, digits)])
        case "csv" | "tsv":
            yield from _delimited(sheet, "," if format == "csv" else "\t")
        case "json":
            yield b"["
            for i, line in enumerate(_objects(sheet)):
                yield (b",\n " if i else b"\n ") + line
            yield b"\n]\n"
        case "jsonl":
            for line in _objects(sheet):
                yield line + b"\n"
        case "markdown":
            yield from _markdown(sheet)
        case _:
            raise UsageError(f"this result cannot be written as {format!r}", f"formats: {', '.join(FORMATS)}")


def _delimited(sheet: Sheet, delimiter: str) -> Iterator[bytes]:
    import csv

    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        writer.writerow([plain(cell) for cell in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _objects(sheet: Sheet) -> Iterator[bytes]:
    for row in sheet.rows:
        yield json_text(dict(zip(sheet.columns, row, strict=True))).encode()


def _markdown(sheet: Sheet) -> Iterator[bytes]:
    def line(cells: Iterable[str]) -> bytes:
        return f"| {' | '.join(map(markdown, cells))} |\n".encode()

    yield line(sheet.columns)
    yield f"|{' --- |' * len(sheet.columns)}\n".encode()
    for row in sheet.rows:
        yield line(plain(cell) for cell in row)
