"""The page of the ways to a network's layers: every script and command on it is run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from documentation.ways import WAYS, Way
from support.frameworks import marked, need
from support.run import Cli

# What each way leads to: the layers with their functions, as the page's own models have them.
HIDDEN = {
    "FROM PYTORCH TO ONNX": ["gelu"],
    "FROM KERAS TO ONNX": ["gelu"],
    "BY HAND": ["relu", "relu"],
    "A MODEL IN MEMORY: PYTORCH": ["relu"],
    "A MODEL IN MEMORY: KERAS": ["relu"],
    "A MODEL IN MEMORY: SCIKIT-LEARN": ["tanh", "tanh"],
}


@marked
@pytest.mark.filterwarnings("default")  # the frameworks' own
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title.lower())
def test_a_way_leads_to_layers(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """Its script runs, its commands print the layers and nothing on standard error."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    for name in way.frameworks:
        need(name)
    monkeypatch.chdir(tmp_path)
    values: dict[str, Any] = {}
    exec(way.script, values)  # noqa: S102 - our own text
    for command in way.commands:
        layers = json.loads(cli.ok(*command.split()[1:], "-f", "json", cwd=tmp_path))["layers"]
        assert [layer["function"] for layer in layers] == HIDDEN[way.title]
    if "found" in values:
        assert [layer.function.label for layer in values["found"].layers] == HIDDEN[way.title]
    for path in tmp_path.glob("*.jsonl"):
        assert all(json.loads(line)["layers"] for line in path.read_text().splitlines())


def test_scripts_fit_a_terminal() -> None:
    """At 80 columns, indented by four."""
    assert all(len(line) <= 76 for way in WAYS for line in (*way.script.splitlines(), *way.commands))
