"""A report as Markdown, its figures in files beside it."""

import os
import re
from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

from actcli.reports.model import Block, Drawing, Grid, Judgement, Points, Report
from actcli.tables.formats.markdown import lines
from actcli.text import markdown, shown, visible


def markdown_files(report: Report, path: str, digits: int) -> Iterator[tuple[str, bytes]]:
    """The files of a report, itself and its figures named after it, each as path and content."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    yield path, markdown_page(report, name, digits).encode()
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Drawing):
                yield os.path.join(folder, _figure_name(name, block)), block.draw("light")


def markdown_page(report: Report, stem: str, digits: int) -> str:
    """The text of the report `stem`.md, its tables with floats of `digits` digits."""
    parts = [f"# {markdown(report.title)}"]
    for section in report.sections:
        title = [f"## {markdown(section.title)}"] if section.title else []
        parts += [*title, *_blocks(section.blocks, stem, digits)]
    return "\n\n".join(parts) + "\n"


def _figure_name(stem: str, drawing: Drawing) -> str:
    return f"{stem}-{drawing.name}.svg"


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
                yield f"![{markdown(block.caption)}]({quote(os.fsencode(_figure_name(stem, block)))})"


def _line(text: str) -> str:
    """The text as Markdown, escaped so that its first word does not start a list."""
    return re.sub(r"^(\d*)([-+.)])(?=\s|$)", r"\1\\\2", markdown(text))


def _list(items: Sequence[str], *, ordered: bool) -> str:
    return "\n".join(f"{f'{number}.' if ordered else '-'} {_line(item)}" for number, item in enumerate(items, start=1))


def _table(grid: Grid, digits: int) -> Iterator[str]:
    if grid.title:
        yield f"### {markdown(grid.title)}"
    if grid.fold:
        yield f"<details><summary>{escape(visible(grid.fold))}</summary>"
    yield "\n".join(lines(grid.sheet.columns, ([shown(cell, digits) for cell in row] for row in grid.sheet.rows)))
    if grid.fold:
        yield "</details>"
