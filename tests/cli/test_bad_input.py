"""Bad input at the command line: the right result, or one error that names file, line and column, and no output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.run import Cli

# The content of the file, and the output of eval relu.
RIGHT = {
    "quoted cell": (b'a,b\n"1","-2"\n', "a,b\n1.0,0.0\n"),
    "blanks around numbers": (b"a,b\n 1 ,\t-2 \n", "a,b\n1.0,0.0\n"),
    "CRLF": (b"a,b\r\n1,-2\r\n", "a,b\n1.0,0.0\n"),
    "byte-order mark": (b"\xef\xbb\xbfa,b\n1,-2\n", "a,b\n1.0,0.0\n"),
    "no final newline": (b"a,b\n1,-2", "a,b\n1.0,0.0\n"),
    "header only": (b"a,b\n", "a,b\n"),
    "NaN and inf": (b"a,b\nnan,-inf\ninf,1\n", "a,b\nNaN,0.0\ninf,1.0\n"),
    "1e400 reads as infinity": (b"a,b\n1e400,-1e400\n", "a,b\ninf,0.0\n"),
    "empty cell": (b"a,b\n,1\n", "a,b\n,1.0\n"),
    "blank lines at the end": (b"a,b\n1,2\n\n\n", "a,b\n1.0,2.0\n"),
    "blank line in one column": (b"a\n1\n\n2\n", 'a\n1.0\n""\n2.0\n'),
}

# The content of the file, and the words of the error besides the file's name.
WRONG = {
    "empty file": (b"", ["is empty"]),
    "short row": (b"a,b\n1,2\n3\n", ["line 3", "1 cell", "2"]),
    "long row": (b"a,b\n1,2\n3,4,5\n", ["line 3", "3 cells", "2"]),
    "blank line in two columns": (b"a,b\n1,2\n\n3,4\n", ["line 3"]),
    "word": (b"a,b\n1,2\n3,oops\n", ["line 3", "column 2", "b", "oops", "--null"]),
    "word in a quoted cell": (b'a,b\n1,"x y"\n', ["line 2", "column 2", "x y"]),
    "number with an underscore": (b"a\n1_000\n", ["line 2", "1_000"]),
    "decimal comma": (b'a\n"1,5"\n', ["line 2", "1,5"]),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), ["UTF-16", "iconv"]),
    "binary garbage": (bytes(range(256)) * 8, ["line"]),
    "invalid UTF-8": (b"a,b\n1,2\n\xff\xfe,3\n", ["line 3"]),
}


@pytest.mark.parametrize(("content", "expected"), RIGHT.values(), ids=RIGHT)
def test_odd_but_legal_files_are_read(cli: Cli, tmp_path: Path, content: bytes, expected: str) -> None:
    """The same from a file and through a pipe."""
    file = tmp_path / "layer.csv"
    file.write_bytes(content)
    assert cli.ok("eval", "relu", str(file)) == expected
    assert cli.ok("eval", "relu", stdin=content) == expected


@pytest.mark.parametrize("command", ["eval", "saturation"])
@pytest.mark.parametrize(("content", "words"), WRONG.values(), ids=WRONG)
def test_bad_files_are_one_clear_error(
    cli: Cli, tmp_path: Path, command: str, content: bytes, words: list[str]
) -> None:
    """Status 1, the place named, nothing on stdout and no file left behind."""
    file = tmp_path / "layer.csv"
    file.write_bytes(content)
    message = cli.fails(1, command, "relu", str(file), "-o", str(tmp_path / "out.csv"))
    for word in ["layer.csv", *words]:
        assert word in message
    assert os.listdir(tmp_path) == ["layer.csv"]


def test_files_that_cannot_be_opened(cli: Cli, tmp_path: Path) -> None:
    """The error names a missing file, and a folder without files."""
    missing = str(tmp_path / "missing.csv")
    assert missing in cli.fails(1, "eval", "relu", missing)
    assert "no part file" in cli.fails(1, "eval", "relu", str(tmp_path))


def test_a_column_that_does_not_exist_names_those_that_do(cli: Cli) -> None:
    """By name and by number; wrong usage, since the user typed the selection."""
    for selection in ("h9", "7"):
        message = cli.fails(2, "eval", "relu", "-c", selection, stdin=b"h0,h1\n1,2\n")
        assert selection in message
        assert "h0" in message


def test_outputs_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    """A missing folder, a folder in place of a file: status 1 before any work, and nothing written."""
    for target in (tmp_path / "no" / "out.csv", tmp_path):
        for args in (["eval", "relu", "1"], ["saturation", "relu"], ["compare", "relu"], ["list"]):
            message = cli.fails(1, *args, "-f", "csv", "-o", str(target))
            assert str(target) in message
    assert os.listdir(tmp_path) == []
    assert str(tmp_path / "no") in cli.fails(1, "plot", "relu", "-o", str(tmp_path / "no" / "out.png"))


def test_a_bad_row_late_in_a_stream_is_named_and_nothing_kept(cli: Cli, tmp_path: Path) -> None:
    """Line 300,001 of a pipe of several blocks, after a quoted line break in a column that passes through."""
    good = b'"two\nlines",1.25,-3.5,17.125\n' + b"x,1.25,-3.5,17.125\n" * 300_000
    bad = good + b"x,1.25,oops,17.125\n"
    header = b"name,a,b,c\n"
    message = cli.fails(1, "eval", "relu", "-c", "!name", "-o", str(tmp_path / "o.csv"), stdin=header + bad)
    assert "line 300004, column 3 (b): 'oops'" in message
    assert os.listdir(tmp_path) == []


def test_missing_and_not_finite_values_are_counted(cli: Cli) -> None:
    """They are left out of the ratios: two of four cells are finite, and one of them is off."""
    text = cli.ok("saturation", "relu", stdin=b"a,b\n1,\nnan,-1\n").splitlines()
    row = dict(zip(text[0].split(","), text[1].split(","), strict=False))
    assert (row["missing"], row["non_finite"], row["vanishing_ratio"]) == ("1", "1", "0.5")
