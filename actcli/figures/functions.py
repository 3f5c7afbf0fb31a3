"""Functions side by side as a figure: their curves, their figures, and the same layers under each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actcli.analysis.curves import NAMES, limits, sample
from actcli.analysis.profile import Profile
from actcli.diagnosis.comparison import Comparison
from actcli.figures.style import DASHES, THEMES, Theme, dress, heading, layer_axis, log_axis, styled, text_width
from actcli.measuring.probe import Thresholds
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Look = tuple[Any, tuple[float, ...]]  # colour and dashes
Chart = Callable[["Axes", Comparison, Sequence[Look]], None]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure, its value for each function, and a value worth a line."""

    name: str
    values: Sequence[float | None]
    mark: float | None = None


# Inches.
WIDTH = 7.5
LEFT, RIGHT = 0.6, 0.2
TITLE = 0.75
LINE = 0.2  # of the legend
CURVES = 2.4
CHART = 2.0
ROW = 0.21
SECTION = 0.32
FOOT = 0.5
SMALL = 8.5  # points


def comparison_figure(comparison: Comparison, *, theme: str = "light") -> Figure:
    """f and f', the means over N(0, q) and what follows from them, and mean|f'| of each layer under each function."""
    look = THEMES[theme]
    with styled(look):
        return _figure(comparison, look)


def _figure(comparison: Comparison, theme: Theme) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    profiles = comparison.profiles
    functions = [profile.function for profile in profiles]
    looks: list[Look] = [
        (theme.sequence[i % len(theme.sequence)], DASHES[i % len(DASHES)]) for i in range(len(functions))
    ]
    names = [short(function.label) for function in functions]
    drawn = sample(functions, epsilon=Thresholds().epsilon, span=None)
    legend_names = [short(curve.label) for curve in drawn]
    layers = list(dict.fromkeys(layer.name for layer in comparison.layers))
    tables = [_means(profiles)]
    charts: list[tuple[str, Chart]] = []
    if any(profile.steps for profile in profiles):
        charts.append(("The variance of a gradient after so many layers; an arrow is 0", _depth))
    if len(layers) == 1:
        tables.append(_measured(comparison))
    elif layers:
        charts.append(("mean|f'| of each layer", _gradients))
    columns = max(1, min(len(names), int((WIDTH - 0.3) / (text_width(legend_names, 9.0) + 0.55))))
    legend = LINE * math.ceil(len(names) / columns)
    table = SECTION + ROW * len(names) + 0.2
    height = TITLE + legend + 0.2 + CURVES + FOOT + table * len(tables) + (SECTION + CHART + FOOT) * len(charts)
    title = ", ".join(names)
    if text_width([title], 13, "bold") > 0.96 * WIDTH:
        title = f"{len(names)} functions"
    figure = Figure(figsize=(WIDTH, height))
    heading(figure, title, f"means over z ~ N(0, {profiles[0].means.q:g})")

    edge = height - TITLE
    handles = [
        Line2D([], [], color=colour, linestyle=(0, dashes), label=name)
        for name, (colour, dashes) in zip(legend_names, looks, strict=True)
    ]
    figure.legend(
        handles=handles, ncols=columns, loc="upper left", bbox_to_anchor=(0.02, edge / height), borderaxespad=0.0,
        borderpad=0.0, fontsize=9, labelspacing=0.3,
    )  # fmt: skip
    edge -= legend + 0.2 + CURVES
    wide = (WIDTH - LEFT - RIGHT - 0.6) / 2
    for order in (0, 1):
        box = ((LEFT + order * (wide + 0.6)) / WIDTH, edge / height, wide / WIDTH, CURVES / height)
        axes = figure.add_axes(box)
        axes.axhline(0.0, color=theme.muted, linewidth=0.6, zorder=1)
        axes.axvline(0.0, color=theme.muted, linewidth=0.6, zorder=1)
        for curve, (colour, dashes) in zip(drawn, looks, strict=True):
            axes.plot(curve.x, curve.derivative(order), color=colour, linestyle=(0, dashes), label=curve.label)
        span = drawn[0].span
        axes.set(xlim=span, ylim=limits([curve.derivative(order) for curve in drawn], span), xlabel="x")
        axes.set_title(NAMES[order], loc="left", size=10)
        dress(axes, theme)
    edge -= FOOT

    for of_table in tables:
        edge -= table
        _bars(figure, edge + 0.2, of_table, names, looks, theme)
    for title, chart in charts:
        figure.text(0.02, (edge - 0.12) / height, title, size=10, va="center")
        edge -= SECTION + CHART
        axes = figure.add_axes((0.8 / WIDTH, edge / height, (WIDTH - 0.8 - RIGHT) / WIDTH, CHART / height))
        chart(axes, comparison, looks)
        dress(axes, theme)
        edge -= FOOT
    return figure


def _means(profiles: Sequence[Profile]) -> list[Column]:
    return [
        Column("sup|f'|", [profile.max_abs_gradient for profile in profiles]),
        Column("E f^2", [profile.means.mean_square for profile in profiles]),
        Column("E f'^2", [profile.means.mean_square_gradient for profile in profiles]),
        Column("He gain", [profile.means.he_gain for profile in profiles]),
        Column("chi_1", [profile.means.chi_1 for profile in profiles], mark=1.0),
    ]


def _measured(comparison: Comparison) -> list[Column]:
    """The figures of the one layer, in the order of the functions."""
    of_function = {layer.function: layer for layer in comparison.layers}
    layers = [of_function[profile.function] for profile in comparison.profiles]
    name = short(layers[0].name, 16)
    return [
        Column(f"{name}: mean|f'|", [layer.mean_abs_gradient for layer in layers]),
        Column("vanishing", [layer.vanishing_ratio for layer in layers]),
        Column("dead neurons", [layer.dead_neuron_ratio for layer in layers]),
    ]


def _bars(
    figure: Figure, edge: float, columns: Sequence[Column], names: Sequence[str], looks: Sequence[Look], theme: Theme
) -> None:
    """A row a function: its name, and a bar with its number in each column, each column on its own scale from 0."""
    height = float(figure.get_size_inches()[1])
    left = 0.25 + text_width(names, SMALL)
    wide = (WIDTH - left - RIGHT) / len(columns)
    rows = range(len(names))
    for place, column in enumerate(columns):
        box = ((left + place * wide) / WIDTH, edge / height, 0.92 * wide / WIDTH, ROW * len(names) / height)
        axes = figure.add_axes(box)
        shown = [value if value is not None and math.isfinite(value) else 0.0 for value in column.values]
        most = max([*map(abs, shown), column.mark or 0.0]) or 1.0
        numbers = ["none" if value is None else f"{value:.3g}" for value in column.values]
        room = min(0.8, (text_width(numbers, SMALL) + 0.08) / (0.92 * wide))  # behind the longest bar
        axes.barh(rows, shown, height=0.62, color=[colour for colour, _ in looks])
        axes.set(xlim=(min(0.0, *shown), most / (1 - room)), ylim=(len(names) - 0.5, -0.5), xticks=[])
        axes.set_yticks(rows, names if place == 0 else [], size=SMALL)
        axes.tick_params(axis="y", length=0)
        for row, (text, length) in enumerate(zip(numbers, shown, strict=True)):
            axes.annotate(text, (length, row), (3, 0), textcoords="offset points", va="center", size=8)
        if column.mark is not None:
            axes.axvline(column.mark, color=theme.muted, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
        axes.spines["bottom"].set_visible(False)
        axes.set_title(column.name, size=9, loc="left", pad=3)
        dress(axes, theme)


def _gradients(axes: Axes, comparison: Comparison, looks: Sequence[Look]) -> None:
    """mean|f'| of the layers under each function; by decades where they span more than one and a half."""
    names = list(dict.fromkeys(layer.name for layer in comparison.layers))
    of_pair = {(layer.function, layer.name): layer.mean_abs_gradient for layer in comparison.layers}
    rows = [[of_pair[profile.function, name] for name in names] for profile in comparison.profiles]
    known = [value for row in rows for value in row if value is not None]
    if min(known, default=0.0) > 0.0 and max(known) > 30.0 * min(known):
        log_axis(axes, known)
    for row, (colour, dashes) in zip(rows, looks, strict=True):
        y = [math.nan if value is None else value for value in row]
        axes.plot(range(len(names)), y, color=colour, linestyle=(0, dashes), marker="o", markersize=4)
    if axes.get_yscale() == "linear":
        axes.set_ylim(bottom=0.0)
    layer_axis(axes, names, WIDTH - 0.8 - RIGHT)


def _depth(axes: Axes, comparison: Comparison, looks: Sequence[Look]) -> None:
    """The variance of a gradient on its way through a network at initialisation."""
    variances = [[step.gradient_variance for step in profile.steps] for profile in comparison.profiles]
    foot, _ = log_axis(axes, [value for row in variances for value in row])
    for row, (colour, dashes) in zip(variances, looks, strict=True):
        y = [value if value > 0.0 else math.nan for value in row]
        axes.plot(range(1, len(row) + 1), y, color=colour, linestyle=(0, dashes))
        if 0.0 in row:
            axes.plot(row.index(0.0) + 1, foot, linestyle="none", marker="v", color=colour, clip_on=False)
    axes.set_xlabel("layers")
