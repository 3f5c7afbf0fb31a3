"""The map of the neurons: rows of fields for each layer, one field per neuron."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Array
from actcli.diagnosis.diagnose import Diagnosis
from actcli.diagnosis.records import Neuron
from actcli.figures.marks import Colour, Fill, Key, Stroke, level, picture, spots
from actcli.figures.page import Panel, inches, name_every
from actcli.figures.style import Theme, printable
from actcli.text import apart, some

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = (64, 128, 256)  # neurons in a line: the first that gives at most MOST_LINES
MOST_LINES = 48
TALLEST = 12.0  # inches
NAMED, MOST_NAMED = 24, 6  # most dead neurons named in a line, and most such lines
LETTER = 0.08  # inches that a letter of their names is wide
SPOTTED = 4000  # up to this many neurons, spots mark the dormant ones; above, the colour of their fields does


@dataclass(frozen=True, slots=True)
class Grid:
    """How many neurons are in a line, and how many lines each layer takes."""

    columns: int
    lines: tuple[int, ...]

    @classmethod
    def of(cls, counts: Sequence[int]) -> Grid:
        """The grid for layers with these numbers of neurons."""
        most = next((n for n in ACROSS if n * MOST_LINES >= sum(counts)), ACROSS[-1])
        columns = min(max(counts), most)
        return cls(columns, tuple(math.ceil(count / columns) for count in counts))

    @property
    def gap(self) -> int:
        """Empty lines between layers."""
        return 1 if max(self.lines) > 1 else 0

    @property
    def rows(self) -> int:
        return sum(self.lines) + self.gap * (len(self.lines) - 1)

    @property
    def starts(self) -> list[int]:
        """The first row of each layer."""
        return list(accumulate((lines + self.gap for lines in self.lines[:-1]), initial=0))

    @property
    def cell(self) -> float:
        """The height of a field in inches."""
        return min(0.24, max(0.06, 2.6 / self.rows), TALLEST / self.rows)


def dead_names(neurons: Mapping[str, Sequence[Neuron]], width: float) -> list[str]:
    """Lines naming the dead neurons, one for each of the first layers that have any, at most `width` inches wide."""
    found = []
    for layer, own in neurons.items():
        dead = [neuron.neuron for neuron in own if neuron.dead]
        lines = [f"dead in {layer}: {some(dead, most)}" for most in range(min(len(dead), NAMED), 0, -1)]
        found += [next((line for line in lines if len(line) * LETTER <= width), lines[-1])] if lines else []
    return [*found[:MOST_NAMED], *([f"and in {len(found) - MOST_NAMED} more layers"] * (len(found) > MOST_NAMED))]


def neuron_map(
    diagnosis: Diagnosis, neurons: Mapping[str, Sequence[Neuron]], grid: Grid, theme: Theme, width: float,
    dead: Sequence[str],
) -> Panel:  # fmt: skip
    """The map: colours show the saturated share of each neuron, and which are dead, dormant or without values. `width`
    is in inches; `dead` are the lines below that name dead neurons."""
    image = np.zeros((grid.rows, grid.columns, 4))
    ramp = np.array(theme.colours(theme.share, 101))
    dormant, empty = [], []
    many = len(diagnosis.neurons) > SPOTTED
    for layer, start in zip(diagnosis.layers, grid.starts, strict=True):
        for index, neuron in enumerate(neurons[layer.name]):
            row, column = start + index // grid.columns, index % grid.columns
            image[row, column] = _colour(neuron, ramp, theme, rowwise=layer.function.rowwise)
            if neuron.vanishing_ratio is None:
                empty.append((column, row))
            elif neuron.dormant and not neuron.dead and many:
                image[row, column] = _filled(theme.dormant)
            elif neuron.dormant and not neuron.dead:
                dormant.append((column, row))
    size = min(5.0, 36 * min(grid.cell, width / grid.columns))
    dot = Stroke.dots(theme.dormant, "o", size, markeredgecolor=theme.text, markeredgewidth=0.1 * size)
    cross = Stroke.dots(theme.muted, "x", size, markeredgewidth=0.2 * size)
    rowwise = {layer.function.rowwise for layer in diagnosis.layers}
    what = "saturated or vanishing" if len(rowwise) > 1 else "vanishing" if True in rowwise else "saturated"
    marks = [picture(image, [*_keys(what, theme), *([("dormant", Fill(theme.dormant))] * many)])]
    if not grid.gap and grid.rows <= MOST_LINES:
        marks += [level(row - 0.5, Stroke(theme.background, linewidth=1.5)) for row in range(1, grid.rows)]
    marks += [*spots(dormant, dot, "dormant"), *spots(empty, cross, "no values")]
    names = apart([layer.name for layer in diagnosis.layers], 20)
    return Panel(marks, lambda axes: _frame(axes, grid, names, dead))


def _frame(axes: Axes, grid: Grid, names: Sequence[str], dead: Sequence[str]) -> None:
    """Label the axes with the names of as many layers as fit, numbers of neurons, and names of the dead ones."""
    axes.set(xlim=(-0.5, grid.columns - 0.5), ylim=(grid.rows - 0.5, -0.5))
    middles = [start + (lines - 1) / 2 for start, lines in zip(grid.starts, grid.lines, strict=True)]
    nearest = min(np.diff(middles), default=1) * inches(axes)[1] / grid.rows
    every = name_every(len(names), nearest)
    axes.set_yticks(middles[::every], [*map(printable, names[::every])], size=9)
    step = max(1, 2 ** round(math.log2(grid.columns / 8)))
    axes.set_xticks(range(0, grid.columns, step), [str(i) for i in range(0, grid.columns, step)], size=8)
    title = f"neuron ({grid.columns} per line)" if grid.gap else "neuron"
    axes.set_xlabel("\n".join([title, *map(printable, dead)]), size=9)
    axes.spines[:].set_visible(False)


def _colour(neuron: Neuron, ramp: Array, theme: Theme, *, rowwise: bool) -> Colour:
    if neuron.dead:
        return _filled(theme.dead)
    if neuron.vanishing_ratio is None:
        return _filled(theme.background)
    if rowwise:
        return ramp[round(100 * neuron.vanishing_ratio)]
    return ramp[round(100 * ((neuron.saturated_low_ratio or 0.0) + (neuron.saturated_high_ratio or 0.0)))]


def _filled(colour: str) -> Colour:
    from matplotlib.colors import to_rgba

    return to_rgba(colour)


def _keys(what: str, theme: Theme) -> list[Key]:
    none, half, whole = theme.colours(theme.share, 3)
    return [
        (f"0 % of values {what}", Fill(none, theme.edge, 0.8)),
        ("50 %", Fill(half)),
        ("100 %", Fill(whole)),
        ("dead", Fill(theme.dead)),
    ]
