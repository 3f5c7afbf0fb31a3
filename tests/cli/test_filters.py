"""eval and grad: numbers and tables in, values and derivatives out."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from support.run import LAYER, Cli, rows

from actcli.activation import Function
from actcli.registry import specs


def test_a_column_in_a_pipe_gives_csv(cli: Cli) -> None:
    """A column of numbers gives a column of values, to the byte."""
    assert cli.ok("eval", "relu", stdin=b"x\n-1\n0\n2\n") == "x\n0.0\n0.0\n2.0\n"


def test_a_formula_may_begin_with_a_minus(cli: Cli) -> None:
    """Its first letter may be that of an option, unless this command has it."""
    assert cli.ok("eval", "-i*x:i=2", "3") == "x,f\n3.0,-6.0\n"
    assert "*x: no such file" in cli.fails(1, "compare", "relu", "-i*x")


def test_negative_numbers_need_no_dashes(cli: Cli) -> None:
    """-1, -1e-3, -.5 and -inf are inputs, before and after options, and after --."""
    expected = ["-1.0", "-0.001", "-0.5", "-inf"]
    for args in (
        ["-1", "-1e-3", "-.5", "-inf"],
        ["-1", "-1e-3", "-f", "csv", "-.5", "-inf"],
        ["--", "-1", "-1e-3", "-.5", "-inf"],
    ):
        assert [row["x"] for row in rows(cli.ok("eval", "identity", *args))] == expected


def test_eval_keeps_every_digit(cli: Cli) -> None:
    """CSV contains exactly the double that the library computes."""
    x = [1e-300, 0.1, -3.7, 39.0, -745.0]
    found = rows(cli.ok("eval", "sigmoid", *map(repr, x)))
    assert [float(row["f"]) for row in found] == specs.get("sigmoid").f(x).tolist()


def test_grad_columns(cli: Cli) -> None:
    """x,f,df; with --order 2 also d2f; with --wrt the derivative with respect to the parameter instead of df."""
    assert cli.ok("grad", "sigmoid", "39") == "x,f,df\n39.0,1.0,1.1548224173015786e-17\n"
    assert cli.ok("grad", "tanh", "--order", "2", "0") == "x,f,df,d2f\n0.0,0.0,1.0,-0.0\n"
    assert cli.ok("grad", "elu", "--wrt", "alpha", "1", "0") == "x,f,df/dalpha\n1.0,1.0,0.0\n0.0,0.0,0.0\n"


def test_range_steps_are_exact_decimals(cli: Cli) -> None:
    """-1:1:0.1 has 21 numbers, with 0.3 and not 0.30000000000000004; it can also run down."""
    found = [row["x"] for row in rows(cli.ok("eval", "relu", "--range", "-1:1:0.1"))]
    assert len(found) == 21
    assert "0.3" in found
    assert [row["x"] for row in rows(cli.ok("eval", "relu", "--range", "2:0"))] == ["2.0", "1.0", "0.0"]


def test_softmax_takes_the_numbers_as_its_row(cli: Cli) -> None:
    """The numbers are one row, and the Jacobian is printed whole (values from mpmath)."""
    found = rows(cli.ok("eval", "softmax", "1", "2", "3"))
    total = sum(mpmath.exp(i) for i in (1, 2, 3))
    assert [float(row["f"]) for row in found] == pytest.approx([float(mpmath.exp(i) / total) for i in (1, 2, 3)])
    jacobian = rows(cli.ok("grad", "softmax", "--jacobian", "1", "2", "3"))
    assert list(jacobian[0]) == ["row", "output", "d/d1", "d/d2", "d/d3"]
    s = [float(row["f"]) for row in found]
    for i, row in enumerate(jacobian):
        for j in range(3):
            assert float(row[f"d/d{j + 1}"]) == pytest.approx(s[i] * ((i == j) - s[j]), rel=1e-12)


def test_jacobian_of_a_table_has_a_line_per_row_and_output(cli: Cli) -> None:
    """The count of rows continues over blocks."""
    found = rows(cli.ok("grad", "softmax", "--jacobian", stdin=b"a,b\n0,0\n1,3\n"))
    assert [(row["row"], row["output"]) for row in found] == [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")]
    assert found[0]["d/da"] == "0.25"


def test_a_table_keeps_rows_columns_and_order(cli: Cli) -> None:
    """Each number is replaced by its value; the names stay."""
    source = np.loadtxt(LAYER, delimiter=",", skiprows=1)
    text = cli.ok("eval", "gelu", LAYER)
    assert text.splitlines()[0] == Path(LAYER).read_text().splitlines()[0]
    np.testing.assert_array_equal(np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1), specs.get("gelu").f(source))


def test_grad_of_a_table_is_the_derivative_asked_for(cli: Cli) -> None:
    """df, d2f with --order 2, the derivative with respect to a parameter with --wrt."""
    stdin = b"a,b\n-1,2\n0.5,-3\n"
    x = np.array([[-1, 2], [0.5, -3]])
    elu = specs.get("elu")
    for options, expected in (
        ([], elu.df(x)),
        (["--order", "2"], elu.d2f(x)),
        (["--wrt", "alpha"], elu.derivative_by("alpha", x)),
    ):
        text = cli.ok("grad", "elu", *options, stdin=stdin)
        np.testing.assert_array_equal(np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1), expected)


def test_append_keeps_the_inputs(cli: Cli) -> None:
    """The results follow as relu(h0) and so on."""
    text = cli.ok("eval", "relu", "--append", stdin=b"h0,h1\n-1,2\n")
    assert text == "h0,h1,relu(h0),relu(h1)\n-1.0,2.0,0.0,2.0\n"
    assert cli.ok("grad", "elu:0.5", "--append", stdin=b"x\n1\n").startswith("x,elu:alpha=0.5'(x)\n")


def test_columns_that_are_not_picked_pass_through(cli: Cli) -> None:
    """Text, dates and leading zeros are unchanged."""
    stdin = b'id,h0,label\n007,-1.50,"a, b"\n008,2,2026-11-20\n'
    assert cli.ok("eval", "relu", "-c", "h*", stdin=stdin) == 'id,h0,label\n007,0.0,"a, b"\n008,2.0,2026-11-20\n'


def test_missing_cells_stay_empty(cli: Cli) -> None:
    """Empty cells and those named by --null stay empty; in softmax they empty their row."""
    stdin = b"a,b\n1,\nNA,-2\n"
    assert cli.ok("eval", "relu", "--null", "NA", stdin=stdin) == "a,b\n1.0,\n,0.0\n"
    assert cli.ok("eval", "softmax", stdin=b"a,b\n1,\n0,0\n") == "a,b\n,\n0.5,0.5\n"


def test_no_header(cli: Cli) -> None:
    """A first row of numbers is data, unless --header says otherwise; text is a header, unless --no-header says so."""
    assert cli.ok("eval", "relu", stdin=b"1,-2\n3,4\n") == "1.0,0.0\n3.0,4.0\n"
    assert cli.ok("eval", "relu", "--header", stdin=b"1,-2\n3,4\n") == "1,-2\n3.0,4.0\n"
    assert "line 1" in cli.fails(1, "eval", "relu", "--no-header", stdin=b"x\n1\n")


def test_several_tables_are_written_one_below_the_other(cli: Cli, tmp_path: Path) -> None:
    """Tables with the same columns; others are refused."""
    for name, text in {"a": "x\n-1\n", "b": "x\n2\n", "c": "y\n2\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    a, b, c = (str(tmp_path / f"{name}.csv") for name in "abc")
    assert cli.ok("eval", "relu", a, b) == "x\n0.0\n2.0\n"
    assert "other columns" in cli.fails(1, "eval", "relu", a, c)


@pytest.mark.parametrize("format", ["csv", "tsv", "json", "jsonl", "parquet", "npy"])
def test_every_output_format_is_read_back(cli: Cli, tmp_path: Path, format: str) -> None:
    """eval reads what eval writes: the same numbers, with NaN and infinity."""
    file = str(tmp_path / f"out.{format}")
    cli.ok("eval", "identity", "-o", file, stdin=b"a,b\n1,0.1\nNaN,-inf\n-2,1e-300\n")
    if format == "json":
        found = [[float(value) for value in row.values()] for row in json.loads(Path(file).read_text())]
    elif format == "npy":
        found = np.load(file).tolist()
    else:
        found = [[float(value) for value in row.values()] for row in rows(cli.ok("eval", "identity", file))]
    np.testing.assert_array_equal(found, [[1, 0.1], [math.nan, -math.inf], [-2, 1e-300]])


def test_jacobians_are_computed_by_blocks(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand rows take a handful of calls, and the count of rows continues over tables."""
    (tmp_path / "a.csv").write_text("a,b\n" + "0,0\n" * 600)
    (tmp_path / "b.csv").write_text("a,b\n" + "1,1\n" * 400)
    calls = []
    jacobian = Function.jacobian
    monkeypatch.setattr(Function, "jacobian", lambda self, x: (calls.append(1), jacobian(self, x))[1])
    found = rows(cli.ok("grad", "softmax", "--jacobian", str(tmp_path / "a.csv"), str(tmp_path / "b.csv")))
    assert [int(row["row"]) for row in found] == [row for row in range(1, 1001) for _ in "ab"]
    assert {(row["output"], row["d/da"]) for row in found} == {("a", "0.25"), ("b", "-0.25")}
    assert len(calls) < 10
