"""Text: numbers are read as written at any block size, and columns are picked."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import blocks_of, numbers, others, read, run_filter, write

from actcli.errors import UsageError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions

spellings = st.one_of(
    numbers.map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["", "1e400", "-1e400", "+1", ".5", "5.", "NaN", "-nan", "INF", "+Infinity", "1E-5", "-0", "5e-324"]
    ),
)
dressings = st.sampled_from(["{}", " {}", "{} ", "\t{}  ", '"{}"', '" {} "', ' "{}"'])


def truth(cell: str) -> float:
    """Return the value of a cell according to Python."""
    cell = cell.strip(' \t"')
    return float(cell) if cell else math.nan


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows of numbers with blanks and quotes around them."""
    width = draw(st.integers(1, 4))
    cell = st.builds(lambda dress, text: dress.format(text) if text else "", dressings, spellings)
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=12))
    if width == 1 and rows[-1] == [""]:
        rows[-1] = ['""']  # a blank line at the end of a file is nothing
    return rows


@given(tables(), st.sampled_from(["\n", "\r\n"]), st.integers(1, 64), st.booleans(), st.booleans())
def test_csv_is_read_as_python_reads_it(
    tmp_path: Path, rows: list[list[str]], newline: str, block: int, bom: bool, last: bool
) -> None:
    """Any spelling, quoting, line ending and block size gives the numbers of Python's float."""
    names = [f"h{i}" for i in range(len(rows[0]))]
    text = newline.join(",".join(row) for row in [names, *rows]) + newline * last
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbf" * bom + text.encode())
    table, values, missing = read(path, block_values=block)
    assert table.columns == tuple(names)
    np.testing.assert_array_equal(values, [[truth(cell) for cell in row] for row in rows])
    np.testing.assert_array_equal(missing, [[cell.strip('"') == "" for cell in row] for row in rows])
    np.testing.assert_array_equal(
        np.signbit(values[values == 0]),
        [math.copysign(1, truth(c)) < 0 for r in rows for c in r if truth(c) == 0],
    )


text_cells = st.text(st.sampled_from('ab ,"\n\r\té|'), max_size=6)


@given(
    st.lists(st.tuples(text_cells, numbers, text_cells), min_size=1, max_size=10),
    st.integers(1, 64),
    st.booleans(),
)
def test_other_columns_pass_untouched(
    tmp_path: Path, rows: list[tuple[str, float, str]], block: int, tabs: bool
) -> None:
    """Quoted separators, quotes and line breaks in other columns pass through at any block size."""
    suffix, separator = ("tsv", "\t") if tabs else ("csv", ",")
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerows([("name", "x", "note"), *rows])
    path = write(tmp_path / f"a.{suffix}", file.getvalue())
    _, values, _ = read(path, block_values=block, columns=("x",))
    np.testing.assert_array_equal(values[:, 0], [row[1] for row in rows])
    assert [(r["0"], r["2"]) for r in others(path, block_values=block, columns=("x",))] == [(r[0], r[2]) for r in rows]
    written = run_filter(path, tmp_path / "out.csv", "csv", columns=("x",), block_values=block)
    back = list(csv.reader(io.StringIO(written.decode(), newline="")))[1:]
    assert [(a, c) for a, _, c in back] == [(a, c) for a, _, c in rows]


@pytest.mark.parametrize("content", ["h\n\n1\n\n", "h\n\n1", "h\r\n\r\n1\r\n\r\n\r\n", "h\n\n1\n\n\n\n"])
@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_blank_lines(tmp_path: Path, content: str, block: int) -> None:
    """A blank line is a missing cell in a one-column table, and ignored at the end of the file."""
    _, values, missing = read(write(tmp_path / "a.csv", content), block_values=block)
    np.testing.assert_array_equal(values, [[math.nan], [1.0]])
    np.testing.assert_array_equal(missing, [[True], [False]])


@pytest.mark.parametrize(
    ("content", "header", "columns"),
    [
        ("1,2\n3,4\n", False, ("0", "1")),
        ("a,2\n3,4\n", True, ("a", "2")),
        (",nan\n3,4\n", False, ("0", "1")),
        ("NA,1\n3,4\n", False, ("0", "1")),
        ("1_0,2\n3,4\n", True, ("1_0", "2")),
        ('" a ","b,c"\n3,4\n', True, ("a", "b,c")),
        ('"a\nb",c\n3,4\n', True, ("a\nb", "c")),
        ("x,x\n3,4\n", True, ("x", "x")),
    ],
)
def test_a_header_is_detected(tmp_path: Path, content: str, header: bool, columns: tuple[str, ...]) -> None:
    """There is a header if any cell of the first row is not a number."""
    table, values, _ = read(write(tmp_path / "a.csv", content), nulls=("NA",))
    assert (table.has_header, table.columns) == (header, columns)
    assert values[-1].tolist() == [3, 4]
    assert len(values) == (1 if header else 2)


def test_options_for_the_header(tmp_path: Path) -> None:
    """--header and --no-header decide for any cells."""
    path = write(tmp_path / "a.csv", "1,2\n3,4\n")
    assert read(path, header=True)[0].columns == ("1", "2")
    assert read(path, header=True)[1].tolist() == [[3, 4]]
    assert read(path, header=False)[1].tolist() == [[1, 2], [3, 4]]


def test_header_only_is_a_table_without_rows(tmp_path: Path) -> None:
    """A file with only a header has no blocks."""
    (table,) = open_tables([str(write(tmp_path / "a.csv", "a,b\n"))], ReadOptions())
    assert table.columns == ("a", "b")
    assert list(table.tasks()) == []


def test_null_names(tmp_path: Path) -> None:
    """Cells named by --null, even numbers, are missing in picked columns, and unchanged in others."""
    path = write(tmp_path / "a.csv", "t,x,y\nNA,1,NA\n-999,-999, -999 \nb,-999.0,3\n")
    _, values, missing = read(path, nulls=("NA", "-999"), columns=("x,y",))
    np.testing.assert_array_equal(values, [[1, math.nan], [math.nan, math.nan], [-999, 3]])
    np.testing.assert_array_equal(missing, np.isnan(values))
    assert [row["0"] for row in others(path, nulls=("NA", "-999"), columns=("x,y",))] == ["NA", "-999", "b"]


@pytest.mark.parametrize("block", [1, 7, 40, 4 << 20])
def test_first_lines(tmp_path: Path, block: int) -> None:
    """Each block knows the line of its first row, also after line breaks within quotes."""
    rows = [f'"{"n" * (i % 3)}{chr(10) * (i % 2)}",{i}' for i in range(30)]
    path = write(tmp_path / "a.csv", "t,x\n" + "\n".join(rows))
    lines = {}
    line = 2
    for i, row in enumerate(rows):
        lines[float(i)] = line
        line += 1 + row.count("\n")
    (table,) = open_tables([str(path)], ReadOptions(columns=("x",), block_values=block))
    for block_ in blocks_of(table):
        assert block_.first_line == lines[block_.values[0, 0]]


@pytest.mark.parametrize(
    ("selection", "picked"),
    [
        ((), (0, 1, 2, 3, 4)),
        (("h1",), (1,)),
        (("1",), (0,)),
        (("3:4",), (2, 3)),
        (("h2:h3", "1"), (2, 3, 0)),
        (("3:",), (2, 3, 4)),
        (("#3:#4",), (2, 3)),
        (("#5,=h1,h1,#1",), (4, 1, 0)),
        (("!#1,!h10",), (1, 2, 3)),
        ((":2",), (0, 1)),
        (("h*",), (1, 2, 3, 4)),
        (("!label",), (1, 2, 3, 4)),
        (("h*,!h2",), (1, 3, 4)),
        (("!h*",), (0,)),
        (("h2,1",), (2, 0)),
        (("h?",), (1, 2, 3)),
        (("h[13]",), (1, 3)),
    ],
)
def test_columns_are_picked(tmp_path: Path, selection: tuple[str, ...], picked: tuple[int, ...]) -> None:
    """Names, numbers, ranges, globs and negations, in the order in which they are asked for."""
    path = write(tmp_path / "a.csv", "label,h1,h2,h3,h10\n1,2,3,4,5\n")
    table, values, _ = read(path, columns=selection)
    assert table.picked == picked
    assert values.tolist() == [[i + 1 for i in picked]]


@pytest.mark.parametrize("selection", ["lable", "6", "0", "h3:h1", "z*", "*,!*", "1:9", "a:b:c"])
def test_unknown_columns(tmp_path: Path, selection: str) -> None:
    """A selection without a match is a usage error that lists the columns."""
    path = write(tmp_path / "a.csv", "label,h1,h2,h3,h10\n1,2,3,4,5\n")
    with pytest.raises(UsageError) as caught:
        open_tables([str(path)], ReadOptions(columns=(selection,)))
    assert "label, h1, h2, h3, h10" in caught.value.hint
    assert str(path) in caught.value.message


def test_nearest_column(tmp_path: Path) -> None:
    """A misspelt column gets the nearest name."""
    path = write(tmp_path / "a.csv", "label,h1\n1,2\n")
    with pytest.raises(UsageError, match="did you mean label"):
        open_tables([str(path)], ReadOptions(columns=("lable",)))
