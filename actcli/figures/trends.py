"""The figure of `trend`: the measures of each layer over the steps, and maps of layers by steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Array
from actcli.diagnosis.trends import Followed, Trend
from actcli.figures.marks import Fill, Mark, Stroke, band, line, picture
from actcli.figures.page import Page, Panel, Row, Section, compose
from actcli.figures.panels import by_decades
from actcli.figures.style import DASHES, SMALL, THEMES, Theme, text_width
from actcli.text import apart, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
WIDTH = 7.5
CURVES = 1.7
LEFT, BETWEEN = 0.65, 0.55
TITLE, FOOT = 0.25, 0.5
LAYER = 0.2  # per layer in a map
KEYED = 8  # about how many layers a legend names


def trend_figure(trend: Trend, *, theme: str = "light") -> Figure:
    """Curves with 95 % intervals as bands, and maps of the shares."""
    look = THEMES[theme]
    drawn = [_curves(trend, measure, look) for measure in trend.measures]
    rows = [Row(drawn[k : k + 2], CURVES, LEFT, BETWEEN, TITLE, FOOT, 2) for k in range(0, len(drawn), 2)]
    names = apart(list(trend.layers), 20)
    left = 0.35 + text_width(names, 9)
    shares = [measure for measure in trend.measures if not measure.scales][:2]
    maps = [
        Row([_map(trend, measure, names, look)], max(0.4, LAYER * len(names)), left, above=TITLE, below=FOOT)
        for measure in shares
    ]
    sections = [
        Section(rows, "Measures over the steps, with 95 % bands"),
        *([Section(maps, "Layers by steps")] * bool(maps)),
    ]
    title = counted(len(trend.layers), "layers")
    subtitle = f"{len(trend.states)} states, {trend.states[0].name} to {trend.states[-1].name}"
    return compose(Page(sections, look, title, subtitle, WIDTH))


def _curves(trend: Trend, measure: Followed, theme: Theme) -> Panel:
    layers = trend.layers
    colours = theme.colours(theme.ramp, len(layers))
    every = math.ceil(len(layers) / KEYED)
    marks: list[Mark] = []
    values = []
    for number, (layer, colour) in enumerate(zip(layers, colours, strict=True)):
        course = trend.course(layer, measure)
        steps = [step for step, _ in course]
        known = [(step, one.low, one.high) for step, one in course if one.low is not None and one.high is not None]
        if known:
            at, low, high = np.array(known, float).T
            marks.append(band(at, low, high, colour))
        stroke = Stroke(colour, (0, DASHES[number % len(DASHES)]), 1.4, "." if len(steps) < 30 else "")
        named = number % every == 0 or number == len(layers) - 1
        marks.append(line(steps, [one.value for _, one in course], stroke, layer if named else ""))
        values += [one.value for _, one in course]
    ends = trend.states[0].step, trend.states[-1].step
    return Panel(marks, _frame(measure, values, ends), measure.word)


def _frame(measure: Followed, values: list[float], ends: tuple[float, float]) -> Callable[[Axes], None]:
    positive = [value for value in values if 0.0 < value < math.inf]
    room = 0.02 * (ends[1] - ends[0]) or 0.5

    def frame(axes: Axes) -> None:
        if measure.scales and positive and max(positive) > 10.0 * min(positive):
            by_decades(axes, positive)
        else:
            axes.set_ylim(
                -0.03, 1.05 * max([1.0, *positive]) if measure.scales or max(values, default=0) > 0.5 else 0.55
            )
        axes.set(xlim=(ends[0] - room, ends[1] + room), xlabel="step")
        axes.tick_params(labelsize=8)

    return frame


def _map(trend: Trend, measure: Followed, names: list[str], theme: Theme) -> Panel:
    """Layers by states: the darker, the larger the share."""
    import matplotlib

    name, start, stop = theme.share
    ramp = matplotlib.colormaps[name]
    keys = [(f"{share:.0%}", Fill(ramp(start + share * (stop - start)), theme.edge)) for share in (0.0, 0.5, 1.0)]
    shares = np.array([_row(trend, layer, measure) for layer in trend.layers])
    colours = ramp(start + np.nan_to_num(shares) * (stop - start))
    colours[np.isnan(shares)] = (0.5, 0.5, 0.5, 0.15)

    def frame(axes: Axes) -> None:
        count = len(trend.states)
        axes.set(xlim=(-0.5, count - 0.5), ylim=(len(names) - 0.5, -0.5), xlabel="step")
        shown = range(0, count, math.ceil(count / 10))
        axes.set_xticks([*shown], [f"{trend.states[k].step:g}" for k in shown], size=SMALL)
        every = math.ceil(len(names) / 24)
        axes.set_yticks(range(0, len(names), every), names[::every], size=SMALL)

    return Panel([picture(colours, keys)], frame, measure.word)


def _row(trend: Trend, layer: str, measure: Followed) -> Array:
    found = {state.step: one.values.get(measure.field) for state, one in trend.seen[layer]}
    return np.array([math.nan if (one := found.get(state.step)) is None else one.value for state in trend.states])
