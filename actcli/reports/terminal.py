"""A report, or a sheet, on a terminal."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence, Sized
from typing import TYPE_CHECKING

from actcli.reports.console import console_text, new_console
from actcli.reports.model import Block, Drawing, Grid, Judgement, Points, Report
from actcli.tables.sheet import Sheet
from actcli.text import shown, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

# In characters: the least width of a column of words, the longest word in one that is not broken, and the longest word
# in the head of a column of numbers that is not broken.
_LEAST, _NAME, _WORD = 8, 24, 12
MOST_ROWS = 500  # rich takes over a millisecond per row, and nobody reads more
_STYLES = {"critical": "bold red", "failed": "bold red", "warning": "yellow", "ok": "green", "passed": "green"}


def terminal_page(report: Report, digits: int) -> bytes:
    """The report for standard output: with charts for its figures, without reference sections and folded tables."""
    return console_text(_page(report, digits))


def _page(report: Report, digits: int) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(visible(report.title), "bold")
    for section in report.sections:
        blocks = [] if section.reference else [block for block in section.blocks if _is_shown(block)]
        if blocks:
            yield ""
            if section.title:
                yield Text(visible(section.title), "bold")
            yield from _blocks(blocks, digits)


def _is_shown(block: Block) -> bool:
    return not (isinstance(block, Grid) and block.fold) and not (isinstance(block, Drawing) and block.chart is None)


def _blocks(blocks: Sequence[Block], digits: int) -> Iterator[RenderableType]:
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before is not None and (
            isinstance(block, Grid) or (isinstance(before, Grid) and not isinstance(block, str))
        ):
            yield ""
        yield from _block(block, digits)


def _block(block: Block, digits: int) -> Iterator[RenderableType]:
    from rich.text import Text

    match block:
        case str():
            yield Text(visible(block))
        case Judgement():
            verdict = (block.verdict, _STYLES.get(block.verdict, ""))
            yield Text.assemble(f"{visible(block.subject)}: ", verdict)
            yield from (_item("  ", reason) for reason in block.reasons)
        case Points():
            if block.title:
                yield Text(visible(block.title))
            for number, item in enumerate(block.items, start=1):
                yield _item(f"  {number}. " if block.ordered else "  ", item)
        case Grid():
            if block.title:
                yield Text(visible(block.title))
            yield table(block.sheet, digits)
        case Drawing():
            yield from block.chart() if block.chart is not None else ()


def _item(start: str, text: str) -> RenderableType:
    """A line of a list, wrapped at words and indented by its start."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid()
    grid.add_column(width=len(start))
    grid.add_column()
    grid.add_row(Text(start), Text(visible(text)))
    return grid


def table(sheet: Sheet, digits: int, *, width: int | None = None) -> RenderableType:
    """A rich table of the first rows, and a line that counts the rest. Columns in the middle that do not fit the
    terminal's width are replaced by a column `...`."""
    from rich.console import Group
    from rich.text import Text

    rows = iter(sheet.rows)
    first = _table(sheet._replace(rows=list(itertools.islice(rows, MOST_ROWS))), digits, width)
    rest = max(0, len(sheet.rows) - MOST_ROWS) if isinstance(sheet.rows, Sized) else sum(1 for _ in rows)
    return Group(first, Text(f"and {rest:,} more rows: -f csv gives all")) if rest else first


def _table(sheet: Sheet, digits: int, width: int | None) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [visible(name) for name in sheet.columns]
    raw = [list(row) for row in sheet.rows]
    rows = [[visible(shown(cell, digits)) for cell in row] for row in raw]
    width = width or new_console().width
    if sum(max(map(len, column)) + 2 for column in zip(names, *rows, strict=True)) > width + 2:
        rows = [[_parted(cell) for cell in row] for row in rows]
    numeric = [all(not isinstance(row[i], str) or row[i] == "" for row in raw) for i in range(len(names))]
    lines = [[line for cell in (name, *(row[i] for row in rows)) for line in cell.split("\n")]
             for i, name in enumerate(names)]  # fmt: skip
    needs = [max(map(len, column)) for column in lines]
    least = [
        max([1, *(min(_WORD, len(word)) for word in name.split()), *(len(row[i]) for row in rows)])
        if numeric[i]
        else max(min(needs[i], _LEAST), *(min(_NAME, len(word)) for line in lines[i] for word in line.split()), 0)
        for i, name in enumerate(names)
    ]
    places = _fitting(needs, least, width)
    cramped = sum((3 if i is None else needs[i]) + 2 for i in places) > width + 2
    result = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for i in places:
        if i is None:
            result.add_column("...")
        elif numeric[i]:
            result.add_column(Text(names[i]), justify="right", overflow="fold", width=least[i] if cramped else None)
        else:
            result.add_column(Text(names[i]), overflow="fold")
    for row in rows:
        cells = ["..." if i is None else row[i] for i in places]
        result.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in cells))
    return result


def _parted(cell: str) -> str:
    """The cell; a long name is broken where its words end, rather than anywhere."""
    if len(cell) <= _NAME or " " in cell:
        return cell
    lines = [""]
    for piece in re.findall(r"[^\s._/]*[\s._/]*", cell):
        if len(lines[-1]) + len(piece.rstrip()) > _NAME and lines[-1]:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _fitting(needs: Sequence[int], least: Sequence[int], width: int) -> list[int | None]:
    """The columns of these widths to show: all, or the first that fit, None for the gap, and the last.

    Up to 10 columns are wrapped if that makes them fit.
    """
    if len(needs) <= 10:
        needs = least
    if sum(needs) + 2 * len(needs) <= width + 2:
        return list(range(len(needs)))
    room = width - needs[-1] - 7
    count = sum(1 for total in itertools.accumulate(need + 2 for need in needs[:-1]) if total <= room)
    return [*range(max(1, count)), None, len(needs) - 1]
