"""Command lines that ask for much, or at the ends of the doubles: a quick answer or one clear error."""

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
        (["eval", "relu", "--range", "1:2:1e-999999999"], ["--range", "a step that no number"]),
        (["eval", "relu", "--range", "1:2:1e-390"], ["--range", "a step that no number"]),
        (["eval", "relu", "--range", "1:2e308"], ["--range", "finite numbers"]),
        (["eval", "relu", "--range", "1:2:0"], ["--range", "a step of 0", "not 0"]),
        (["eval", "softmax", "--range", "0:1e18:1"], ["1.0e+18 numbers", "at most 1,000,000", "the row of softmax"]),
        (["eval", "glu", "--range", "0:1e308:5e-324"], ["numbers", "at most 1,000,000", "the row of glu"]),
        (["grad", "softmax", "--jacobian", "--range", "0:1e5:1"], ["100,001", "at most 5,000", "Jacobian"]),
        (
            ["eval", "relu", "--range", "0:1e18:1", "-f", "csv", "-o", "x.json"],
            ["at most 1,000,000", "several outputs"],
        ),
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
    """Without a fault or a library's warning."""
    assert cli.ok("compare", "tanh", "relu", *words, "-f", "csv").count("\n") == 3


def test_a_gradient_that_grows_and_shrinks_over_all_doubles_is_drawn(cli: Cli, tmp_path: Path) -> None:
    figure = tmp_path / "d.svg"
    cli.ok("compare", "tanh", "relu6", "--sigma-w", "40", "--depth", "400", "-o", str(figure))
    assert figure.stat().st_size
