"""Reports on a terminal of 80 columns."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from actcli.diagnosis.diagnose import Criteria, diagnose
from actcli.measuring.layer import Place, PreActivations
from actcli.registry.specs import get
from actcli.reports.model import Grid
from actcli.reports.saturation import _layers, _neurons
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet


def lines(sheet: Sheet, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(table(sheet, 6, width=width))
    return captured.get().splitlines()


def test_names_are_not_broken() -> None:
    """Columns are left out instead: who copies a name needs all of it."""
    columns = ("layer", "neuron", "dead", "vanishing", "mean|f'|", "min", "max", "mean")
    row = ("Sigmoid_272", "0", "no", 0.998891, 8.90609e-05, -10.8371, -2.97927, -9.67595)
    printed = lines(Sheet(columns, [row]), 80)
    assert [line.split()[0] for line in printed if "Sigm" in line] == ["Sigmoid_272"]
    assert all(len(line) <= 80 for line in printed)


LONG = ("jax2tf_get_logits_.pjit_get_logits_.MagikaV2.ApplyActivation_0", "encoder/block_11/attention/output/gelu",
        "hardsigmoid_3.tmp_0", "x" * 60, "an explanation in words that are short, but are many")  # fmt: skip


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("columns", [2, 9])
def test_long_names_are_broken_where_their_words_end(name: str, columns: int) -> None:
    """The pieces make up the name, and only a word wider than the column is broken."""
    row = [name, *[0.123456] * columns]
    printed = lines(Sheet(("layer", *map(str, range(columns))), [row]), 80)[2:]
    pieces = [re.split(r"  +|  ?0\.123", line)[0].strip() for line in printed]
    assert "".join(pieces).replace(" ", "") == name.replace(" ", "")
    assert all(re.search(r"[._/]$", piece) or len(piece) >= 24 or " " in name for piece in pieces[:-1])
    assert all(len(line) <= 80 for line in printed)


def test_sentences_and_names_with_room_are_not_broken() -> None:
    """A long name does not break the sentence around it, nor itself where the width suffices."""
    sentence = "torch.nn.init.calculate_gain differs from the He gain"
    assert lines(Sheet(("field", "value"), [["", sentence], ["z", "x " * 50]]), 80)[2].strip() == sentence
    assert LONG[0] in "\n".join(lines(Sheet(("layer", "x"), [[LONG[0], 1.5]]), 80))


def test_the_worst_layers_come_first() -> None:
    """By verdict, then by dead neurons, then by vanishing values, not in the order of the network."""
    dead = np.full((50, 1), -1.0)
    alive = np.linspace(-1.0, 1.0, 50)[:, None]
    blocks = {f"layer{i}": np.hstack([dead] * i + [alive] * (20 - i)) for i in (*range(14), 19)}
    found = diagnose([PreActivations.of_array(name, get("relu"), x) for name, x in blocks.items()], Criteria())
    grid = next(_layers(found))
    assert grid.title == "The 8 worst of 15"
    assert [row[0] for row in grid.sheet.rows] == [f"layer{i}" for i in (19, *range(13, 6, -1))]


def test_heads_that_saturate_are_not_the_worst_neurons() -> None:
    """They come after those of hidden layers, however saturated they are."""
    x = np.linspace(-30.0, -20.0, 50)[:, None]
    head = replace(PreActivations.of_array("a", get("sigmoid"), x), place=Place("head", "inputs"))
    hidden = PreActivations.of_array("b", get("sigmoid"), np.linspace(-3.0, 3.0, 50)[:, None])
    found = diagnose([head, hidden], Criteria())
    (grid,) = _neurons(found).blocks
    assert isinstance(grid, Grid)
    assert [row[0] for row in grid.sheet.rows] == ["b", "a"]
