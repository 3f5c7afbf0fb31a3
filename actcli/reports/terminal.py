"""Results -> text: rich tables for a terminal, CSV, TSV, JSON, JSON lines and Markdown for everything else."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from actcli.tables.sheet import Sheet
from actcli.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def table(sheet: Sheet, digits: int, *, width: int | None = None) -> RenderableType:
    """A rich table. Columns that do not fit the terminal's width are left out in the middle, behind a column `...`."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [visible(name) for name in sheet.columns]
    raw = [list(row) for row in sheet.rows]
    rows = [[visible(shown(cell, digits)) for cell in row] for row in raw]
    numeric = [all(not isinstance(row[i], str) or row[i] == "" for row in raw) for i in range(len(names))]
    needs = [max(map(len, (name, *(row[i] for row in rows)))) for i, name in enumerate(names)]
    least = [
        max([1, *(min(_WORD, len(word)) for word in name.split()), *(len(row[i]) for row in rows)])
        if numeric[i]
        else min(needs[i], _LEAST)
        for i, name in enumerate(names)
    ]
    width = width or new_console().width
    places = _fitting(needs, least, width)
    cramped = sum((3 if i is None else needs[i]) + 2 for i in places) > width + 2
    result = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for i in places:
        if i is None:
            result.add_column("...")
        elif numeric[i]:
            fixed = least[i] if cramped else None
            result.add_column(Text(names[i]), justify="right", overflow="fold", width=fixed)
        else:
            result.add_column(Text(names[i]), overflow="fold")
    for row in rows:
        result.add_row(
            *(
                Text("..." if i is None else row[i], style=_STYLES.get(row[i] if i is not None else "", ""))
                for i in places
            )
        )
    return result


# Characters to which a column of words may be wrapped, and a word in the head of one of numbers.
_LEAST, _WORD = 8, 12
_STYLES = {"critical": "bold red", "warning": "yellow", "ok": "green"}


def _fitting(needs: Sequence[int], least: Sequence[int], width: int) -> list[int | None]:
    """The columns to show, of these widths: all, or the first that fit, None for the gap, and the last.

    Up to 10 columns are wrapped where that is enough.
    """
    if len(needs) <= 10:
        needs = least
    if sum(needs) + 2 * len(needs) <= width + 2:
        return list(range(len(needs)))
    room = width - needs[-1] - 7
    count = sum(1 for total in itertools.accumulate(need + 2 for need in needs[:-1]) if total <= room)
    return [*range(max(1, count)), None, len(needs) - 1]


def new_console() -> Console:
    """A console in the style of standard output that collects what is printed."""
    from rich.console import Console

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
    terminal = sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else 10_000
    return Console(file=file, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False)


def console_text(parts: Iterable[RenderableType]) -> bytes:
    """What rich prints for the parts, as bytes for standard output, no line with blanks at its end."""
    console = new_console()
    for part in parts:
        if isinstance(part, str):
            part = _paragraph(visible(part))
        console.print(part)
    console.file.flush()
    text: bytes = console.file.buffer.getvalue()  # type: ignore[attr-defined]
    return b"\n".join(line.rstrip() for line in text.split(b"\n"))


def _paragraph(text: str) -> RenderableType:
    """Text that is wrapped at words, the lines that follow under its start: behind the indent and the number."""
    from rich.table import Table
    from rich.text import Text

    start = len(text) - len(text.lstrip())
    number, dot, _ = text.lstrip().partition(". ")
    if dot and number.isdigit():
        start += len(number) + len(dot)
    if start == 0:
        return Text(text)
    grid = Table.grid()
    grid.add_column(width=start)
    grid.add_column()
    grid.add_row(Text(text[:start]), Text(text[start:]))
    return grid
