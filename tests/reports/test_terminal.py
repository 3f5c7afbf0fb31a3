"""Reports on a terminal of 80 columns."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from rich.console import Console

from actcli.diagnosis.diagnose import Criteria, diagnose
from actcli.measuring.layer import Place, PreActivations
from actcli.registry.specs import get
from actcli.reports.model import Grid
from actcli.reports.saturation import _neurons
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet


def lines(sheet: Sheet, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(table(sheet, 6, width=width))
    return captured.get().splitlines()


def test_names_are_not_broken() -> None:
    """Rather fewer columns: who copies a name needs all of it."""
    columns = ("layer", "neuron", "dead", "vanishing", "mean|f'|", "min", "max", "mean")
    row = ("Sigmoid_272", "0", "no", 0.998891, 8.90609e-05, -10.8371, -2.97927, -9.67595)
    printed = lines(Sheet(columns, [row]), 80)
    assert [line.split()[0] for line in printed if "Sigm" in line] == ["Sigmoid_272"]
    assert all(len(line) <= 80 for line in printed)


def test_heads_that_saturate_are_not_the_worst_neurons() -> None:
    """They come after those of hidden layers, however far they saturate."""
    x = np.linspace(-30.0, -20.0, 50)[:, None]
    head = replace(PreActivations.of_array("a", get("sigmoid"), x), place=Place("head", "inputs"))
    hidden = PreActivations.of_array("b", get("sigmoid"), np.linspace(-3.0, 3.0, 50)[:, None])
    found = diagnose([head, hidden], Criteria())
    (grid,) = _neurons(found).blocks
    assert isinstance(grid, Grid)
    assert [row[0] for row in grid.sheet.rows] == ["b", "a"]
