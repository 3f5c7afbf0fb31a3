"""Sheets, and what names of formats mean: those in `tables/format.py`, and the table of a terminal."""

from collections.abc import Iterable, Sequence

from actcli.errors import UsageError
from actcli.tables.format import Form, Use, named, names, suffixes
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


def encode(sheet: Sheet, format: str, form: Form) -> Iterable[bytes]:
    """The sheet in a format, in pieces. Floats are at full precision, or for people in the digits of the form."""
    if format == TABLE:
        from actcli.reports.console import console_text
        from actcli.reports.terminal import table

        return [console_text([table(sheet, form.digits)])]
    rows = named(format).rows
    if rows is None:
        hint = f"formats: {', '.join(output_formats())}"
        raise UsageError(f"{format} is for tables: these results are written as text", hint)
    return rows(sheet.columns, sheet.rows, form)
