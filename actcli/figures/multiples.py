"""The curves of f, f' and f'' as a figure with a panel a function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.analysis.curves import NAMES, limits
from actcli.figures.parts import (
    BAR,
    BOTTOM,
    LEAST_HEIGHT,
    LINE,
    TITLE,
    WIDTH,
    Family,
    Named,
    colour_bar,
    cross,
    head,
    head_height,
    kink_key,
    legend_columns,
    mark_kinks,
    region_key,
    require,
    shade,
)
from actcli.figures.style import Theme, dress, fitting, wrapped
from actcli.numerics.histogram import Histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TALL = 2.2  # inches of a panel
LEFT = 0.55
BETWEEN = 0.45  # two panels side by side
ORDERS = ((), (5, 2), (1.5, 1.5))  # dashes of f, f' and f''


def multiples(
    families: Sequence[Family],
    order: int,
    epsilon: float,
    data: Sequence[Named],
    theme: Theme,
    size: tuple[float, float] | None,
    title: str,
) -> Figure:
    """A panel a family with f and its derivatives, all on the same axes, and the data behind them."""
    across = min(len(families), 3 if len(families) != 4 else 2)
    down = math.ceil(len(families) / across)
    swept = [family for family in families if family.parameter]
    handles = _handles(order, epsilon, families, bool(data), theme)
    right = 0.2 + BAR * len(swept)
    width = size[0] if size else WIDTH + right - 0.2
    title = wrapped(title, width - 0.4, TITLE)
    columns = legend_columns(handles, width)
    top = head_height(title, handles, columns) + LINE
    fixed = top + BOTTOM + (0.1 + LINE) * (down - 1)
    height = size[1] if size else fixed + TALL * down
    require(width, height, LEFT + right + (BETWEEN + 1.0) * across, fixed + LEAST_HEIGHT * down)
    wide = (width - LEFT - right - BETWEEN * (across - 1)) / across
    tall = (height - fixed) / down

    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    span = families[0].lines[0].curve.span
    whole = reduce(Histogram.merge, (histogram for _, histogram in data), Histogram.empty())
    for index, family in enumerate(families):
        row, column = divmod(index, across)
        x, y = LEFT + column * (wide + BETWEEN), height - top - tall - row * (tall + 0.1 + LINE)
        axes = figure.add_axes((x / width, y / height, wide / width, tall / height))
        values = [line.curve.derivative(number) for line in family.lines for number in range(order + 1)]
        axes.set(xlim=span, ylim=limits(values, span))
        _draw(axes, family, order, theme)
        if whole.total:
            _behind(axes, whole, theme)
        axes.set_title(fitting(family.name, wide), fontsize=10, loc="left", pad=4)
        axes.tick_params(labelbottom=index + across >= len(families))
        if index + across >= len(families):
            axes.set_xlabel("x")
        dress(axes, theme)
    low = BOTTOM / height
    for place, family in enumerate(swept):
        box = ((width - right + 0.25 + BAR * place) / width, low, 0.14 / width, 1 - top / height - low)
        colour_bar(figure, box, family, theme)
    head(figure, title, handles, columns)
    return figure


def _draw(axes: Axes, family: Family, order: int, theme: Theme) -> None:
    cross(axes, theme)
    for line in family.lines:
        for number in range(order + 1):
            colour = line.colour if family.parameter else theme.sequence[number % len(theme.sequence)]
            axes.plot(
                line.curve.x,
                line.curve.derivative(number),
                color=colour,
                linestyle=(0, ORDERS[number]),
                zorder=3 - number / 4,
            )
            mark_kinks(axes, line.curve, colour, number, theme)
    shade(axes, _everywhere_vanishing(family), theme)


def _everywhere_vanishing(family: Family) -> list[tuple[float, float]]:
    """Where the gradient of every member vanishes."""
    common = family.lines[0].curve.visible()
    for line in family.lines[1:]:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in line.curve.visible() if max(a, c) <= min(b, d)]
    return common


def _behind(axes: Axes, histogram: Histogram, theme: Theme) -> None:
    """The distribution of the data in the lower quarter of the panel."""
    ends = np.linspace(*axes.get_xlim(), 101)
    counts = histogram.spread(ends)
    low, high = axes.get_ylim()
    tops = low + 0.25 * (high - low) * counts / max(counts.max(), 1e-300)
    axes.stairs(tops, ends, baseline=low, fill=True, color=theme.data, linewidth=0.0, zorder=0.5)


def _handles(order: int, epsilon: float, families: Sequence[Family], data: bool, theme: Theme) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    only_swept = all(family.parameter for family in families)
    handles: list[Any] = [
        Line2D([], [], color=theme.text if only_swept else theme.sequence[number % len(theme.sequence)],
               linestyle=(0, ORDERS[number]), label=NAMES[number])
        for number in range(order + 1)
    ]  # fmt: skip
    swept = " of every member" if any(family.parameter for family in families) else ""
    handles.append(region_key(theme, epsilon, swept))
    if any(line.curve.kinks for family in families for line in family.lines):
        handles.append(kink_key(theme))
    if data:
        handles.append(Patch(facecolor=theme.data, linewidth=0.0, label="pre-activations"))
    return handles
