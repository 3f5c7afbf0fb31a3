"""Every command that is shown is run: the README's with their output, and the examples of the help pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from documentation.build import CONSOLE, FIGURE, README, SCRIPT, help_examples, sections, with_outputs
from support import accuracy
from support.declarations import check_declaration
from support.program import commands
from support.run import Cli

from actcli.activation import Activation
from actcli.cli.main import cli as program

FRAMEWORKS = ("torch", "keras", "jax")  # in the order of the README's scripts
SHOWN = "\n".join(block[1] for block in CONSOLE.finditer(README.read_text()))


@pytest.mark.parametrize("text", sections(README.read_text()), ids=lambda text: text.partition("\n")[0].strip("# "))
def test_the_readme_shows_what_its_commands_print(text: str, tmp_path: Path) -> None:
    """Refresh with `python tests/documentation/build.py`."""
    assert with_outputs(text, tmp_path) == text
    if f"-o {FIGURE.name}" in text:  # at its top, is what a command makes, whatever the version of matplotlib
        kept, made = (re.findall("<!-- (.*?) -->", path.read_text()) for path in (FIGURE, tmp_path / FIGURE.name))
        assert kept == made
        assert {"relu", "gelu", "tanh"} <= set(made)


def test_the_figure_of_the_readme_is_made_by_a_command() -> None:
    assert f" -o {FIGURE.name}" in SHOWN


def scripts(section: str) -> list[str]:
    """The scripts in Python of a section of the README."""
    text = README.read_text()
    start = text.index(f"\n## {section}\n")
    return SCRIPT.findall(text[start : text.index("\n## ", start + 1)])


@pytest.mark.parametrize("number", range(len(FRAMEWORKS)), ids=FRAMEWORKS)
def test_the_scripts_for_frameworks_write_layers(number: int, tmp_path: Path, cli: Cli) -> None:
    """Where the framework is installed, its script leaves layers of pre-activations, which can be diagnosed."""
    pytest.importorskip(FRAMEWORKS[number], exc_type=ImportError)
    script = scripts("From PyTorch, Keras, JAX")[number]
    assert f"import {FRAMEWORKS[number]}\n" in script
    assert len([line for line in script.splitlines() if line and not line.startswith(("import", "from"))]) <= 10
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    files = sorted(str(path) for path in tmp_path.glob("*.parquet"))
    layers = json.loads(cli.ok("saturation", "relu", *files, "-f", "json"))["layers"]
    assert [(layer["samples"], layer["neurons"]) for layer in layers] == [(1000, 32)] * 2
    assert all(0.2 < layer["vanishing_ratio"] < 0.8 for layer in layers)  # about half of ReLU's inputs are below 0


def test_the_declaration_that_the_readme_shows_is_whole_and_true() -> None:
    """The function passes what every function of the registry must pass."""
    namespace: dict[str, Any] = {}
    exec(scripts("Contributing")[0], namespace)  # noqa: S102 - our own text
    (activation,) = (value for value in namespace.values() if isinstance(value, Activation))
    check_declaration(activation)
    for function in accuracy.settings_of(activation):
        accuracy.check_values(function)
        accuracy.check_text_of_derivative(function)
        accuracy.check_limits(function)
        accuracy.check_breaks(function)


@pytest.mark.parametrize("name", commands())
def test_every_command_has_examples(name: str) -> None:
    """Each command of the program has one in the README and one on its help page."""
    assert f"actcli {name} " in SHOWN
    assert name in {command for command, _ in help_examples()}


def options() -> dict[str, set[str]]:
    """Every option of the program, by its name, with all its spellings."""
    return {
        option.opts[-1]: {*option.opts, *option.secondary_opts}
        for command in commands().values()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    }


@pytest.mark.parametrize("option", options())
def test_every_option_has_an_example(option: str) -> None:
    """Each option is used in a command that is shown, in the README or on a help page."""
    shown = [line for line in SHOWN.splitlines() if line.startswith("$ ")]
    words = {word.partition("=")[0] for line in (*shown, *(e for _, e in help_examples())) for word in line.split()}
    assert words & options()[option]


@pytest.mark.parametrize("name", ["", *commands()])
def test_help_fits_80_columns(name: str) -> None:
    """No line of a help page is longer than a terminal is wide, and every option and command has its help."""
    command = commands()[name] if name else program
    context = click.Context(command, info_name=f"actcli {name}".strip(), **program.context_settings, terminal_width=80)
    lines = command.get_help(context).splitlines()
    assert max(map(len, lines)) <= 80
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))
