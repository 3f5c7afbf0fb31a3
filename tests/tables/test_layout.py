"""Tables as awk, numpy, R and spreadsheets lay them out: read as intended, with a note on each guess, or rejected."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run import Cli

from actcli.errors import ActcliError, DataError, UsageError
from actcli.tables.layout import tabbed
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions

X = [[1.5, 2.5], [-3.0, 4.0]]


def read(path: Path, content: str, **options: Any) -> tuple[list[str], list[list[float]], str]:
    """Return the neurons of a table, its rows, and its notes."""
    path.write_bytes(content.encode())
    (table,) = open_tables([str(path)], ReadOptions(**options))
    rows = [row for task in table.tasks() for row in task().values.tolist()]
    return [table.columns[i] for i in table.picked], rows, "\n".join(table.notes)


KINDS = [
    ("1.5 2.5\n-3 4\n", "0 1", "blanks separate the cells; override with --separator"),
    ("   1.5e+00\t 2.5  \n -3 4\n", "0 1", "blanks"),
    ("a b\n1.5 2.5\n-3 4\n", "a b", "blanks"),
    ('"a c" b\n1.5 2.5\n-3 4\n', "a c b", "blanks"),
    ("1,5;2,5\n-3;4\n", "0 1", "semicolons separate the cells, and numbers have decimal commas; override"),
    ("a;b\r\n1,5;2,5\r\n-3;4\r\n", "a b", "--separator and --decimal"),
    ("a|b\n1.5|2.5\n-3|4\n", "a b", "bars separate"),
    ("a | b\n1.5 | 2.5\n-3 | 4\n", "a b", "bars separate"),
    ("a\tb\n1.5\t2.5\n-3\t4\n", "a b", "tabs separate"),
    ("a\tb\n1,5\t2,5\n-3\t4\n", "a b", "tabs separate the cells, and numbers have decimal commas"),
    ("sep=;\na;b\n1.5;2.5\n-3;4\n", "a b", ""),
    ('"sep=|"\r\na|b\r\n1.5|2.5\r\n-3|4\r\n', "a b", ""),
    ("sep=;\na;b\n1,5;2,5\n-3;4\n", "a b", "numbers have decimal commas; override with --decimal"),
    ("# a,b\n1.5,2.5\n-3,4\n", "a b", "read as the header; --no-header"),
    ("#a b\n1.5 2.5\n-3 4\n", "a b", "read as the header; --no-header"),
    ("# made by\n# me\n1.5,2.5\n-3,4\n# the end\n", "0 1", "--comment '' reads them as rows"),
    ("# made by\n# a,b\n1.5,2.5\n# half\n-3,4\n", "a b", "--comment '' reads them as rows"),
    ("# made by me\na,b\n1.5,2.5\n-3,4\n", "a b", "--comment '' reads them as rows"),
    ("\ufeff# a,b\n1.5,2.5\n-3,4\n", "a b", "read as the header"),
    ("#,a,b\n0,1.5,2.5\n1,-3,4\n", "a b", "row labels"),
    ('"a","b"\n"r1",1.5,2.5\n"r2",-3,4\n', "a b", "row labels without a name in the header); -c '*'"),
    ("a,b\n1,1.5,2.5\n2,-3,4\n", "a b", "row labels"),
    ('a b\n"r 1" 1.5 2.5\n"r 2" -3 4\n', "a b", "row labels"),
    ("     a   b\n0  1.5 2.5\n1 -3.0 4.0\n", "a b", "row labels"),
    ("a,b\n1.5,2.5,\n-3,4,\n", "a b", "empty: each line ends in a separator"),
    ("1.5;2.5;\n-3;4;\n", "0 1", "empty"),
]


@pytest.mark.parametrize(("content", "neurons", "said"), KINDS)
def test_the_cells_are_read_as_intended(tmp_path: Path, content: str, neurons: str, said: str) -> None:
    """Each guess is noted with the option that overrides it."""
    names, rows, notes = read(tmp_path / "a.csv", content)
    assert (" ".join(names), rows) == (neurons, X)
    assert said in notes
    assert bool(said) == bool(notes)
    if content.count("\n") > 2:  # as through a pipe, whose name says nothing
        assert read(tmp_path / "a", content)[:2] == (names, X)


COMMAS = [
    ("1.5,2.5\n-3,4\n", "0 1"),
    ("a;b,c d\n1.5,2.5\n-3,4\n", "a;b c d"),
    ("1.5 , 2.5\n-3 , 4\n", "0 1"),
]


@pytest.mark.parametrize(("content", "neurons"), COMMAS)
def test_commas_are_never_doubted_where_they_make_numbers(tmp_path: Path, content: str, neurons: str) -> None:
    """This holds next to any other separator."""
    assert read(tmp_path / "a.csv", content) == (neurons.split(" ", 1), X, "")


def test_options_override_the_guesses(tmp_path: Path) -> None:
    """Then nothing is guessed or noted."""
    path = tmp_path / "a.csv"
    assert read(path, "% a,b\n1.5,2.5\n-3,4\n% end\n", comment="%", header=False) == (["0", "1"], X, "")
    assert read(path, "// x\na;b\n1,5;2,5\n-3;4\n", comment="//", separator=";", decimal=",") == (["a", "b"], X, "")
    assert read(path, "1.5:2.5\n-3:4\n", separator=":")[:2] == (["0", "1"], X)
    assert read(path, "a b\n1.5  2.5\n-3 4\n", separator="blanks") == (["a", "b"], X, "")
    assert read(path, "# a,b\n1.5,2.5\n-3,4\n", comment="")[0] == ["# a", "b"]
    assert read(tmp_path / "a.tsv", "a,b\n1.5,2.5\n-3,4\n", separator="comma") == (["a", "b"], X, "")


DOUBTS = [
    ("a.csv", "1,234;5\n6,789;1\n", "the comma in 1,234 may be a decimal comma or a thousands separator", "--decimal"),
    ("a.csv", "1,5;2.5\n-3,5;4.5\n", "commas or semicolons may separate", "--separator semicolon"),
    ("a.tsv", "1,5\n2,5\n", "tabs or commas may separate the cells", "--separator tab or --separator comma"),
    ("a.csv", "1 a;1,5\n1 b;2,5\n", "commas or semicolons may separate", "--separator semicolon"),
    ("a.tsv", "a\tb\tc\n1\t2\t3\n4\t5\t6\t\n", "line 3: 4 cells where the header has 3", ""),
    ("a.tsv", "a\tb\n1\t2\n3\t\t4\n", "line 3: 3 cells where the header has 2", ""),
    ("a.csv", "a\n1,5\n2,5\n", "line 2: 2 cells where the header has 1", ""),
    ("a.csv", "a,b\n1,2\n# end\n", "line 3: 1 cell where the header has 2", "--comment '#'"),
    ("a.csv", "a,b\n7,1,2\n5,3,4\n", "line 2: 3 cells where the header has 2", ""),
    ("a.csv", "# only\n# this\n", "all its lines begin with #", "--comment ''"),
    ("a.csv", "t,a\nx\r,1\n", "line 2: a carriage return at the end of a cell", "quote"),
    ("a.csv", "a;b\n" + "1,5;2\n" * 200 + "1.234,5;2\n", "line 202, column 1 (a): '1.234,5' is not", ""),
    ("a.csv", "a;b\n" + "1,5;2\n" * 200 + "1.234;2\n", "line 202, column 1 (a): '1.234' is not", ""),
    ("a.csv", "a;b\n1,5;2\n1.234;2\n", "line 2, column 1 (a): '1,5' is not a number", "--decimal ,"),
    ("a.csv", "a;b\n" + "1;2\n" * 200 + "1,5;2\n", "line 202, column 1 (a): '1,5' is not", "--decimal ,"),
    ("a.csv", "a,\n" + "1,\n" * 200 + "1,5\n", "column 2 is empty in the first rows, but not after line", "-c '*'"),
]


@pytest.mark.parametrize(("name", "content", "message", "hint"), DOUBTS)
def test_ambiguous_tables_are_errors_with_the_way_out(
    tmp_path: Path, name: str, content: str, message: str, hint: str
) -> None:
    """None of these is silently read one way or the other."""
    with pytest.raises(DataError) as caught:
        read(tmp_path / name, content)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_ways_out_lead_out(tmp_path: Path) -> None:
    """Each option that an error names makes the table readable."""
    assert read(tmp_path / "a.csv", "1,234;5\n", decimal=",")[1] == [[1.234, 5.0]]
    with pytest.raises(DataError, match=r"1,5 has a decimal comma, but 2\.5 a decimal point"):
        read(tmp_path / "a.csv", "1,5;2.5\n-3,5;4.5\n", separator="semicolon")
    assert read(tmp_path / "a.tsv", "1,5\n2,5\n", separator="tab")[1] == [[1.5], [2.5]]
    assert read(tmp_path / "a.tsv", "1,5\n2,5\n", separator="comma")[1] == [[1.0, 5.0], [2.0, 5.0]]
    assert read(tmp_path / "a.csv", "a,b\n1,2\n# end\n", comment="#")[1] == [[1.0, 2.0]]
    late = "a,\n" + "1,\n" * 200 + "1,5\n"
    assert read(tmp_path / "a.csv", late, columns=("*",))[1][-1] == [1.0, 5.0]
    assert read(tmp_path / "a.csv", late, columns=("!#2",))[1][-1] == [1.0]


@pytest.mark.parametrize("word", ["", "x", "5", ".", "-", '"', "ab", "é", "\n"])
def test_invalid_separators_are_refused(tmp_path: Path, word: str) -> None:
    """A digit, a quote or more than one character is rejected."""
    with pytest.raises(UsageError, match="--separator"):
        read(tmp_path / "a.csv", "1,2\n", separator=word)


def test_lines_are_counted_with_comments(cli: Cli) -> None:
    """Errors name the line in the file, and comments do not count as skipped rows."""
    table = b"# made by\n# a b\n1 2\n# half\n3 x\n5 6\n"
    assert b"line 5, column 2 (b): 'x'" in cli("eval", "relu", stdin=table).stderr
    done = cli("eval", "relu", "--on-error", "skip", stdin=table)
    assert done.stdout == b"a,b\n1.0,2.0\n5.0,6.0\n"
    assert b"1 row left out" in done.stderr


def test_what_numpy_writes_is_read_unchanged(tmp_path: Path) -> None:
    """The default of savetxt, with and without a header."""
    x = np.array([[-1.25, 2e-300, 3.0], [0.1, -0.0, 1e300]])
    for settings in ({}, {"delimiter": ","}, {"delimiter": ";", "header": "a;b;c"}, {"header": "a b c"}):
        text = io.StringIO()
        np.savetxt(text, x, **settings)  # type: ignore[arg-type]
        names, rows, _ = read(tmp_path / "a.csv", text.getvalue())
        assert rows == x.tolist()
        assert names == (["a", "b", "c"] if "header" in settings else ["0", "1", "2"])


@given(
    st.lists(st.lists(st.sampled_from(["a", "1.5", '"b  c"', "-2"]), min_size=1, max_size=4), min_size=1, max_size=4),
    st.data(),
)
def test_runs_of_blanks_are_one_tab(rows: list[list[str]], data: st.DataObject) -> None:
    """The cells are those of str.split, except within quotes."""
    blanks = st.text(" \t", min_size=1, max_size=3)
    ends = st.text(" \t", max_size=2)
    text = "".join(
        data.draw(ends) + "".join(cell + data.draw(blanks) for cell in row[:-1]) + row[-1] + data.draw(ends) + "\n"
        for row in rows
    )  # fmt: skip
    assert tabbed(text.encode()).decode() == "".join("\t".join(row) + "\n" for row in rows)


@given(st.text(st.sampled_from(list('1,;|\t .#a\n"-')), max_size=40))
def test_any_text_is_a_table_or_an_error(tmp_path: Path, text: str) -> None:
    """The rows do not depend on the block size."""
    found = []
    for block in (1, 1 << 18):
        try:
            found.append(str(read(tmp_path / "a.csv", text, block_values=block, columns=("#1",))))
        except ActcliError as error:
            found.append(error.message.partition(": line")[0])
    assert found[0] == found[1]
