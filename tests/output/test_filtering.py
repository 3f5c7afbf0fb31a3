"""`filter_tables` does what `eval` and `grad` do to tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import actcli
from actcli.tables.options import ReadOptions


def test_files_are_filtered_in_one_call(tmp_path: Path) -> None:
    """Values and derivatives of several files are replaced or appended, and bad rows are noted."""
    one, two, out = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "out.csv"
    one.write_text("t,x\na,2\nb,-1\n")
    two.write_text("t,x\nc,?\nd,3\n")
    notes: list[str] = []
    reading = ReadOptions(columns=("x",), on_error="skip")
    actcli.filter_tables("relu", [str(one), str(two)], str(out), reading=reading, note=notes.append)
    assert out.read_text() == "t,x\na,2.0\nb,0.0\nd,3.0\n"
    assert notes == [f"1 row left out, such as {two}: line 2, column 2 (x): '?' is not a number"]
    actcli.filter_tables("elu", [str(one)], str(out), wrt="alpha", append=True, reading=reading)
    assert out.read_text().startswith("t,x,delu/dalpha(x)\na,2.0,0.0\nb,-1.0,-0.6321")
    actcli.filter_tables("elu", [str(one)], str(out), order=2, reading=reading)
    assert out.read_text().startswith("t,x\na,0.0\nb,0.3678")


def test_what_cannot_be_filtered_is_an_error(tmp_path: Path) -> None:
    """An unknown parameter, a missing file and an unknown suffix; nothing is written."""
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n")
    with pytest.raises(actcli.UsageError, match="no parameter"):
        actcli.filter_tables("relu", [str(path)], str(tmp_path / "b.csv"), wrt="alpha")
    with pytest.raises(actcli.DataError, match="no such file"):
        actcli.filter_tables("relu", [str(tmp_path / "c.csv")], str(tmp_path / "b.csv"))
    with pytest.raises(actcli.UsageError, match="is not a known format"):
        actcli.filter_tables("relu", [str(path)], str(tmp_path / "b.abc"))
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
