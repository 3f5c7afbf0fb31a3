"""A report as Markdown, its figures in files beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from actcli.reports.blocks import Block, Drawing, Grid, Judgement, Points, Report
from actcli.tables.formats.markdown import lines
from actcli.text import markdown, shown, visible


def markdown_page(report: Report, stem: str, digits: int) -> str:
    """The text, its tables with floats of `digits` digits; its figures are the files that `figure_name` names."""
    parts = [f"# {markdown(report.title)}", *_blocks(report.verdicts, stem, digits)]
    for section in report.sections:
        parts += [f"## {markdown(section.title)}", *_blocks(section.blocks, stem, digits)]
    return "\n\n".join(parts) + "\n"


def figure_name(stem: str, drawing: Drawing) -> str:
    """The file of a figure of the report `stem`.md."""
    return f"{stem}-{drawing.name}.svg"


def drawings(report: Report) -> list[Drawing]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, Drawing)]


def _blocks(blocks: Sequence[Block], stem: str, digits: int) -> Iterator[str]:
    for block in blocks:
        match block:
            case str():
                yield _line(block)
            case Judgement():
                yield f"### {markdown(block.subject)}: {block.verdict}"
                if block.reasons:
                    yield _list(block.reasons, ordered=False)
            case Points():
                if block.title:
                    yield f"### {markdown(block.title)}"
                yield _list(block.items, ordered=block.ordered)
            case Grid():
                yield from _table(block, digits)
            case Drawing():
                yield f"![{markdown(block.caption)}]({quote(figure_name(stem, block))})"


def _line(text: str) -> str:
    """Words that begin no list, whatever the first of them is."""
    return re.sub(r"^(\d*)([-+.)])(?=\s|$)", r"\1\\\2", markdown(text))


def _list(items: Sequence[str], *, ordered: bool) -> str:
    return "\n".join(f"{f'{number}.' if ordered else '-'} {_line(item)}" for number, item in enumerate(items, start=1))


def _table(grid: Grid, digits: int) -> Iterator[str]:
    if grid.title:
        yield f"### {markdown(grid.title)}"
    if grid.fold:
        yield f"<details><summary>{html.escape(visible(grid.fold))}</summary>"
    yield "\n".join(lines(grid.columns, ([shown(cell, digits) for cell in row] for row in grid.rows)))
    if grid.fold:
        yield "</details>"
