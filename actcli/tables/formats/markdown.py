"""Markdown tables (write only)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from actcli.tables.format import Form, Format, FrameWriter
from actcli.text import Cell, markdown, shown


def lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table of strings."""
    yield _line(columns)
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(markdown, cells))} |"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> Iterator[bytes]:
    for line in lines(columns, ([shown(cell, form.digits) for cell in row] for row in rows)):
        yield line.encode() + b"\n"


def _frames(columns: Sequence[str], form: Form) -> FrameWriter[bytes]:
    from actcli.tables.textual import for_people

    return for_people(columns, form, markdown, ("| ", " | ", " |"), head=b"".join(_rows(columns, (), form)))


FORMATS = (Format("markdown", (".md", ".markdown"), frames=_frames, rows=_rows, for_people=True),)
