"""The curves of f, f' and f'' as a figure with a panel a derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.activation import Interval
from actcli.analysis.curves import NAMES, Curve, limits, shares
from actcli.figures.parts import (
    BAR,
    BOTTOM,
    LEAST_HEIGHT,
    LEAST_WIDTH,
    LINE,
    SMALL,
    TITLE,
    WIDTH,
    Family,
    Line,
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
from actcli.figures.style import Theme, dress, text_width, wrapped
from actcli.numerics.histogram import Histogram
from actcli.text import percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
# Inches.
HEIGHTS = (3.4, 2.6, 2.6)  # of f, f' and f''
ROW = 0.2  # of a function's bars
STRIP = 0.52  # of a distribution
GAP = 0.14


def stacked(
    families: Sequence[Family],
    order: int,
    epsilon: float,
    data: Sequence[Named],
    theme: Theme,
    size: tuple[float, float] | None,
    title: str,
) -> Figure:
    """A panel a derivative, then the bars of the vanishing regions, then the distributions, above one x axis."""
    lines = [line for family in families for line in family.lines]
    swept = [family for family in families if family.parameter]
    handles = legend_handles(families, epsilon, theme)
    names = [short(line.name) for line in lines] if len(lines) > 1 else []
    beside = [_beside(name, histogram, lines) for name, histogram in data]
    left = max(0.8, 0.2 + text_width([part for text in (*names, *beside) for part in text.split("\n")], SMALL))
    right = 0.2 + BAR * len(swept)
    width = size[0] if size else WIDTH + right - 0.2
    title = wrapped(title, width - 0.4, TITLE)
    columns = legend_columns(handles, width)
    top = head_height(title, handles, columns)
    strips = [ROW * len(lines) + 0.1] if len(lines) > 1 else []
    strips += [STRIP * len(data)] if data else []
    fixed = top + BOTTOM + sum(strips) + GAP * (order + len(strips)) + (LINE if len(lines) > 1 else 0.0)
    asked = HEIGHTS[: order + 1]
    height = size[1] if size else fixed + sum(asked)
    require(width, height, left + right + LEAST_WIDTH, fixed + LEAST_HEIGHT * (order + 1))
    heights = [each * (height - fixed) / sum(asked) for each in asked]

    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    panels: list[Axes] = []
    edge = height - top

    def add(tall: float) -> Axes:
        nonlocal edge
        box = (left / width, (edge - tall) / height, (width - left - right) / width, tall / height)
        panels.append(figure.add_axes(box, sharex=panels[0] if panels else None))
        panels[-1].tick_params(labelbottom=False)
        edge -= tall + GAP
        return panels[-1]

    for number, tall in enumerate(heights):
        axes = add(tall)
        draw_lines(axes, lines, number, theme)
        axes.set_ylabel(NAMES[number])
        axes.yaxis.set_label_coords(-0.58 / (width - left - right), 0.5)
    for place, family in enumerate(swept):
        box = ((width - right + 0.25 + BAR * place) / width, panels[order].get_position().y0)
        colour_bar(figure, (*box, 0.14 / width, panels[0].get_position().y1 - box[1]), family, theme)
    if len(lines) > 1:
        edge -= LINE
        draw_bars(add(strips[0]), lines, epsilon, theme)
    if data:
        draw_data(add(strips[-1]), data, beside, lines, theme)
    if len(lines) == 1:
        for axes in panels:
            shade(axes, lines[0].curve.visible(), theme)
    for axes in panels:
        dress(axes, theme)
    panels[-1].tick_params(labelbottom=True)
    panels[-1].set_xlabel("x")
    head(figure, title, handles, columns)
    return figure


def draw_lines(axes: Axes, lines: Sequence[Line], order: int, theme: Theme) -> None:
    """One derivative of every curve, with its kinks."""
    span = lines[0].curve.span
    cross(axes, theme)
    for line in lines:
        y = line.curve.derivative(order)
        axes.plot(line.curve.x, y, label=line.name, color=line.colour, linestyle=(0, line.dashes))
        mark_kinks(axes, line.curve, line.colour, order, theme)
    axes.set(xlim=span, ylim=limits([line.curve.derivative(order) for line in lines], span))


def draw_bars(axes: Axes, lines: Sequence[Line], epsilon: float, theme: Theme) -> None:
    """For each function a row with bars where its gradient vanishes."""
    for number, line in enumerate(lines):
        bars = [(start, stop - start) for start, stop in line.curve.visible()]
        axes.broken_barh(bars, (number - 0.3, 0.6), facecolor=line.colour, edgecolor=line.colour, linewidth=0.8)
        if not bars:
            where = axes.get_yaxis_transform()
            axes.text(0.01, number, unseen(line.curve), transform=where, va="center", size=SMALL)
    axes.set_yticks(range(len(lines)), [short(line.name) for line in lines])
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_title(f"|f'| < {epsilon:g}", size=SMALL, loc="left", pad=3)


def unseen(curve: Curve) -> str:
    """What to say of vanishing regions that cannot be shown."""
    return "outside this span" if curve.regions else "nowhere"


def draw_data(axes: Axes, data: Sequence[Named], beside: Sequence[str], lines: Sequence[Line], theme: Theme) -> None:
    """Each distribution in a row of its own, as high as its highest bin; what lies in the shade is dark."""
    ends = np.linspace(*lines[0].curve.span, 141)
    for number, (_, histogram) in enumerate(data):
        counts = histogram.spread(ends)
        scale = 0.8 / max(counts.max(), 1e-300)
        base = number + 0.45
        for part, colour in ((counts, theme.data), (histogram.within(_shaded(lines), ends), theme.text)):
            axes.stairs(base - scale * part, ends, baseline=base, fill=True, color=colour, linewidth=0.0)
    axes.set_yticks([number + 0.05 for number in range(len(data))], beside)
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.set_ylim(len(data) - 0.5, -0.5)


def _shaded(lines: Sequence[Line]) -> list[Interval]:
    return [(region.start, region.stop) for region in lines[0].curve.regions] if len(lines) == 1 else []


def _beside(name: str, histogram: Histogram, lines: Sequence[Line]) -> str:
    """The name of a distribution, and how much of it lies in the shade and out of sight."""
    if not histogram.total:
        return f"{short(name)}\nno values"
    shaded, outside = shares(histogram, [line.curve for line in lines])
    parts = [short(name), *([] if shaded is None else [f"{percent(shaded)} shaded"])]
    return "\n".join([*parts, *([f"{percent(outside)} out of sight"] if outside > 5e-4 else [])])


def legend_handles(families: Sequence[Family], epsilon: float, theme: Theme) -> list[Any]:
    """An entry a function that is no member of a sweep, one for the shade, one for the kinks."""
    from matplotlib.lines import Line2D

    lines = [line for family in families for line in family.lines]
    handles: list[Any] = [
        Line2D([], [], color=line.colour, linestyle=(0, line.dashes), label=line.name)
        for family in families
        for line in family.lines
        if not family.parameter
    ]
    if len(lines) == 1:
        handles.append(region_key(theme, epsilon, conditions(lines[0].curve)))
    if any(line.curve.kinks for line in lines):
        handles.append(kink_key(theme))
    return handles


def conditions(curve: Curve) -> str:
    """Where the gradient vanishes, in words."""
    if not curve.visible():
        return f" {unseen(curve)}"
    if len(curve.regions) > 2:
        return f" in {len(curve.regions)} intervals"
    return ": " + " or ".join(region.condition(4) for region in curve.regions)
