"""A format is one file and one line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.run import ROOT, printed_by

from actcli.cli.main import cli
from actcli.tables.format import formats

PIPES = '''
"""Cells separated by |."""

from actcli.tables.formats.csv import separated

FORMATS = (separated("psv", (".psv",), "|")._replace(magic=(b"a|",)),)
'''


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with one more format."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "actcli", folder / "actcli")  # with what is compiled
    (folder / "actcli/tables/formats/psv.py").write_text(PIPES)
    path = folder / "actcli/tables/format.py"
    text = path.read_text()
    assert text.count('FILES = ("csv", ') == 1
    path.write_text(text.replace('FILES = ("csv", ', 'FILES = ("csv", "psv", '))
    (folder / "a.psv").write_text("a|b\n1|-2\n")
    return folder


def run(package: Path, *args: str, stdin: str | None = None, **environment: str) -> str:
    """Return the standard output of a command of the copy."""
    done = subprocess.run(
        [sys.executable, "-m", "actcli", *args],
        cwd=package,
        env={"PATH": "/usr/bin:/bin", **environment},
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_is_a_choice_wherever_formats_are(package: Path) -> None:
    """For inputs, for results, for filtered tables, and in the completion of shells."""
    evaluate, listing = printed_by(package, ("eval", "--help"), ("list", "--help"))
    assert (evaluate.count("psv"), listing.count("psv")) == (2, 1)
    for option in ("-f", "--input-format"):
        words = f"actcli eval {option} p"
        found = run(package, _ACTCLI_COMPLETE="fish_complete", COMP_WORDS=words, COMP_CWORD="p")
        assert "psv" in found


def test_it_is_read_and_written_by_its_name(package: Path) -> None:
    """It is read from a file and by its first bytes, and written to a file and as a sheet."""
    assert run(package, "eval", "relu", "-f", "csv", stdin="a|b\n1|-2\n") == "a,b\n1.0,0.0\n"
    assert printed_by(
        package,
        ("eval", "relu", "a.psv", "-f", "csv"),
        ("eval", "relu", "a.psv", "-o", "b.psv"),
        ("eval", "relu", "b.psv", "-f", "psv"),
        ("eval", "relu", "1", "-f", "psv"),
    ) == ["a,b\n1.0,0.0\n", "", "a|b\n1.0|0.0\n", "x|f\n1.0|1.0\n"]
    assert (package / "b.psv").read_text() == "a|b\n1.0|0.0\n"


def test_errors_list_it(package: Path) -> None:
    """The error for an unknown suffix lists the known ones."""
    done = subprocess.run(
        [sys.executable, "-m", "actcli", "eval", "relu", "1", "-o", "x.abc"],
        cwd=package,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert ".psv" in done.stderr


def test_the_help_of_the_program_names_the_formats() -> None:
    """The help is plain text that imports no format; it names each by its first suffix."""
    assert cli.epilog is not None
    for format in formats():
        assert not format.open or f"{format.suffixes[0]}" in cli.epilog
