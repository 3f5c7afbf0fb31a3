"""Sheets for people: tables and Markdown."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from support.run import LAYER, Cli


def test_tables_carry_no_markup(cli: Cli) -> None:
    """A column named [red] or <b> is shown literally in every format for people."""
    text = cli.ok("saturation", "relu", "--by", "neuron", "-f", "table", stdin=b"[red],<b>|x\n1,2\n")
    assert "[red]" in text
    assert "<b>" in text


@pytest.mark.parametrize(
    ("command", "at"), [(("saturation", "--by", "neuron"), 0), (("eval", "-c", "n", "--separator", "comma"), 1)]
)
@pytest.mark.parametrize("text", ["<b>x</b>", "*x*", "__x__", "`x`", "[x](y)", "a|b", "a\\|b", "~~x~~", "&lt;", "\x07"])
def test_markdown_shows_names_and_cells_literally(cli: Cli, command: tuple[str, ...], at: int, text: str) -> None:
    """A CommonMark reader sees the original text: neurons as cells, other columns as names and cells."""
    first, *options = command
    stdin = f"{text},n\n{text},2\n" if at else f"{text},n\n1,2\n"
    written = cli.ok(first, "relu", *options, "--header", "-f", "markdown", stdin=stdin.encode())
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(written)
    shown = [
        "".join("\n" if child.type != "text" else child.content for child in token.children or [])
        for token in tokens
        if token.type == "inline"
    ]
    assert shown.count(text.replace("\x07", r"\x07")) == at + 1


def test_tables_in_a_pipe_are_not_cut(cli: Cli) -> None:
    """-f table in a pipe is as wide as needed, without escape codes."""
    text = cli.ok("saturation", "relu", LAYER, "-f", "table", "--by", "neuron")
    assert "rms_gradient" in text
    assert "…" not in text
    assert "\x1b" not in text
