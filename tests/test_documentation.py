"""Every command that is shown is run: the README's with their output, and the examples of the help pages."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from documentation import CONSOLE, README, help_examples, outputs_of_examples, with_outputs

from actcli.cli import cli

SHOWN = "\n".join(block[1] for block in CONSOLE.finditer(README.read_text()))


def test_the_readme_shows_what_its_commands_print(tmp_path: Path) -> None:
    """Refresh with `python tests/documentation.py`."""
    text = README.read_text()
    assert with_outputs(text, tmp_path) == text


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_has_examples(name: str) -> None:
    """Each command of the program has one in the README and one on its help page."""
    assert f"actcli {name} " in SHOWN
    assert name in {command for command, _ in help_examples()}


def options() -> dict[str, set[str]]:
    """Every option of the program, by its name, with all its spellings."""
    return {
        option.opts[-1]: {*option.opts, *option.secondary_opts}
        for command in cli.commands.values()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    }


@pytest.mark.parametrize("option", options())
def test_every_option_has_an_example(option: str) -> None:
    """Each option is used in a command that is shown, in the README or on a help page."""
    commands = [line for line in SHOWN.splitlines() if line.startswith("$ ")]
    words = {word.partition("=")[0] for line in (*commands, *(e for _, e in help_examples())) for word in line.split()}
    assert words & options()[option]


def test_the_examples_of_the_help_pages_run(tmp_path: Path) -> None:
    """In a folder that holds layer1.csv to layer3.csv they succeed; test_manual.py compares what they print."""
    outputs = outputs_of_examples(tmp_path)
    assert outputs
    assert not {command: output for command, output in outputs.items() if "[exit status" in output}


@pytest.mark.parametrize("name", ["", *cli.commands])
def test_help_fits_80_columns(name: str) -> None:
    """No line of a help page is longer than a terminal is wide, and every option and command has its help."""
    command = cli.commands[name] if name else cli
    context = click.Context(command, info_name=f"actcli {name}".strip(), **cli.context_settings, terminal_width=80)
    lines = command.get_help(context).splitlines()
    assert max(map(len, lines)) <= 80
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))
