"""A page of the manual that is written as Markdown: headings, paragraphs, lists, tables and what commands print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from documentation import roff
from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt().enable("table")


def body(text: str) -> list[str]:
    """The page below its title, as roff source."""
    lines: list[str] = []
    for kind, content in _blocks(PARSER.parse(text)):
        if kind == "heading":
            lines.append(f".SH {roff.literal(content.upper())}")
        elif kind == "fence":
            lines += roff.block(content.rstrip("\n"), indent=4)
        elif kind == "item":
            tag, _, rest = content.partition("\n")
            lines += roff.items(roff.literal, [(tag, rest) if rest else ("-", tag)], roff.literal)
        else:
            lines += [".PP", *roff.filled(content, roff.literal)]
    return [line for before, line in zip(["", *lines], lines, strict=False) if (before[:3], line) != (".SH", ".PP")]


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The blocks in order; the cells of a row of a table are lines of one item, and its head is left out."""
    cells: list[str] = []
    for before, token in zip([tokens[0], *tokens], tokens, strict=False):
        if token.type == "fence":
            yield "fence", token.content
        elif token.type == "inline" and before.type == "heading_open" and before.tag != "h1":
            yield "heading", _plain(token)
        elif token.type == "inline" and before.type == "td_open":
            cells.append(_plain(token))
        elif token.type == "tr_close" and cells:
            yield "item", "\n".join((cells[0], " ".join(cells[1:])))
            cells = []
        elif token.type == "inline" and before.type == "paragraph_open":
            yield ("item" if token.level > 1 else "paragraph"), _plain(token)


def _plain(token: Token) -> str:
    """The text without its marks."""
    parts = (child.content if child.type in ("text", "code_inline") else " " * (child.type == "softbreak")
             for child in token.children or ())  # fmt: skip
    return re.sub(" +", " ", "".join(parts).replace("\\|", "|"))
