"""The page of the ways to a network's layers: every script and command on it is run."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from documentation.build import SCRIPT
from support.frameworks import marked, need
from support.run import Cli

PAGE = (Path(__file__).parent / "pages" / "layers.md").read_text()
WAYS = {title: text for title, _, text in (part.partition("\n") for part in PAGE.split("\n## ")[2:])}
COMMANDS = re.compile(r"```sh\n([^`]*)```")

# What each needs, and where it leads: to the functions of its layers.
NEEDS = {
    "From PyTorch to ONNX": (["torch", "onnxscript"], ["gelu"]),
    "From Keras to ONNX": (["keras", "torch", "onnxscript"], ["gelu"]),
    "A model in memory: PyTorch": (["torch"], ["relu"]),
    "A model in memory: Keras": (["keras", "torch"], ["relu"]),
    "A model in memory: scikit-learn": (["sklearn"], ["tanh", "tanh"]),
    "A training loop of PyTorch": (["torch"], ["sigmoid"]),
    "Checkpoints of a training": (["torch"], ["relu"]),
    "A trainer: Lightning, transformers, Keras": (["keras", "torch"], ["relu"]),
    "By hand": ([], ["relu", "relu"]),
}


@marked
@pytest.mark.filterwarnings("default")  # the frameworks' own
@pytest.mark.parametrize("title", NEEDS)
def test_a_way_leads_to_layers(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """Its script runs, its commands print the layers and nothing on standard error."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    frameworks, functions = NEEDS[title]
    for name in frameworks:
        need(name)
    monkeypatch.chdir(tmp_path)
    values: dict[str, Any] = {}
    exec(SCRIPT.findall(WAYS[title])[0], values)  # noqa: S102 - our own text
    for command in "".join(COMMANDS.findall(WAYS[title])).splitlines():
        printed = json.loads(cli.ok(*command.split()[1:], "-f", "json", cwd=tmp_path))
        layers = printed["layers"] if "layers" in printed else printed["points"]  # of each state
        assert [layer["function"] for layer in layers[-len(functions) :]] == functions
    if "found" in values:
        assert [layer.function.label for layer in values["found"].layers] == functions
    for path in tmp_path.glob("*.jsonl"):
        steps = [json.loads(line) for line in path.read_text().splitlines()]
        assert all([layer["function"] for layer in step["layers"]] == functions for step in steps)
        assert steps


def test_the_page_is_as_it_is_read() -> None:
    """Each section is run above; at 80 columns no line of a script or command is cut."""
    assert set(WAYS) == set(NEEDS)
    code = [line for text in WAYS.values() for block in (*SCRIPT.findall(text), *COMMANDS.findall(text))
            for line in block.splitlines()]  # fmt: skip
    assert max(map(len, code)) <= 76
