"""A report in a few lines of plain text, as a Python prompt shows a result."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator

from actcli.reports.model import Block, Grid, Judgement, Points, Report
from actcli.text import shown, visible

LINES = 18
WIDTH = 100
DIGITS = 4


def brief(report: Report) -> str:
    """The title, the blocks of the untitled first section, and how many lines were left out."""
    first = report.sections[0]
    said = [report.title, *(line for block in (first.blocks if not first.title else ()) for line in _lines(block))]
    lines = [part for line in said for part in textwrap.wrap(visible(line), WIDTH, subsequent_indent="  ")]
    more = len(lines) - LINES
    if more > 1:
        lines = [*lines[:LINES], f"[{more} more lines]"]
    return "\n".join(lines)


def _lines(block: Block) -> Iterator[str]:
    match block:
        case str():
            yield block
        case Judgement():
            yield f"{block.subject}: {block.verdict}" + (f": {block.reasons[0]}" if block.reasons else "")
        case Points():
            yield from filter(None, (block.title, *block.items))
        case Grid():
            rows = [[*block.sheet.columns], *([shown(cell, DIGITS) for cell in row] for row in block.sheet.rows)]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            for row in rows:
                yield "  ".join(itertools.starmap(str.ljust, zip(row, widths, strict=True))).rstrip()
        case _:
            return
