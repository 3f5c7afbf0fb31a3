"""The command line: what it prints where, wrong usage, and what it loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import commands
from support.run import LAYER, ROOT, Cli

from actcli.cli.main import COMMANDS
from actcli.cli.main import cli as cli_group


def test_output_files_are_whole_or_absent(cli: Cli, tmp_path: Path) -> None:
    """A failing run leaves the old file unchanged, and no other file."""
    file = tmp_path / "out.csv"
    file.write_text("old")
    cli.fails(1, "eval", "relu", "-o", str(file), stdin=b"x\n1\nword\n")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.csv"]
    cli.ok("eval", "relu", "-o", str(file), stdin=b"x\n1\n")
    assert file.read_text() == "x\n1.0\n"


def test_a_format_unknown_by_name_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    """out.foo needs -f."""
    assert "-f" in cli.fails(2, "eval", "relu", "1", "-o", str(tmp_path / "out.foo"))
    assert not os.listdir(tmp_path)


def test_standard_output_carries_results_only(cli: Cli) -> None:
    """Help and version succeed; a usage error prints only on standard error."""
    assert "saturation" in cli.ok("--help")
    assert cli.ok("--version").startswith("actcli 0.")
    cli.fails(2, "eval")
    cli.fails(2, "eval", "relu")
    assert "Did you mean 'eval'?" in cli.fails(2, "evaluate", "relu")
    cli.fails(2, "eval", "relu", "--order", "2")


@pytest.mark.parametrize("command", commands())
def test_help_fits_80_columns(cli: Cli, command: str) -> None:
    """Every command has help with no line over 80 columns, however wide the terminal."""
    text = cli.ok(command, "--help", COLUMNS="200")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["eval", "rleu", "1"], ["did you mean", "relu"]),
        (["eval", "elu:alhpa=1", "1"], ["alpha"]),
        (["eval", "relu", "1", LAYER], ["not both"]),
        (["eval", "relu", "--range", "1:2:-1"], ["step"]),
        (["eval", "relu", "--range", "a:b"], ["START:STOP"]),
        (["eval", "relu", "1", "--range", "1:2"], ["--range"]),
        (["grad", "relu", "--wrt", "alpha", "1"], ["no parameter"]),
        (["grad", "relu", "--jacobian", "1"], ["diagonal"]),
        (["grad", "softmax", "--jacobian", "--order", "2", "1"], ["one of them"]),
        (["saturation", "relu", "--max-dead", "0.1"], ["no layer"]),
        (["saturation", "relu", "--epsilon", "-1"], ["epsilon"]),
        (["eval", "relu", LAYER, "-c", "h99"], ["h99"]),
        (["plot", "relu", "-o", "x.gif"], [".png"]),
        (["plot", "relu", "--range", "3:1"], ["START:STOP"]),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_to_do(cli: Cli, args: list[str], words: list[str]) -> None:
    """One error of at most two lines with a way out."""
    message = cli.fails(2, *args)
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("args", "absent"),
    [
        (["--help"], {"numpy", "polars", "matplotlib", "rich", "plotille"}),
        (
            ["eval", "gelu", "1"],
            {"actcli.tables.table", "actcli.tables.source", "polars", "matplotlib", "rich", "scipy", "plotille"},
        ),
        (["saturation", "tanh", LAYER], {"matplotlib", "rich", "scipy", "plotille"}),
        (["plot", "relu"], {"polars", "matplotlib", "rich"}),
    ],
)
def test_heavy_modules_are_loaded_only_where_used(args: list[str], absent: set[str]) -> None:
    """A command does not import what it does not need."""
    code = "import sys; from actcli.cli.main import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, cwd=ROOT, stdin=subprocess.DEVNULL, check=True
    )
    assert not absent & set(done.stderr.decode().split())


def test_the_list_of_commands_repeats_their_own_help() -> None:
    """`--help` does not import the commands, but shows the first sentence of their own help."""
    assert {name: command.get_short_help_str(limit=1000) for name, command in commands().items()} == COMMANDS
    assert {*COMMANDS, "__init__"} == {path.stem for path in (ROOT / "actcli" / "cli" / "commands").glob("*.py")}


def test_help_is_not_a_docstring() -> None:
    """PYTHONOPTIMIZE=2 removes docstrings."""
    for command in (cli_group, *commands().values()):
        assert command.help
        assert not command.callback.__doc__


@pytest.mark.parametrize(
    ("command", "headings"),
    [
        ("eval", ["Options:", "Input:", "Output:"]),
        ("saturation", ["Options:", "Input:", "Criteria:", "Gates:", "Figures:", "Output:"]),
        ("train", ["Options:", "Input:", "Network:", "Training:", "Gates:", "Figures:", "Output:"]),
        ("trend", ["Options:", "Input:", "Criteria:", "Gates:", "Figures:", "Output:"]),
    ],
)
def test_options_are_in_groups(command: str, headings: list[str], cli: Cli) -> None:
    """Each option once, below the heading of its group."""
    lines = cli.ok(command, "--help").splitlines()
    assert [line for line in lines if line in headings] == headings
    gates = [line.split()[0] for line in lines if line.startswith("  --max-")]
    if gates:
        start, end = lines.index("Gates:"), lines.index("Figures:")
        assert all(any(line.startswith(f"  {gate} ") for line in lines[start:end]) for gate in gates)
