"""Every command that is shown is run: the README's with their output, and the examples of the help pages."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from documentation.build import CONSOLE, FIGURE, README, SCRIPT, help_examples, sections, with_outputs
from support import accuracy
from support.declarations import check_declaration
from support.frameworks import framework, marked
from support.program import commands
from support.run import ROOT, Cli

import actcli
from actcli.activation import Activation
from actcli.cli.main import cli as program

CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
SHOWN = "\n".join(block[1] for text in sections().values() for block in CONSOLE.finditer(text))


@pytest.mark.parametrize(
    ("name", "text"),
    [pytest.param(*item, marks=[pytest.mark.exhaustive] * item[0].endswith(".md"), id=item[0])
     for item in sections().items()],
)  # fmt: skip
def test_a_text_shows_what_its_commands_print(name: str, text: str, tmp_path: Path) -> None:
    """Refresh with `python tests/documentation/build.py`. A usual run tries the README, a sweep all."""
    assert with_outputs(name, text, tmp_path) == text
    if f"-o {FIGURE.name}" in text:  # at its top, is what a command makes, whatever the version of matplotlib
        kept, made = (re.findall("<!-- (.*?) -->", path.read_text()) for path in (FIGURE, tmp_path / FIGURE.name))
        assert kept == made
        assert {"relu", "gelu", "tanh"} <= set(made)


def test_the_figure_of_the_readme_is_made_by_a_command() -> None:
    assert f" -o {FIGURE.name}" in SHOWN


def with_pytorch() -> dict[str, Any]:
    torch = framework("torch")
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))

    def train(model: Any, epochs: int) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(50 * epochs):
            optimizer.zero_grad()
            model(torch.randn(16, 8)).square().mean().backward()
            optimizer.step()

    return {"model": model, "train": train}


def with_scikit_learn() -> dict[str, Any]:
    network = framework("sklearn.neural_network")
    x = np.random.default_rng(0).normal(size=(100, 8))
    return {"actcli": actcli, "classifier": network.MLPClassifier((16,), max_iter=20).fit(x, x[:, 0] > 0), "X": x}


def with_keras() -> dict[str, Any]:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = framework("keras")
    network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, "gelu"), keras.layers.Dense(1)])
    return {"actcli": actcli, "network": network, "images": np.random.default_rng(0).normal(size=(100, 8))}


def with_pandas() -> dict[str, Any]:
    return {"frame": framework("pandas").DataFrame(np.random.default_rng(0).normal(size=(100, 32)))}


WAYS = {"PyTorch": with_pytorch, "scikit-learn": with_scikit_learn, "Keras": with_keras, "pandas": with_pandas}


@marked
@pytest.mark.filterwarnings("ignore")  # the frameworks' own
@pytest.mark.parametrize("name", WAYS)
def test_the_ways_of_the_readme_lead_to_layers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its few lines, with a model of that framework."""
    monkeypatch.chdir(tmp_path)
    (script,) = (found for found in SCRIPT.findall(README.read_text()) if f"# {name}\n" in found)
    exec(script, WAYS[name]())  # noqa: S102 - our own text
    if name == "pandas":
        (layer,) = json.loads(cli("saturation", "relu", "layer1.csv", "-f", "json", cwd=tmp_path).stdout)["layers"]
        assert (layer["samples"], layer["neurons"]) == (100, 32)
    else:
        assert "'ok'" in capsys.readouterr().out


def test_the_declaration_that_is_shown_is_whole_and_true() -> None:
    """The function passes what every function of the registry must pass."""
    namespace: dict[str, Any] = {}
    exec(SCRIPT.findall(CONTRIBUTING.read_text())[0], namespace)  # noqa: S102 - our own text
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


def test_every_option_has_an_example() -> None:
    """Each option is used in a command that is shown, in the README or on a help page."""
    shown = [line for line in SHOWN.splitlines() if line.startswith("$ ")]
    words = {word.partition("=")[0] for line in (*shown, *(e for _, e in help_examples())) for word in line.split()}
    assert [option for option, spellings in options().items() if not words & spellings] == []


@pytest.mark.parametrize("name", ["", *commands()])
def test_help_fits_80_columns(name: str) -> None:
    """No line of a help page is longer than a terminal is wide, and every option and command has its help."""
    command = commands()[name] if name else program
    context = click.Context(command, info_name=f"actcli {name}".strip(), **program.context_settings, terminal_width=80)
    lines = command.get_help(context).splitlines()
    assert max(map(len, lines)) <= 80
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))
