"""Names with characters that are not text: figures and pages show them as escapes, and stay well-formed."""

from __future__ import annotations

import os
import xml.dom.minidom
from pathlib import Path

import pytest
from support.run import Cli


@pytest.mark.parametrize("name", ["a\x1b]0;x\x07\x1b[31m", os.fsdecode(b"b\xff\rc")], ids=["escapes", "bytes"])
def test_names_of_files_and_titles(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.csv").write_text("a,b\n1,-2\n-1,3\n")
    for words in (("plot", "relu", "-i", f"{name}.csv", "--title", name), ("saturation", "relu", f"{name}.csv")):
        said = cli.ok(*words, "-o", "a.svg", "-f", "table", cwd=tmp_path)
        assert not any(mark in said for mark in "\x1b\x07\r")
        xml.dom.minidom.parse(str(tmp_path / "a.svg"))
    for report in (f"{name}.html", f"{name}.md"):
        cli("saturation", "relu", f"{name}.csv", "--report", report, cwd=tmp_path)
        page = (tmp_path / report).read_text(encoding="utf-8")
        assert not any(mark in page for mark in "\x1b\x07\r")


def test_an_odd_name_of_a_column_is_quoted(cli: Cli, tmp_path: Path) -> None:
    """The output can be read."""
    (tmp_path / "a.csv").write_bytes(b'"a\rb",c\n1,2\n')
    once = cli("eval", "relu", "a.csv", cwd=tmp_path).stdout
    assert once == b'"a\rb",c\n1.0,2.0\n'
    assert cli("eval", "relu", stdin=once).stdout == once
