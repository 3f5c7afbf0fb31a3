"""Sheets, and what names of formats mean: those in `tables/format.py`, and the table of a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from actcli.errors import UsageError
from actcli.tables.format import COMPRESSED, DEFAULT, Use, named, names, suffixes
from actcli.tables.sheet import Sheet

TABLE = "table"  # for a person: `reports` prints it


def output_formats(use: Use = "rows") -> tuple[str, ...]:
    """The formats of sheets ("rows"), or of filtered tables ("frames")."""
    return (TABLE, *names(use))


def endings(formats: Sequence[str]) -> dict[str, str]:
    """What names of files end in, and the format among these that it says; one without an ending is its own."""
    known = {**suffixes("frames"), ".txt": TABLE}
    found = {ending: format for ending, format in known.items() if format in formats}
    return {**found, **{f".{format}": format for format in formats if format not in found.values()}}


def choose_format(asked: str | None, output: str | None, known: Sequence[str] | None = None) -> str:
    """The format asked for, else the one the output's name says, else a table on a terminal and CSV in a pipe."""
    if asked is not None:
        return asked
    if output is None:
        return TABLE if sys.stdout.isatty() else DEFAULT
    said = endings(known or output_formats())
    suffix = os.path.splitext(output)[1].lower()
    if suffix in said:
        return said[suffix]
    if os.path.exists(output) and not os.path.isfile(output):
        return DEFAULT  # /dev/stdout, a fifo
    if suffix in COMPRESSED:
        raise UsageError(f"{output}: results are written as they are", "compress them in a pipe: -f csv | zstd")
    hint = f"name the format with -f, or end the name in {', '.join(said)}"
    raise UsageError(f"{output}: its name says no format", hint)


def encode(sheet: Sheet, format: str, digits: int) -> Iterable[bytes]:
    """The sheet in a format, in pieces. Text formats carry floats at full precision, tables `digits` of them."""
    if format == TABLE:
        from actcli.reports.terminal import console_text, table

        return [console_text([table(sheet, digits)])]
    rows = named(format).rows
    if rows is None:
        hint = f"formats: {', '.join(output_formats())}"
        raise UsageError(f"{format} is for tables: these results are written as text", hint)
    return rows(sheet.columns, sheet.rows)
