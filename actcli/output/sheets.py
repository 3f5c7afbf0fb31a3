"""Encode sheets in the formats of `tables/format.py`, or as a table for a terminal."""

from collections.abc import Iterable, Sequence

from actcli.errors import UsageError
from actcli.tables.format import Form, Use, named, names, suffixes
from actcli.tables.sheet import Sheet

TABLE = "table"  # for people: `reports` renders it


def output_formats(use: Use = "rows") -> tuple[str, ...]:
    """Return the formats for sheets ("rows") or for filtered tables ("frames")."""
    return (TABLE, *names(use))


def endings(formats: Sequence[str]) -> dict[str, str]:
    """Return suffix to format for these formats; a format without a suffix uses its name as suffix."""
    known = {**suffixes("frames"), ".txt": TABLE}
    found = {ending: format for ending, format in known.items() if format in formats}
    return {**found, **{f".{format}": format for format in formats if format not in found.values()}}


def encode(sheet: Sheet, format: str, form: Form) -> Iterable[bytes]:
    """Return the sheet in a format, in pieces. Floats have full precision, or in formats for people `form.digits`."""
    if format == TABLE:
        from actcli.reports.console import console_text
        from actcli.reports.terminal import table

        return [console_text([table(sheet, form.digits)])]
    rows = named(format).rows
    if rows is None:
        hint = f"formats: {', '.join(output_formats())}"
        raise UsageError(f"{format} is only for tables, and these results are not one", hint)
    return rows(sheet.columns, sheet.rows, form)
