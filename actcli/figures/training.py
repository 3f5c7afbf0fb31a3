"""The figure of `train`: learning curves, gradient and dead neurons of each layer, learned functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.curves import limits
from actcli.analysis.titles import titles
from actcli.diagnosis.training import Experiment, Summary
from actcli.figures.marks import Fill, Mark, Stroke, band, line, picture
from actcli.figures.page import EDGE, Page, Panel, Row, Section, compose
from actcli.figures.panels import by_decades
from actcli.figures.style import DASHES, SMALL, THEMES, Theme, text_width
from actcli.text import counted, short
from actcli.training.records import Epoch, LayerState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
WIDTH = 7.5
CURVES, GRID = 2.3, 1.5
LEFT, BETWEEN = 0.65, 0.55
TITLE, FOOT = 0.25, 0.5
LAYER = 0.17  # per layer in the map of dead neurons
MOST = 9  # functions drawn
SPAN = (-5.0, 5.0)


class Course(NamedTuple):
    """A number over the epochs: its mean, minimum and maximum over the seeds."""

    mean: Array
    low: Array
    high: Array

    @property
    def epochs(self) -> Array:
        return np.arange(len(self.mean), dtype=float)


def training_figure(result: Experiment, *, theme: str = "light") -> Figure:
    """Held-out scores and losses over the epochs, with bands over the seeds; layers; learned functions."""
    look = THEMES[theme]
    shown = result.summaries[:MOST]
    sections = [_curves(result, shown, look), _gradients(result, shown, look)]
    dead = [summary for summary in shown if _dead_shares(result, summary).any()]
    if dead:
        sections.append(_dead(result, dead, look))
    learned = [summary for summary in shown if summary.learned]
    if learned:
        sections.append(_learned(learned, look))
    names = ", ".join(_names(shown))
    title = names if text_width([names], 13, "bold") < WIDTH - 2 * EDGE else f"{len(result.summaries)} functions"
    seeds = len(result.trained.seeds)
    data = result.trained.data
    subtitle = f"{short(data.target)} of {short(data.source)}; {counted(seeds, 'seeds')}, bands from min to max"
    if not dead:
        subtitle += "; no dead neurons"
    return compose(Page(sections, look, title, subtitle, WIDTH))


def _names(shown: Sequence[Summary]) -> list[str]:
    return [short(name) for name in titles([summary.function for summary in shown])]


def _course(result: Experiment, function: Function, value: Callable[[Epoch], float | None]) -> Course:
    rows = [[value(epoch) for epoch in run.epochs] for run in result.trained.of(function)]
    columns = [[v for v in column if v is not None and math.isfinite(v)] for column in zip_longest(*rows)]
    found = [(sum(c) / len(c), min(c), max(c)) if c else (math.nan,) * 3 for c in columns]
    return Course(*np.array(found).T)


def _curves(result: Experiment, shown: Sequence[Summary], theme: Theme) -> Section:
    strokes = [Stroke(theme.order(i), (0, DASHES[i % len(DASHES)]), 1.6) for i in range(len(shown))]
    panels = []
    for title, value, since, decades in (
        # The first rise would take up the panel and hide the differences of the functions.
        (f"held-out {result.measure}", lambda epoch: epoch.scores.quality, 0.25, False),
        ("held-out loss", lambda epoch: epoch.scores.loss, 0.0, True),
    ):
        courses = [_course(result, summary.function, value) for summary in shown]
        marks: list[Mark] = []
        for course, stroke, name in zip(courses, strokes, _names(shown), strict=True):
            marks.append(band(course.epochs, course.low, course.high, stroke.color))
            marks.append(line(course.epochs, course.mean, stroke, name))
        panels.append(_over_epochs(marks, title, _seen(courses, since), _last(result), decades=decades))
    return Section([Row(panels, CURVES, LEFT, BETWEEN, above=TITLE, below=FOOT)], "Learning curves")


def _seen(courses: Sequence[Course], since: float = 0.0) -> Array:
    """The values that an axis must show, beginning after the share `since` of the epochs."""
    values = np.concatenate(
        [part[int(since * (len(part) - 1)) :] for course in courses for part in (course.low, course.high)]
    )
    return np.asarray(values[np.isfinite(values)])


def _last(result: Experiment) -> int:
    return max(1, *(run.epochs[-1].epoch for run in result.trained.runs))


def _over_epochs(marks: Sequence[Mark], title: str, values: Array, last: int, *, decades: bool) -> Panel:
    """Marks over the epochs. `values` are those that the y axis must show; `decades` allows a logarithmic axis."""
    positive = values[values > 0.0]

    def frame(axes: Axes) -> None:
        if decades and positive.size and positive.max() > 10.0 * positive.min():
            by_decades(axes, positive.tolist())
        else:
            low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
            room = 0.05 * (high - low) or 0.5
            axes.set_ylim(low - room, high + room)
        axes.set(xlim=(-0.02 * last, 1.02 * last), xlabel="epoch")
        _by_epochs(axes)
        axes.tick_params(labelsize=8)

    return Panel(marks, frame, title)


def _by_epochs(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _rows(panels: Sequence[Panel], height: float, left: float, above: float = TITLE) -> list[Row]:
    across = min(len(panels), 3)
    return [
        Row(panels[i : i + across], height, left, BETWEEN, above, FOOT, across) for i in range(0, len(panels), across)
    ]


def _layers(result: Experiment, summary: Summary, value: Callable[[LayerState], float | None]) -> list[Course]:
    count = len(result.trained.of(summary.function)[0].epochs[0].layers)

    def of_layer(place: int) -> Callable[[Epoch], float | None]:
        return lambda epoch: value(epoch.layers[place])

    return [_course(result, summary.function, of_layer(place)) for place in range(count)]


def _gradients(result: Experiment, shown: Sequence[Summary], theme: Theme) -> Section:
    """One panel per function with one line per layer, all on the same scale."""
    panels = []
    every = [_layers(result, summary, lambda layer: layer.gradient_rms) for summary in shown]
    values = _seen([course for courses in every for course in courses])
    for name, courses in zip(_names(shown), every, strict=True):
        colours = theme.colours(theme.ramp, len(courses))
        marks = [
            line(course.epochs, course.mean, Stroke(colour, linewidth=1.3), f"layer{k}" if _named(k, courses) else "")
            for k, (course, colour) in enumerate(zip(courses, colours, strict=True), start=1)
        ]
        panels.append(_over_epochs(marks, name, values, _last(result), decades=True))
    return Section(_rows(panels, GRID, LEFT), "Gradient: rms dL/dz of each hidden layer")


def _named(number: int, courses: Sequence[Course]) -> bool:
    """Whether the legend names the layer: it has room for some, always with the first and the last."""
    step = math.ceil(len(courses) / 8)
    return number == len(courses) or (number - 1) % step == 0


def _dead(result: Experiment, shown: Sequence[Summary], theme: Theme) -> Section:
    """A map of layers by epochs for each of these functions: the darker, the larger the share of dead neurons."""
    import matplotlib

    name, start, stop = theme.share
    ramp = matplotlib.colormaps[name]
    keys = [(f"{share:.0%} dead", Fill(ramp(start + share * (stop - start)), theme.edge)) for share in (0.0, 0.5, 1.0)]
    panels, most = [], 1
    for summary, called in zip(shown, _names(shown), strict=True):
        shares = _dead_shares(result, summary)
        most = max(most, len(shares))
        panels.append(Panel([picture(ramp(start + shares * (stop - start)), keys)], _map_frame(shares), called))
    return Section(_rows(panels, max(0.5, LAYER * most), LEFT), "Dead neurons")


def _dead_shares(result: Experiment, summary: Summary) -> Array:
    """The share of dead neurons of each layer (rows) after each epoch (columns)."""
    courses = _layers(result, summary, lambda layer: layer.dead_neuron_ratio)
    shares: Array = np.nan_to_num([course.mean for course in courses])
    return shares


def _map_frame(shares: Array) -> Callable[[Axes], None]:
    layers, epochs = shares.shape
    step = math.ceil(layers / 10)

    def frame(axes: Axes) -> None:
        axes.set(xlim=(-0.5, epochs - 0.5), ylim=(layers - 0.5, -0.5), xlabel="epoch")
        _by_epochs(axes)
        axes.set_yticks(range(0, layers, step), [f"layer{k + 1}" for k in range(0, layers, step)], size=SMALL)
        axes.tick_params(labelsize=8)

    return frame


def _learned(learned: Sequence[Summary], theme: Theme) -> Section:
    """f of each layer at the end, with its parameters as means over the seeds, and f at the start."""
    x = np.linspace(*SPAN, 401)
    panels = []
    for summary in learned:
        start = summary.function
        layers = list(dict.fromkeys(one.layer for one in summary.learned))
        found = []
        for layer in layers:
            values = {one.parameter: one.end.mean for one in summary.learned if one.layer == layer}
            ordered = tuple((name, values[name]) for name in start.parameters)
            found.append(Function(start.activation, ordered))
        if start.rowwise:
            continue
        colours = theme.colours(theme.ramp, len(found))
        curves = [np.asarray(function.f(x)) for function in (start, *found)]
        marks = [line(x, curves[0], Stroke(theme.muted, (0, (4, 2)), 2.4), "start", zorder=1)]
        for layer, y, colour in zip(layers, curves[1:], colours, strict=True):
            marks.append(line(x, y, Stroke(colour, linewidth=1.5), layer))
        panels.append(Panel(marks, _plain_frame(limits(curves, SPAN)), short(start.label)))
    return Section(_rows(panels, GRID, LEFT), "Learned functions: f at the end, means over the seeds")


def _plain_frame(y: Interval) -> Callable[[Axes], None]:
    def frame(axes: Axes) -> None:
        axes.set(xlim=SPAN, ylim=y, xlabel="x")
        axes.tick_params(labelsize=8)

    return frame
