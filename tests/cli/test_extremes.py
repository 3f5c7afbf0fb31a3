"""Command lines that ask for a lot, or for the ends of the doubles: a quick answer or one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.run import Cli


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["eval", "relu", "--range", "sNaN:1"], ["--range", "finite numbers"]),
        (["eval", "relu", "--range", "nan:1"], ["--range", "finite numbers"]),
        (["eval", "relu", "--range", "0:inf"], ["--range", "finite numbers"]),
        (["eval", "relu", "--range", "1:2:1e-999999999"], ["--range", "a step too small"]),
        (["eval", "relu", "--range", "1:2:1e-390"], ["--range", "a step too small"]),
        (["eval", "relu", "--range", "1:2e308"], ["--range", "finite numbers"]),
        (["eval", "relu", "--range", "1:2:0"], ["--range", "a step of 0", "not 0"]),
        (["eval", "softmax", "--range", "0:1e18:1"], ["1.0e+18 numbers", "at most 1,000,000", "the row of softmax"]),
        (["eval", "glu", "--range", "0:1e308:5e-324"], ["numbers", "at most 1,000,000", "the row of glu"]),
        (["grad", "softmax", "--jacobian", "--range", "0:1e5:1"], ["100,001", "at most 5,000", "Jacobian"]),
        (
            ["eval", "relu", "--range", "0:1e18:1", "-f", "csv", "-o", "x.json"],
            ["at most 1,000,000", "several outputs"],
        ),
        (["plot", "tanh", "--range", "-1e308:1e308"], ["-1e+308", "1e+308", "cannot be drawn", "1e+300"]),
        (["plot", "tanh", "--range", "0:1e-310"], ["cannot be drawn", "differ"]),
        (["plot", "tanh", "--range", "1:1.0000000000000002", "-o", "x.svg"], ["cannot be drawn", "1e-12"]),
        (["compare", "tanh", "--sigma-w", "0"], ["--sigma-w", "0"]),
        (["compare", "tanh", "--sigma-w", "1e308"], ["--sigma-w", "1e+308"]),
    ],
    ids=" ".join,
)
def test_what_asks_for_too_much_is_refused(cli: Cli, words: list[str], said: list[str]) -> None:
    message = cli.fails(2, *words)
    assert all(part in message for part in said), message


def test_a_table_takes_the_first_rows_of_a_huge_range(cli: Cli) -> None:
    run = cli("eval", "relu", "--range", "0:1e18:1", "-f", "table")
    assert run.returncode == 0
    assert b"the first 40 of 1.0e+18 rows; -f csv gives all" in run.stderr
    assert run.stdout.rstrip().splitlines()[-1].split() == [b"39", b"39"]


@pytest.mark.parametrize(
    "words",
    [
        ["--sigma-w", "1e-300", "--depth", "100"],
        ["--sigma-w", "5e-324", "--depth", "100"],
        ["--sigma-w", "1e100", "--sigma-b", "1e100", "--depth", "100"],
        ["--q", "5e-324", "--depth", "10"],
        ["--q", "1.7e308", "--depth", "10"],
        ["--epsilon", "5e-324"],
        ["--epsilon", "1e308"],
    ],
    ids=" ".join,
)
def test_networks_at_the_ends_of_the_doubles_are_compared(cli: Cli, words: list[str]) -> None:
    """Without an error or a library's warning."""
    assert cli.ok("compare", "tanh", "relu", *words, "-f", "csv").count("\n") == 3


def test_a_gradient_that_grows_and_shrinks_over_all_doubles_is_drawn(cli: Cli, tmp_path: Path) -> None:
    figure = tmp_path / "d.svg"
    cli.ok("compare", "tanh", "relu6", "--sigma-w", "40", "--depth", "400", "-o", str(figure))
    assert figure.stat().st_size


def test_a_sweep_over_very_many_values_is_refused(cli: Cli) -> None:
    message = cli.fails(2, "compare", f"elu:alpha={'|'.join(map(str, range(1, 15_001)))}")
    assert "15,000 values" in message
    assert "at most 1,000" in message


@pytest.mark.parametrize(
    ("function", "more"),
    [
        ("1/x", []),
        ("tanh", ["--range", "-1e300:1e300"]),
        ("exp", ["--range", "0:1e-300"]),
        ("sine:w0=1e7", []),
        ("elu:alpha=1e300", []),
    ],
    ids=str,
)
def test_what_is_hard_to_draw_is_drawn_in_silence(cli: Cli, function: str, more: list[str], tmp_path: Path) -> None:
    """Poles, axes of every size, tens of thousands of stationary points: without a library's warning."""
    cli.ok("plot", function, *more, "-f", "table")
    if function in ("1/x", "sine:w0=1e7"):
        figure = tmp_path / "f.svg"
        cli.ok("plot", function, *more, "-o", str(figure))
        assert figure.stat().st_size < 1_000_000


def test_pre_activations_at_the_ends_of_the_doubles_are_drawn(cli: Cli, tmp_path: Path) -> None:
    table, figure = tmp_path / "t.csv", tmp_path / "t.svg"
    table.write_text("h\n" + "1e308\n-1e308\n5e-324\n" * 7)
    cli.ok("plot", "tanh", "-i", str(table), "-f", "table")
    cli.ok("saturation", "tanh", str(table), "-o", str(figure))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\n".join(f"[c{i}]\nformula='c{i - 1}(x) + c{i - 1}(x/2) * c{i - 1}(x)'" for i in range(1, 60)),
            ["c6.formula", "parts", "at most 2,000"],
        ),
        ("\n".join(f"[c{i}]\nformula='c{i - 1}(x) + 1'" for i in range(1, 3000)), ["c41.formula", "41 levels", "40"]),
        ("[a]\nformula='b*x'\nparameters.b=" + "9" * 400, ["a.parameters.b.default", "not a finite number"]),
        ("[a]\nformula='b*x'\nparameters.b=" + "9" * 5000, ["not a TOML file", "digits"]),
        ('[a]\nformula="x\\u0000*2"', ["a.formula", "not part of the grammar"]),
    ],
    ids=["doubling", "a long chain", "400 digits", "5000 digits", "NUL"],
)
def test_definitions_that_ask_for_too_much_are_refused(cli: Cli, text: str, said: list[str], tmp_path: Path) -> None:
    """Chains that double at each step would outlast the universe, so their parts are counted before any is made."""
    path = tmp_path / "f.toml"
    path.write_text("[c0]\nformula='x*sigmoid(x)'\n" + text)
    message = cli.fails(1, "eval", "tanh", "1", "--functions", str(path))
    assert all(part in message for part in [str(path), *said]), message


def test_definitions_that_use_each_other_are_evaluated(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text("[c0]\nformula='2*x'\n" + "\n".join(f"[c{i}]\nformula='c{i - 1}(x) + 1'" for i in range(1, 30)))
    assert cli.ok("eval", "c29", "3", "--functions", str(path)) == "x,f\n3.0,35.0\n"
