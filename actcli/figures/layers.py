"""The diagnosis of layers as a figure: what lies where on f', which neurons are dead, what is left of a gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.activation import Array, Interval
from actcli.analysis.curves import spans
from actcli.diagnosis.diagnose import Diagnosis
from actcli.diagnosis.records import Layer, Neuron
from actcli.figures.style import THEMES, Theme, dress, fitting, heading, key, layer_axis, log_axis, styled, text_width
from actcli.numerics.histogram import Histogram
from actcli.text import apart, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
WIDTH = 7.5
LEFT, RIGHT = 0.35, 0.2
TITLE = 0.75  # of the figure
SECTION = 0.58  # the heading and the key of a part
NOTE = 0.22  # a line above a histogram
PANEL, BETWEEN, UNDER = 1.2, 0.25, 0.65  # a histogram; beside and below it
GRADIENT, GUTTER = 1.9, 0.95  # the gradient's panel, and what is left of it
FOOT = 0.55  # the numbers and the name of an axis
ACROSS = (64, 128, 256)  # neurons in a line of the map, the fewest that give no more than
MOST_LINES = 48
NAME = 0.15  # a layer's name
BINS = 80


def layers_figure(diagnosis: Diagnosis, *, theme: str = "light") -> Figure:
    """Histograms of the pre-activations over |f'|, a map of the neurons, and the product of f' through the layers.

    The diagnosis is by criteria with `histogram=True`. Without layers: the curves of f and f'.
    """
    if not diagnosis.layers:
        from actcli.figures.plot import curves

        return curves([[diagnosis.functions[0]]], order=1, epsilon=diagnosis.criteria.thresholds.epsilon, theme=theme)
    look = THEMES[theme]
    with styled(look):
        return _figure(diagnosis, look)


def _figure(diagnosis: Diagnosis, theme: Theme) -> Figure:
    from matplotlib.figure import Figure

    count = len(diagnosis.layers)
    across = count if count <= 4 else 3 if count in (5, 6, 9) else 4
    down = math.ceil(count / across)
    widest = max(layer.neurons for layer in diagnosis.layers)
    total = sum(layer.neurons for layer in diagnosis.layers)
    columns = min(widest, next((n for n in ACROSS if n * MOST_LINES >= total), ACROSS[-1]))
    lines = [math.ceil(layer.neurons / columns) for layer in diagnosis.layers]
    cells = sum(lines) + (len(lines) - 1 if max(lines) > 1 else 0)
    cell = min(0.24, max(0.06, 2.6 / cells))
    names = LEFT + text_width(apart([layer.name for layer in diagnosis.layers], 20), 9)
    gradient = count > 1 and any(layer.cumulative_rms_gradient is not None for layer in diagnosis.layers)
    height = TITLE + SECTION + NOTE + down * PANEL + (down - 1) * UNDER + FOOT + SECTION + cells * cell + FOOT
    height += SECTION + GRADIENT + FOOT if gradient else 0.0
    figure = Figure(figsize=(WIDTH, height))
    heading(figure, diagnosis.label, _subtitle(diagnosis))

    edge = height - TITLE
    what = "Pre-activations" if _all_rowwise(diagnosis) else "Pre-activations over |f'|"
    key(figure, edge, what, _histogram_handles(diagnosis, theme))
    edge -= SECTION + NOTE
    wide = (WIDTH - LEFT - RIGHT - BETWEEN * (across - 1)) / across
    shown = spans(diagnosis.histograms)
    titles = apart([layer.name for layer in diagnosis.layers], int(13 * wide))
    for index, layer in enumerate(diagnosis.layers):
        row, column = divmod(index, across)
        left, bottom = LEFT + column * (wide + BETWEEN), edge - PANEL - row * (PANEL + UNDER)
        axes = figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, PANEL / height))
        _histogram(axes, diagnosis, layer, diagnosis.histograms[index], shown[index], theme)
        axes.set_title(fitting(titles[index], wide, 9.0), fontsize=9, loc="left", pad=14)
    edge -= down * PANEL + (down - 1) * UNDER + FOOT

    key(figure, edge, "Neurons", _map_handles(diagnosis, theme))
    edge -= SECTION + cells * cell
    box = (names / WIDTH, edge / height, (WIDTH - names - RIGHT) / WIDTH, cells * cell / height)
    _map(figure.add_axes(box), diagnosis, columns, lines, cell, theme)
    edge -= FOOT

    if gradient:
        handles = _gradient_handles(diagnosis, theme)
        key(figure, edge, "What f' leaves of a gradient that comes from the last layer", handles)
        edge -= SECTION + GRADIENT
        axes = figure.add_axes((GUTTER / WIDTH, edge / height, (WIDTH - GUTTER - RIGHT) / WIDTH, GRADIENT / height))
        _gradient(axes, diagnosis, theme)
        layer_axis(axes, [layer.name for layer in diagnosis.layers], WIDTH - GUTTER - RIGHT)
        dress(axes, theme)
    return figure


def _all_rowwise(diagnosis: Diagnosis) -> bool:
    return all(function.rowwise for function in diagnosis.functions)


def _subtitle(diagnosis: Diagnosis) -> str:
    thresholds = diagnosis.criteria.thresholds
    if _all_rowwise(diagnosis):
        return f"|f'| < {thresholds.epsilon:g} vanishes"
    return f"|f'| < {thresholds.epsilon:g} vanishes, |f'| <= {thresholds.tau:.3g} sup|f'| saturates"


def _histogram(
    axes: Axes, diagnosis: Diagnosis, layer: Layer, histogram: Histogram, span: Interval, theme: Theme
) -> None:
    """Each bin as high as its count, the saturated part of it coloured; |f'| above it, as high as its largest value."""
    width = (span[1] - span[0]) / BINS
    steps = range(math.floor(span[0] / width), math.ceil(span[1] / width) + 1)
    ends = np.array([width * step for step in steps])  # one of them is 0
    counts = histogram.spread(ends)
    scale = 1.0 / max(counts.max(), 1e-300)
    sides = diagnosis.of(layer.function).sides
    low, high = (histogram.within(side, ends) for side in (sides.low, sides.high))
    for top, bottom, colour in (
        (low, 0.0 * low, theme.low),
        (low + high, low, theme.high),
        (counts, low + high, theme.data),
    ):
        axes.stairs(scale * top, ends, baseline=scale * bottom, fill=True, color=colour, linewidth=0.0)
    if not layer.function.rowwise:
        x = np.linspace(ends[0], ends[-1], 601)
        gradient = np.abs(layer.function.df(x))
        most = np.nanmax(gradient[np.isfinite(gradient)], initial=0.0) or 1.0
        axes.plot(x, gradient / most, color=theme.background, linewidth=2.6)
        axes.plot(x, gradient / most, color=theme.text, linewidth=1.2)
    axes.set(xlim=(ends[0], ends[-1]), ylim=(0.0, 1.06), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.xaxis.get_offset_text().set_fontsize(8)
    shares = ((layer.saturated_low_ratio, "low"), (layer.saturated_high_ratio, "high"))
    note = ", ".join(f"{percent(share)} {side}" for share, side in shares if share)
    axes.annotate(
        note if histogram.total else "no values", (0, 1), (0, 3), xycoords="axes fraction",
        textcoords="offset points", size=7.5,
    )  # fmt: skip
    axes.locator_params(axis="x", nbins=5)
    dress(axes, theme)


def _histogram_handles(diagnosis: Diagnosis, theme: Theme) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(facecolor=theme.data, label="values")]
    sides = [traits.sides for traits in diagnosis.traits]
    for there, colour, label in (
        (any(side.low for side in sides), theme.low, "saturated low"),
        (any(side.high for side in sides), theme.high, "saturated high"),
    ):
        if there:
            handles.append(Patch(facecolor=colour, label=label))
    if not _all_rowwise(diagnosis):
        handles.append(Line2D([], [], color=theme.text, linewidth=1.2, label="|f'|"))
    return handles


def _map(axes: Axes, diagnosis: Diagnosis, columns: int, lines: Sequence[int], cell: float, theme: Theme) -> None:
    """A row a layer, or several where it is wide; a field a neuron."""
    gap = 1 if max(lines) > 1 else 0
    image = np.zeros((sum(lines) + gap * (len(lines) - 1), columns, 4))
    ramp = np.array(theme.colours(theme.share, 101))
    dormant, empty, ticks, start = [], [], [], 0
    for layer, tall in zip(diagnosis.layers, lines, strict=True):
        neurons = [neuron for neuron in diagnosis.neurons if neuron.layer == layer.name]
        for index, neuron in enumerate(neurons[: layer.neurons]):
            row, column = divmod(index, columns)
            image[start + row, column] = _colour(neuron, layer, ramp, theme)
            if neuron.vanishing_ratio is None:
                empty.append((column, start + row))
            elif neuron.dormant and not neuron.dead:
                dormant.append((column, start + row))
        ticks.append(start + (tall - 1) / 2)
        start += tall + gap
    axes.imshow(image, aspect="auto", interpolation="none")
    for row in range(1, len(lines)) if not gap else ():
        axes.axhline(row - 0.5, color=theme.background, linewidth=1.5)
    size = min(5.0, 0.5 * 72 * min(cell, (WIDTH - 1.5) / columns))
    for places, mark in ((dormant, _dormant_mark(size, theme)), (empty, _empty_mark(size, theme))):
        if places:
            axes.plot(*zip(*places, strict=True), **mark)
    names = apart([layer.name for layer in diagnosis.layers], 20)
    nearest = min(np.diff(ticks), default=1) * cell
    every = math.ceil(NAME / nearest)
    axes.set_yticks(ticks[::every], names[::every], size=9)
    step = max(1, 2 ** round(math.log2(columns / 8)))
    axes.set_xticks(range(0, columns, step), [str(i + 1) for i in range(0, columns, step)], size=8)
    axes.set_xlabel("neuron" if not gap else f"neuron (the next {columns} in the line below)", size=9)
    axes.spines[:].set_visible(False)
    dress(axes, theme)


def _dormant_mark(size: float, theme: Theme) -> dict[str, Any]:
    return {"linestyle": "none", "marker": "o", "markersize": size, "color": theme.dormant,
            "markeredgecolor": theme.text, "markeredgewidth": 0.1 * size}  # fmt: skip


def _empty_mark(size: float, theme: Theme) -> dict[str, Any]:
    return {"linestyle": "none", "marker": "x", "markersize": size, "color": theme.muted, "markeredgewidth": 0.2 * size}


def _colour(neuron: Neuron, layer: Layer, ramp: Array, theme: Theme) -> Any:
    from matplotlib.colors import to_rgba

    if neuron.dead:
        return to_rgba(theme.dead)
    if neuron.vanishing_ratio is None:
        return to_rgba(theme.background)
    if layer.function.rowwise:
        return ramp[round(100 * neuron.vanishing_ratio)]
    return ramp[round(100 * ((neuron.saturated_low_ratio or 0.0) + (neuron.saturated_high_ratio or 0.0)))]


def _map_handles(diagnosis: Diagnosis, theme: Theme) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    what = "vanishing" if _all_rowwise(diagnosis) else "saturated"
    none, half, whole = theme.colours(theme.share, 3)
    handles: list[Any] = [
        Patch(facecolor=none, edgecolor=theme.edge, linewidth=0.5, label=f"0 % of its values {what}"),
        Patch(facecolor=half, label="50 %"),
        Patch(facecolor=whole, label="100 %"),
        Patch(facecolor=theme.dead, label="dead"),
    ]
    if any(neuron.dormant and not neuron.dead for neuron in diagnosis.neurons):
        handles.append(Line2D([], [], label="dormant", **_dormant_mark(5.0, theme)))
    if any(neuron.vanishing_ratio is None for neuron in diagnosis.neurons):
        handles.append(Line2D([], [], label="no values", **_empty_mark(5.0, theme)))
    return handles


def _gradient(axes: Axes, diagnosis: Diagnosis, theme: Theme) -> None:
    """The products over each layer and those after it; one that is 0 is an arrow at the foot."""
    layers = diagnosis.layers
    places = range(len(layers))
    products = [
        [math.nan if value is None else value for value in column]
        for column in (
            [layer.cumulative_mean_gradient for layer in layers],
            [layer.cumulative_rms_gradient for layer in layers],
        )
    ]
    foot, _ = log_axis(axes, [*products[0], *products[1], diagnosis.criteria.thresholds.epsilon])
    for values, (colour, dashes, marker) in zip(products, _products(theme), strict=True):
        seen = [value if value > 0 else math.nan for value in values]
        axes.plot(places, seen, color=colour, linestyle=dashes, marker=marker, markersize=4.5, linewidth=1.5)
        gone = [place for place, value in zip(places, values, strict=True) if value == 0.0]
        if gone:
            axes.plot(gone, [foot] * len(gone), linestyle="none", marker="v", color=colour, clip_on=False)
    axes.axhline(diagnosis.criteria.thresholds.epsilon, color=theme.muted, linewidth=0.9, linestyle=(0, (1, 2)))
    axes.set_ylabel("product", size=9)


def _products(theme: Theme) -> list[tuple[str, Any, str]]:
    return [(theme.sequence[0], "-", "o"), (theme.sequence[1], (0, (4, 2)), "s")]


def _gradient_handles(diagnosis: Diagnosis, theme: Theme) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, linestyle=dashes, marker=marker, markersize=4.5, linewidth=1.5, label=label)
        for (colour, dashes, marker), label in zip(_products(theme), ("mean|f'|", "rms f'"), strict=True)
    ]
    handles.append(Line2D([], [], color=theme.muted, linewidth=0.9, linestyle=(0, (1, 2)), label="epsilon"))
    if any(0.0 in (layer.cumulative_mean_gradient, layer.cumulative_rms_gradient) for layer in diagnosis.layers):
        handles.append(Line2D([], [], linestyle="none", marker="v", color=theme.muted, label="0"))
    return handles
