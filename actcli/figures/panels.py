"""The panels that figures are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.curves import Curve, limits, shares, spans
from actcli.figures.looks import typeset
from actcli.figures.marks import (
    Colour,
    Fill,
    Mark,
    Stroke,
    cross,
    decay,
    kinks,
    lengths,
    level,
    line,
    picture,
    ranges,
    steps,
)  # fmt: skip
from actcli.figures.page import Panel, inches, name_every
from actcli.figures.style import SMALL, Theme, fitting, printable, text_width
from actcli.numerics.histogram import Histogram
from actcli.text import apart, percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 80  # of a layer's histogram with a panel of its own
MANY_BINS = 120  # of a layer's histogram in one row of a panel
MARKED = 100  # up to this many layers, each has a marker on a line
NARROW = 3.0  # inches
LAYER = 20  # characters of a layer's name


class Trace(NamedTuple):
    """A derivative of a curve, how to draw it, and its name, which is in the legend if it is `keyed`."""

    curve: Curve
    order: int
    look: Stroke
    name: str
    keyed: bool = True

    @property
    def y(self) -> Array:
        return self.curve.derivative(self.order)


class Side(NamedTuple):
    """The low or the high side of saturation: its regions, and the share of the values there."""

    name: str
    regions: Sequence[Interval]
    share: float | None


def _across(axes: Axes, span: Interval) -> None:
    """Set up an x axis, with the same numbers in panels one above the other."""
    axes.set(xlim=span, xlabel=typeset("x"))
    if (wide := inches(axes)[0]) < NARROW:  # long numbers would overlap
        axes.locator_params(axis="x", nbins=max(2, int(2.0 * wide)), steps=[1, 2, 5, 10])


def plain(marks: Sequence[Mark], x: Interval, y: Interval, name: str = "", title: str = "") -> Panel:
    """Marks over an x axis; the label of the y axis is aligned with those of the panels above and below."""

    def frame(axes: Axes) -> None:
        _across(axes, x)
        axes.set(ylim=y, ylabel=typeset(name))
        axes.ticklabel_format(axis="y", scilimits=(-3, 4))  # longer numbers would reach the label
        axes.yaxis.set_label_coords(-0.58 / inches(axes)[0], 0.5)

    return Panel(marks, frame, title)


def curves(traces: Sequence[Trace], theme: Theme, more: Sequence[Mark] = (), name: str = "", title: str = "") -> Panel:
    """Curves, lower orders on top of higher ones, and other marks."""
    lines = [
        line(each.curve.x, each.y, each.look, typeset(each.name), keyed=each.keyed, zorder=3 - each.order / 4)
        for each in traces
    ]
    span = traces[0].curve.span
    return plain([*cross(theme), *lines, *more], span, limits([each.y for each in traces], span), name, title)


def jumps(traces: Sequence[Trace], theme: Theme) -> list[Mark]:
    """The kinks of curves."""
    return [kinks(each.curve, each.order, each.look.color, theme) for each in traces]


def _rows(axes: Axes, places: Sequence[float], names: Sequence[str], ends: Interval) -> None:
    """Set up a y axis of named rows, the first at the top."""
    axes.set_yticks(places, [*map(printable, names)], size=SMALL)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(ends[1], ends[0])


def unseen(curve: Curve) -> str:
    """Words for vanishing regions of which none is in view."""
    return "outside this span" if curve.regions else "nowhere"


def vanishing(traces: Sequence[Trace], epsilon: float) -> Panel:
    """One row per function, with bars where its gradient vanishes."""
    marks = [ranges(row, each.curve.visible(), each.look.color, unseen(each.curve)) for row, each in enumerate(traces)]

    def frame(axes: Axes) -> None:
        _across(axes, traces[0].curve.span)
        _rows(axes, range(len(traces)), [typeset(short(each.name)) for each in traces], (-0.6, len(traces) - 0.4))

    return Panel(marks, frame, f"|f'| < {epsilon:g}")


def distributions(data: Sequence[tuple[str, Histogram]], drawn: Sequence[Curve], theme: Theme) -> Panel:
    """One row per distribution, scaled to its highest bin; the part in shaded regions is dark."""
    span = drawn[0].span
    ends = np.linspace(*span, 141)
    shaded = [(region.start, region.stop) for region in drawn[0].regions] if len(drawn) == 1 else []
    marks = []
    for row, (_, histogram) in enumerate(data):
        counts = histogram.spread(ends)
        scale, base = 0.8 / max(counts.max(), 1e-300), row + 0.45
        for part, colour in ((counts, theme.data), (histogram.within(shaded, ends), theme.text)):
            marks.append(steps(ends, base - scale * part, base, Fill(colour)))

    def frame(axes: Axes) -> None:
        _across(axes, span)
        places = [row + 0.05 for row in range(len(data))]
        _rows(axes, places, [beside(*each, drawn) for each in data], (-0.5, len(data) - 0.5))

    return Panel(marks, frame)


def beside(name: str, histogram: Histogram, drawn: Sequence[Curve]) -> str:
    """The name of a distribution, and its shares in shaded regions and out of sight."""
    if not histogram.total:
        return f"{short(name)}\nno values"
    shaded, outside = shares(histogram, drawn)
    parts = [short(name), *([] if shaded is None else [f"{percent(shaded)} shaded"])]
    return "\n".join([*parts, *([f"{percent(outside)} out of sight"] if outside > 5e-4 else [])])


def colour_bar(name: str, values: Sequence[float], colours: Sequence[Colour]) -> Panel:
    """One field per value, in ascending order; at most a dozen are labelled."""
    pairs = sorted(zip(values, colours, strict=True), key=lambda pair: pair[0])
    step = math.ceil(len(pairs) / 12)

    def draw(axes: Axes) -> None:
        for place, (_, colour) in enumerate(pairs):
            axes.axhspan(place - 0.5, place + 0.5, **Fill(colour)._asdict())

    def frame(axes: Axes) -> None:
        axes.yaxis.tick_right()
        axes.yaxis.set_label_position("right")
        axes.set(xticks=[], xlim=(0, 1), ylim=(-0.5, len(pairs) - 0.5), ylabel=fitting(name, inches(axes)[1]))
        axes.set_yticks(range(0, len(pairs), step), [f"{value:.4g}" for value, _ in pairs[::step]], size=SMALL)
        axes.yaxis.set_label_coords(0.68 / inches(axes)[0], 0.5)
        axes.spines[:].set_visible(False)

    return Panel([Mark(draw)], frame)


def pre_activations(
    name: str, histogram: Histogram, span: Interval, function: Function, sides: Sequence[Side], theme: Theme
) -> Panel:
    """A histogram with its saturated part in colour, and |f'| over it, both scaled to the height of the panel."""
    width = (span[1] - span[0]) / BINS
    places = range(math.floor(span[0] / width), math.ceil(span[1] / width) + 1)
    ends = np.array([width * place for place in places])  # 0 is one of them
    counts = histogram.spread(ends)
    scale = 1.0 / max(counts.max(), 1e-300)
    marks, base = [], 0.0 * counts
    for side, colour in zip(sides, (theme.low, theme.high), strict=True):
        top = base + scale * histogram.within(side.regions, ends)
        marks.append(steps(ends, top, base, Fill(colour), f"saturated {side.name}" if side.regions else ""))
        base = top
    marks.append(steps(ends, scale * counts, base, Fill(theme.data), "values"))
    if not function.rowwise:
        x = np.linspace(ends[0], ends[-1], 601)
        gradient = np.abs(function.df(x))
        gradient = gradient / (np.nanmax(gradient[np.isfinite(gradient)], initial=0.0) or 1.0)
        marks.append(
            line(x, gradient, Stroke(theme.background, linewidth=2.6))
        )  # an outline, against bars of any colour
        marks.append(line(x, gradient, Stroke(theme.text, linewidth=1.2), "|f'|"))

    def frame(axes: Axes) -> None:
        axes.set(xlim=(ends[0], ends[-1]), ylim=(0.0, 1.06), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.xaxis.get_offset_text().set_fontsize(8)
        axes.locator_params(axis="x", nbins=5)

    note = ", ".join(f"{percent(side.share)} {side.name}" for side in sides if side.share)
    return Panel(marks, frame, name, note if histogram.total else "no values")


def many_distributions(
    names: Sequence[str],
    histograms: Sequence[Histogram],
    sides: Sequence[tuple[Sequence[Interval], Sequence[Interval]]],
    theme: Theme,
) -> Panel:
    """One row per layer on one x axis: the darker a field, the more values, with colours where f saturates low or
    high. The axis fits most layers; values beyond it are in the fields at its ends."""
    from matplotlib.colors import to_rgba

    low, high = np.quantile(np.array(spans(histograms)), (0.05, 0.95), axis=0)
    span = float(low[0]), float(high[1])
    ends = np.linspace(*span, MANY_BINS + 1)
    reached = np.array([-math.inf, *ends[1:-1], math.inf])
    background, *colours = (np.array(to_rgba(c)) for c in (theme.background, theme.data, theme.low, theme.high))
    image = np.empty((len(names), MANY_BINS, 4))
    for row, (histogram, regions) in enumerate(zip(histograms, sides, strict=True)):
        counts = histogram.spread(reached)
        share = [histogram.within(side, reached) / np.maximum(counts, 1e-300) for side in regions]
        parts = [1.0 - share[0] - share[1], *share]
        colour = sum(part[:, None] * each for part, each in zip(parts, colours, strict=True))
        height = np.sqrt(counts / max(counts.max(), 1e-300))[:, None]
        image[row] = np.clip((1.0 - height) * background + height * colour, 0.0, 1.0)
    keys = [("values", Fill(theme.data)), ("saturated low", Fill(theme.low)), ("saturated high", Fill(theme.high))]

    def frame(axes: Axes) -> None:
        step = name_every(len(names), inches(axes)[1] / len(names))
        axes.set_yticks(range(0, len(names), step), [*map(printable, apart(names, LAYER)[::step])], size=9)
        _across(axes, span)
        axes.set_ylim(len(names) - 0.5, -0.5)

    return Panel([picture(image, keys, span)], frame)


def products(
    names: Sequence[str], mean: Sequence[float | None], rms: Sequence[float | None], epsilon: float, theme: Theme
) -> Panel:
    """The products of mean|f'| and of rms f' over each layer and those after it."""
    means, squares = known(mean), known(rms)
    first, second = Stroke(theme.order(0), "-", 1.5, "o", 4.5), Stroke(theme.order(1), (0, (4, 2)), 1.5, "s", 4.5)
    if len(names) > MARKED:
        first, second = first._replace(marker=""), second._replace(marker="")
    marks = [
        decay(range(len(names)), means, first, theme, "mean|f'|"),
        decay(range(len(names)), squares, second, theme, "rms f'"),
        level(epsilon, Stroke(theme.muted, (0, (1, 2)), 0.9), "epsilon"),
    ]

    def frame(axes: Axes) -> None:
        by_decades(axes, [*means, *squares, epsilon])
        by_layers(axes, names)
        axes.set_ylabel("product", size=9)

    return Panel(marks, frame)


def known(values: Sequence[float | None]) -> list[float]:
    """NaN for None, which matplotlib leaves out."""
    return [math.nan if value is None else value for value in values]


def through_layers(names: Sequence[str], rows: Sequence[Sequence[float | None]], looks: Sequence[Stroke]) -> Panel:
    """A line through the layers for each function, on a logarithmic axis if values differ by a factor over 30."""
    values = [value for value in chain(*rows) if value is not None]
    looks = [look._replace(marker="o", markersize=4.0) for look in looks]
    marks = [line(range(len(names)), known(row), look) for row, look in zip(rows, looks, strict=True)]

    def frame(axes: Axes) -> None:
        by_layers(axes, names)
        if min(values, default=0.0) > 0.0 and max(values) > 30.0 * min(values):
            by_decades(axes, values)
        else:
            axes.set_ylim(0.0, 1.05 * max(values, default=0.0) or 1.0)

    return Panel(marks, frame)


def through_depth(variances: Sequence[Sequence[float]], looks: Sequence[Stroke], theme: Theme) -> Panel:
    """The variance of a gradient passing through a network at initialisation, until it is 0."""
    seen = [row[: row.index(0.0) + 1] if 0.0 in row else row for row in variances]
    marks = [decay(range(1, len(row) + 1), row, look, theme) for row, look in zip(seen, looks, strict=True)]
    most = max(map(len, variances))

    def frame(axes: Axes) -> None:
        by_decades(axes, list(chain(*variances)))
        axes.set(xlabel="layers", xlim=(1 - 0.03 * most, 1.03 * most))

    return Panel(marks, frame)


def bars(
    title: str, values: Sequence[float | None], colours: Sequence[Colour], names: Sequence[str], mark: Mark | None
) -> Panel:
    """A bar from 0 with its number for each function; the scale leaves room for the number of the longest bar."""
    shown = [value if value is not None and math.isfinite(value) else 0.0 for value in values]
    numbers = ["none" if value is None else f"{value:.3g}" for value in values]

    def frame(axes: Axes) -> None:
        behind = min(0.8, (text_width(numbers, SMALL) + 0.08) / inches(axes)[0])
        most = max([*map(abs, shown), 1.0 if mark else 0.0]) or 1.0
        axes.set(xlim=(min(0.0, *shown), most / (1 - behind)), xticks=[])
        _rows(axes, range(len(shown)), names, (-0.5, len(shown) - 0.5))
        axes.spines["bottom"].set_visible(False)

    return Panel([lengths(shown, numbers, colours), *([mark] if mark else [])], frame, title)


def by_layers(axes: Axes, names: Sequence[str]) -> None:
    """Set up an x axis of layers at 0, 1, 2 …, with as many names as fit."""
    shown = apart([*map(printable, names)], 16)
    wide = text_width(shown, 9.0) + 0.12
    last, room = len(names) - 1, inches(axes)[0]
    pad = max(0.3, last * wide / (2 * (room - wide)))  # holds half of the first and of the last name
    step = math.ceil((last + 2 * pad) * wide / room)
    axes.set_xticks(range(0, len(names), step), shown[::step], size=9)
    axes.set_xlim(-pad, last + pad)


def by_decades(axes: Axes, values: Sequence[float]) -> None:
    """Set up a logarithmic y axis that covers the positive values with whole decades, at least one."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    powers = [math.log10(value) for value in values if 0.0 < value < math.inf]
    low, high = math.floor(min(powers, default=-1.0)), math.ceil(max(powers, default=0.0))
    axes.set_yscale("log")
    low, high = max(low, -290), min(max(high, low + 1), 290)  # so that these powers and their neighbours are doubles
    axes.set_ylim(0.7 * 10.0**low, 1.2 * 10.0 ** max(high, low + 1))
    if high - low > 100:  # matplotlib's ticks would overflow
        axes.yaxis.set_major_locator(FixedLocator([10.0**power for power in range(low, high + 1, 50)]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()
