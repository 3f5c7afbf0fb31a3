"""Tables written in any format can be read back."""

from __future__ import annotations

import csv
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run import Cli
from support.tables import numbers, read, run_filter, write

from actcli.errors import DataError
from actcli.tables.format import names

OUTPUT_FORMATS = names("frames")


@given(
    st.lists(st.tuples(st.none() | numbers, st.none() | numbers), min_size=1, max_size=20),
    st.sampled_from(OUTPUT_FORMATS),
    st.integers(1, 64),
)
def test_round_trips(tmp_path: Path, rows: list[tuple[float | None, ...]], format: str, block: int) -> None:
    """Numbers are the same to the last bit."""
    lines = [",".join('""' if x is None else repr(x) for x in row) for row in rows]
    path = write(tmp_path / "a.csv", "\n".join(["x,y|z", *lines]))
    text = run_filter(path, tmp_path / f"out.{format}", format, block_values=block).decode(errors="replace")
    expected = np.array(rows, float)
    mask = [[x is None for x in row] for row in rows]
    if format == "json":
        assert "NaN," not in text.replace('"NaN"', "")
        cells = [list(row.values()) for row in json.loads(text, parse_constant=pytest.fail)]
        values, missing = np.array(cells, float), np.array([[x is None for x in row] for row in cells])
    elif format == "markdown":
        head, _, *body = text.splitlines()
        assert head == r"| x | y\|z |"
        cells = [[cell.strip() or None for cell in line[1:-1].split("|")] for line in body]
        values, missing = np.array(cells, float), np.array([[x is None for x in row] for row in cells])
    elif format == "latex":
        cells = [[cell or None for cell in line.removesuffix(r" \\").split(" & ")] for line in text.splitlines()[4:-2]]
        values, missing = np.array(cells, float), np.array([[x is None for x in row] for row in cells])
    else:
        _, values, missing = read(tmp_path / f"out.{format}")
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.signbit(values[~np.isnan(values)]), np.signbit(expected[~np.isnan(expected)]))
    if format != "npy":
        np.testing.assert_array_equal(missing, mask)


def test_one_column_keeps_its_missing_cells(tmp_path: Path) -> None:
    """A missing cell of the only column is written so that no reader loses the row."""
    path = write(tmp_path / "a.csv", 'x\n1\n""\n')
    assert run_filter(path, tmp_path / "b.csv", "csv") == b'x\n1.0\n""\n'
    assert np.isnan(read(tmp_path / "b.csv")[1][-1, 0])


def test_replaced_and_appended(tmp_path: Path) -> None:
    """Results replace their columns, or follow all of them; a table without a header stays so."""
    path = write(tmp_path / "a.csv", "t,x,n,y\na,1,7,2\nb,,8,3\n")
    double = {"columns": ("x,y",), "work": lambda x: 2 * x}
    assert run_filter(path, tmp_path / "b", "csv", **double) == b"t,x,n,y\na,2.0,7,4.0\nb,,8,6.0\n"
    appended = run_filter(path, tmp_path / "b", "csv", append=True, **double)
    assert appended == b"t,x,n,y,f(x),f(y)\na,1.0,7,2.0,2.0,4.0\nb,,8,3.0,,6.0\n"
    path = write(tmp_path / "c.csv", "1,2\n3,4\n")
    assert run_filter(path, tmp_path / "b", "tsv") == b"1.0\t2.0\n3.0\t4.0\n"


@pytest.mark.parametrize("format", ["json", "jsonl", "parquet"])
def test_repeated_names(tmp_path: Path, format: str) -> None:
    """In formats with keys, repeated names get a suffix."""
    path = write(tmp_path / "a.csv", "x,x,x_2\n1,2,3\n")
    out = tmp_path / f"b.{format}"
    text = run_filter(path, out, format)
    rows = pl.read_parquet(out).to_dicts() if format == "parquet" else json.loads(text)
    assert rows in ({"x": 1.0, "x_3": 2.0, "x_2": 3.0}, [{"x": 1.0, "x_3": 2.0, "x_2": 3.0}])


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_no_rows(tmp_path: Path, format: str) -> None:
    """A table without rows stays a table without rows."""
    path = write(tmp_path / "a.csv", "x,y\n")
    out = tmp_path / f"b.{format}"
    text = run_filter(path, out, format)
    if format == "json":
        assert json.loads(text) == []
    elif format == "jsonl":
        assert text == b""
    elif format not in ("markdown", "latex"):
        assert read(out)[1].shape == (0, 2)


def test_nested_values_pass(tmp_path: Path) -> None:
    """Lists and objects in other columns stay JSON, in CSV as text."""
    path = write(tmp_path / "a.jsonl", '{"x": 1, "t": {"k": [1, 2]}, "s": "a\\"b"}\n')
    assert json.loads(run_filter(path, tmp_path / "b", "jsonl", columns=("x",))) == {
        "x": 1,
        "t": {"k": [1, 2]},
        "s": 'a"b',
    }
    written = run_filter(path, tmp_path / "b", "csv", columns=("x",)).decode()
    assert list(csv.reader(written.splitlines())) == [["x", "t", "s"], ["1.0", '{"k":[1,2]}', 'a"b']]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["1", "2"], [1, 2]),
        (["1", "null"], [1, None]),
        (["true", "false"], [True, False]),
        (['{"k": 1}', '{"k": 2}'], [{"k": 1}, {"k": 2}]),
        (["1", '"a"', "true"], [1, "a", True]),
        (['{"k": 1}', "[1]"], [{"k": 1}, [1]]),
        (["1" + "0" * 60, "1"], [10**60, 1]),
    ],
)
def test_json_values_pass(tmp_path: Path, values: list[str], kept: list[Any]) -> None:
    """Other columns of JSON Lines keep their values even if their types differ."""
    path = write(tmp_path / "a.jsonl", "".join(f'{{"x": 1, "t": {value}}}\n' for value in values))
    written = run_filter(path, tmp_path / "b.jsonl", "jsonl", columns=("x",))
    assert [json.loads(line)["t"] for line in written.splitlines()] == kept


def test_npy_holds_only_numbers(tmp_path: Path) -> None:
    """Text cannot become NPY, and no file is left behind."""
    path = write(tmp_path / "a.csv", "t,x\na,1\n")
    with pytest.raises(DataError, match=r"column 1 \(t\)"):
        run_filter(path, tmp_path / "b.npy", "npy", columns=("x",))
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_wide_rows_are_written_as_narrow_ones_are(cli: Cli, tmp_path: Path, format: str) -> None:
    """Each cell is the same text."""
    values = [-1.5, 0.0, 3.0, 1e22, 5e-324, float("nan"), float("inf"), -float("inf"), None, 123456.789]
    cells = ["" if value is None else repr(value) for value in values]
    found = []
    for copies in (1, 300):
        header = ",".join(f"h{i}" for i in range(len(cells) * copies))
        row = ",".join(cells * copies)
        (tmp_path / "a.csv").write_text(f"{header}\n{row}\n{row}\n")
        found.append(cli.ok("eval", "identity", str(tmp_path / "a.csv"), "-f", format))
    narrow, wide = found
    for i, cell in enumerate(re.findall(r'"h\d+": ([^,}]+)', narrow)[: len(values)]):
        assert f'"h{i}": {cell}' in wide
        assert f'"h{i + 2990}": {cell}' in wide
    assert len(json.loads(wide.splitlines()[0])) == 3000 if format == "jsonl" else len(json.loads(wide)[1]) == 3000


@pytest.mark.parametrize("format", ["markdown", "latex"])
def test_numbers_for_people_have_the_digits_asked_for(cli: Cli, format: str) -> None:
    """Also in filtered tables; 17 digits are full precision."""
    mark = "|" if format == "markdown" else "&"

    def column(digits: str) -> list[str]:
        text = cli.ok("eval", "tanh", "-c", "x", "-f", format, "--digits", digits, stdin=b"n,x\n7,0.5\n8,-1.25\n")
        rows = [line.strip("|\\ ").split(mark) for line in text.splitlines() if line.strip("| ")[:1] in ("7", "8")]
        assert [int(row[0]) for row in rows] == [7, 8]
        return [row[1].strip() for row in rows]

    assert column("3") == ["0.462", "-0.848"]
    assert [*map(float, column("17"))] == pytest.approx([math.tanh(0.5), math.tanh(-1.25)], rel=1e-15)
