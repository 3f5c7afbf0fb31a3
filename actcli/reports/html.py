"""A report as one self-contained HTML page: no script, and nothing loaded from elsewhere."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from actcli.diagnosis.rules import ORDER
from actcli.reports.look import Theme
from actcli.reports.model import Block, Drawing, Grid, Judgement, Points, Report
from actcli.text import Cell, shown, visible

WORD = 24  # characters up to which a cell is not wrapped
LONG = 2.0  # height over width above which a figure does not fit on one sheet of paper

# The page may show its own content, but fetch and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html_page(report: Report, digits: int) -> str:
    """The page, its tables with floats of `digits` digits."""
    style = files("actcli.reports").joinpath("page.css").read_text()
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(report.title)}</title>",
        f"<style>\n{style}</style>",
        "</head>",
        '<body class="actcli">',
        *_sections(report, digits, ("light", "dark")),
        "</body>",
        "</html>",
    ]
    return "\n".join([*parts, ""])


def html_part(report: Report, digits: int) -> str:
    """The report as part of another page, such as a notebook, always on white."""
    style = files("actcli.reports").joinpath("page.css").read_text()
    parts = [f'<div class="actcli"><style>\n{style}</style>', *_sections(report, digits, ("light",)), "</div>"]
    return "\n".join(parts)


def _sections(report: Report, digits: int, themes: Sequence[Theme]) -> Iterator[str]:
    yield f"<h1>{_text(report.title)}</h1>"
    for section in report.sections:
        yield "<section>"
        if section.title:
            yield f"<h2>{_text(section.title)}</h2>"
        yield from _blocks(section.blocks, digits, themes)
        yield "</section>"


def _text(text: str) -> str:
    return escape(visible(text))


def _blocks(blocks: Sequence[Block], digits: int, themes: Sequence[Theme]) -> Iterator[str]:
    for block in blocks:
        match block:
            case str():
                yield f"<p>{_text(block)}</p>"
            case Judgement():
                yield f'<div class="verdict {block.verdict}">'
                yield f"<h3>{_text(block.subject)}: <strong>{block.verdict}</strong></h3>"
                yield from _list("ul", block.reasons)
                yield "</div>"
            case Points():
                if block.title:
                    yield f"<h3>{_text(block.title)}</h3>"
                yield from _list("ol" if block.ordered else "ul", block.items)
            case Grid():
                yield from _table(block, digits)
            case Drawing():
                yield from _drawing(block, themes)


def _list(tag: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"<{tag}>"
        yield from (f"<li>{_text(item)}</li>" for item in items)
        yield f"</{tag}>"


def _table(grid: Grid, digits: int) -> Iterator[str]:
    """A table in a box of its own, which scrolls if it is too wide for the page."""
    columns, rows = grid.sheet.columns, [*grid.sheet.rows]
    kinds = ["text" if any(isinstance(row[i], str) for row in rows) else "number" for i in range(len(columns))]
    if grid.title:
        yield f"<h3>{_text(grid.title)}</h3>"
    if grid.fold:
        yield f"<details><summary>{_text(grid.fold)}</summary>"
    yield '<div class="scroll" tabindex="0"><table>'
    heads = (f'<th class="{kind}">{_text(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    yield f"<thead><tr>{''.join(heads)}</tr></thead>"
    yield "<tbody>"
    for row in rows:
        cells = (_cell(cell, kind, digits) for cell, kind in zip(row, kinds, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    if grid.fold:
        yield "</details>"


def _cell(cell: Cell, kind: str, digits: int) -> str:
    text = shown(cell, digits)
    if text in ORDER:
        kind = text
    elif kind == "text" and len(text) > WORD:
        kind = "prose"
    return f'<td class="{kind}">{_text(text)}</td>'


def _drawing(drawing: Drawing, themes: Sequence[Theme]) -> Iterator[str]:
    """The figure in every theme; the style sheet shows the one of the page."""
    drawn = {theme: drawing.draw(theme) for theme in themes}
    kind = ' class="long"' if _ratio(drawn["light"]) > LONG else ""
    yield f'<figure{kind}><div class="scroll" tabindex="0">'
    for theme, svg in drawn.items():
        yield f'<div class="{theme}">{inline_svg(svg, _id(drawing, theme, svg), drawing.caption)}</div>'
    yield "</div>"
    yield f"<figcaption>{_text(drawing.caption)}</figcaption></figure>"


def _id(drawing: Drawing, theme: Theme, svg: bytes) -> str:
    """The prefix of a figure's ids, different for each of the figures in a notebook."""
    return f"{drawing.name}-{theme}-{hashlib.sha256(svg).hexdigest()[:8]}"


def _ratio(svg: bytes) -> float:
    """Height over width of an SVG file from matplotlib."""
    box = re.search(rb'viewBox="0 0 (\S+) (\S+)"', svg)
    return float(box[2]) / float(box[1]) if box else 1.0


def inline_svg(svg: bytes, name: str, caption: str) -> str:
    """An SVG file from matplotlib as an element of a page: ids begin with `name`, without style sheet and prolog."""
    text = svg.decode()
    text = text[text.index("<svg") :].rstrip()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(?s)<style type="text/css">.*?</style>', "", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    return text.replace("<svg ", f'<svg role="img" aria-label="{_text(caption)}" ', 1)
