"""The panels that figures are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.curves import NAMES, Curve, limits, shares
from actcli.figures.marks import (
    Colour,
    Decay,
    Fill,
    Key,
    Kinks,
    Lengths,
    Level,
    Line,
    Mark,
    Ranges,
    Shade,
    Steps,
    Stroke,
    Swatches,
    cross,
)
from actcli.figures.page import Panel, inches
from actcli.figures.style import SMALL, Theme, fitting, text_width
from actcli.numerics.histogram import Histogram
from actcli.text import apart, percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 80  # of the histogram of a layer
ORDERS = ((), (5, 2), (1.5, 1.5))  # dashes of f, f' and f'' in one panel


@dataclass(frozen=True, slots=True)
class Member:
    """A curve, its name and how it is drawn."""

    curve: Curve
    name: str
    look: Stroke


@dataclass(frozen=True, slots=True)
class Family:
    """The curves of one FUNCTION argument; several where it is a sweep over `parameter`, by its `values`."""

    name: str
    parameter: str
    values: tuple[float, ...]
    members: tuple[Member, ...]


def derivative(families: Sequence[Family], order: int, theme: Theme, *, shade: Sequence[Mark] = ()) -> Panel:
    """One derivative of every curve, with its kinks. A member of a sweep has no entry in the legend."""
    members = [member for family in families for member in family.members]
    lines: list[Mark] = []
    for family in families:
        for each in family.members:
            key = None if family.parameter else (each.name, each.look)
            lines.append(Line(each.curve.x, each.curve.derivative(order), each.look, each.name, key))
    kinks = [Kinks(each.curve, order, each.look.colour, theme) for each in members]
    span = members[0].curve.span
    seen = limits([each.curve.derivative(order) for each in members], span)

    def frame(axes: Axes) -> None:
        axes.set(xlim=span, ylim=seen, xlabel="x")
        name_y(axes, NAMES[order])

    return Panel([*cross(theme), *lines, *shade, *kinks], frame)


def side_by_side(members: Sequence[Member], order: int, theme: Theme) -> Panel:
    """One derivative of every curve, without its kinks, under its name."""
    span = members[0].curve.span
    values = [each.curve.derivative(order) for each in members]
    seen = limits(values, span)
    lines = [Line.named(each.curve.x, y, each.look, each.name) for each, y in zip(members, values, strict=True)]
    return Panel([*cross(theme), *lines], lambda axes: axes.set(xlim=span, ylim=seen, xlabel="x"), NAMES[order])


def function(family: Family, keys: Sequence[Key], shade: str, data: Histogram, theme: Theme) -> Panel:
    """f and its derivatives of one family, a key for each, the shade where every member vanishes, the data behind."""
    orders = range(len(keys))
    drawn = [
        (member.curve, order, member.look.colour if family.parameter else theme.order(order))
        for member in family.members
        for order in orders
    ]
    curves = [member.curve for member in family.members]
    span = curves[0].span
    low, high = limits([curve.derivative(order) for curve in curves for order in orders], span)
    marks = cross(theme)
    for curve, order, colour in drawn:
        look = Stroke(colour, ORDERS[order])
        marks.append(Line(curve.x, curve.derivative(order), look, NAMES[order], keys[order], 3 - order / 4))
    marks.append(Shade(reduce(_common, [curve.visible() for curve in curves]), shade, theme))
    marks += [Kinks(*each, theme) for each in drawn]
    if data.total:
        ends = np.linspace(*span, 101)
        counts = data.spread(ends)
        tops = low + 0.25 * (high - low) * counts / max(counts.max(), 1e-300)
        marks.append(Steps(ends, tops, low, Fill(theme.data), "pre-activations", 0.5))
    return Panel(marks, lambda axes: axes.set(xlim=span, ylim=(low, high), xlabel="x"), family.name)


def _common(a: Sequence[Interval], b: Sequence[Interval]) -> list[Interval]:
    both = [(max(low, start), min(high, stop)) for low, high in a for start, stop in b]
    return [(low, high) for low, high in both if low <= high]


def name_y(axes: Axes, name: str) -> None:
    """The name of a y axis, in one line with those of the panels above and below."""
    axes.set_ylabel(name)
    axes.yaxis.set_label_coords(-0.58 / inches(axes)[0], 0.5)


def unseen(curve: Curve) -> str:
    """What to say of vanishing regions that cannot be shown."""
    return "outside this span" if curve.regions else "nowhere"


def vanishing(members: Sequence[Member], epsilon: float) -> Panel:
    """A row for each function with bars where its gradient vanishes."""
    marks: list[Mark] = [
        Ranges(row, each.curve.visible(), Fill(each.look.colour, each.look.colour), unseen(each.curve))
        for row, each in enumerate(members)
    ]

    def frame(axes: Axes) -> None:
        axes.set(xlim=members[0].curve.span, ylim=(len(members) - 0.4, -0.6), xlabel="x")
        axes.set_yticks(range(len(members)), [short(member.name) for member in members])
        axes.tick_params(axis="y", length=0, labelsize=SMALL)

    return Panel(marks, frame, f"|f'| < {epsilon:g}")


def distributions(
    data: Sequence[tuple[str, Histogram]], curves: Sequence[Curve], theme: Theme, shade: Sequence[Mark]
) -> Panel:
    """Each distribution in a row of its own, as high as its highest bin; what lies in the shade is dark."""
    span = curves[0].span
    ends = np.linspace(*span, 141)
    shaded = [(region.start, region.stop) for region in curves[0].regions] if len(curves) == 1 else []
    marks: list[Mark] = []
    for number, (_, histogram) in enumerate(data):
        counts = histogram.spread(ends)
        scale, base = 0.8 / max(counts.max(), 1e-300), number + 0.45
        for part, colour in ((counts, theme.data), (histogram.within(shaded, ends), theme.text)):
            marks.append(Steps(ends, base - scale * part, base, Fill(colour)))

    def frame(axes: Axes) -> None:
        axes.set(xlim=span, ylim=(len(data) - 0.5, -0.5), xlabel="x")
        axes.set_yticks([number + 0.05 for number in range(len(data))], [beside(*each, curves) for each in data])
        axes.tick_params(axis="y", length=0, labelsize=SMALL)

    return Panel([*marks, *shade], frame)


def beside(name: str, histogram: Histogram, curves: Sequence[Curve]) -> str:
    """The name of a distribution, and how much of it lies in the shade and out of sight."""
    if not histogram.total:
        return f"{short(name)}\nno values"
    shaded, outside = shares(histogram, curves)
    parts = [short(name), *([] if shaded is None else [f"{percent(shaded)} shaded"])]
    return "\n".join([*parts, *([f"{percent(outside)} out of sight"] if outside > 5e-4 else [])])


def colour_bar(family: Family) -> Panel:
    """The colours of a sweep, one field for each value, ascending; at most a dozen are named."""
    order = sorted(range(len(family.values)), key=lambda i: family.values[i])
    step = math.ceil(len(order) / 12)

    def frame(axes: Axes) -> None:
        axes.yaxis.tick_right()
        axes.yaxis.set_label_position("right")
        axes.set(xticks=[], xlim=(0, 1), ylim=(-0.5, len(order) - 0.5))
        axes.set_yticks(range(0, len(order), step), [f"{family.values[i]:g}" for i in order[::step]])
        axes.set_ylabel(fitting(f"{family.name}: {family.parameter}", inches(axes)[1]))
        axes.spines[:].set_visible(False)

    return Panel([Swatches([family.members[i].look.colour for i in order])], frame)


def pre_activations(
    name: str,
    histogram: Histogram,
    span: Interval,
    of: Function,
    sides: Sequence[tuple[str, float | None, Sequence[Interval]]],
    theme: Theme,
) -> Panel:
    """Each bin as high as its count, its saturated part coloured; |f'| above it, as high as its largest value.

    `sides`, low and high: their name, the share of the values there, and where that is.
    """
    width = (span[1] - span[0]) / BINS
    steps = range(math.floor(span[0] / width), math.ceil(span[1] / width) + 1)
    ends = np.array([width * step for step in steps])  # one of them is 0
    counts = histogram.spread(ends)
    scale = 1.0 / max(counts.max(), 1e-300)
    marks: list[Mark] = []
    base = 0.0 * counts
    for (side, _, regions), colour in zip(sides, (theme.low, theme.high), strict=True):
        top = base + scale * histogram.within(regions, ends)
        marks.append(Steps(ends, top, base, Fill(colour), f"saturated {side}" if regions else ""))
        base = top
    marks.append(Steps(ends, scale * counts, base, Fill(theme.data), "values"))
    if not of.rowwise:
        marks += _gradient(of, np.linspace(ends[0], ends[-1], 601), theme)
    note = ", ".join(f"{percent(share)} {side}" for side, share, _ in sides if share)

    def frame(axes: Axes) -> None:
        axes.set(xlim=(ends[0], ends[-1]), ylim=(0.0, 1.06), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.xaxis.get_offset_text().set_fontsize(8)
        axes.locator_params(axis="x", nbins=5)

    return Panel(marks, frame, name, note if histogram.total else "no values")


def _gradient(of: Function, x: Array, theme: Theme) -> list[Mark]:
    """|f'|, seen on bars of any colour."""
    gradient = np.abs(of.df(x))
    gradient = gradient / (np.nanmax(gradient[np.isfinite(gradient)], initial=0.0) or 1.0)
    seen = Stroke(theme.text, width=1.2)
    return [Line(x, gradient, Stroke(theme.background, width=2.6)), Line.named(x, gradient, seen, "|f'|")]


def products(
    names: Sequence[str], columns: Sequence[tuple[str, Sequence[float | None]]], epsilon: float, theme: Theme
) -> Panel:
    """The products over each layer and those after it, of each kind a line."""
    looks = (
        Stroke(theme.sequence[0], (), 1.5, "o", 4.5),
        Stroke(theme.sequence[1], (4, 2), 1.5, "s", 4.5),
    )
    rows = [_known(column) for _, column in columns]
    marks: list[Mark] = [
        Decay(range(len(names)), row, look, theme, label)
        for row, look, (label, _) in zip(rows, looks, columns, strict=True)
    ]
    marks.append(Level(epsilon, Stroke(theme.muted, (1, 2), 0.9), "epsilon"))

    def frame(axes: Axes) -> None:
        by_decades(axes, [*chain(*rows), epsilon])
        by_layers(axes, names)
        axes.set_ylabel("product", size=9)

    return Panel(marks, frame)


def _known(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def layer_lines(names: Sequence[str], rows: Sequence[Sequence[float | None]], looks: Sequence[Stroke]) -> Panel:
    """A line through the layers for each function; by decades where the values span more than one and a half."""
    known = [value for row in rows for value in row if value is not None]
    marks = [
        Line(range(len(names)), _known(row), replace(look, marker="o", size=4.0))
        for row, look in zip(rows, looks, strict=True)
    ]

    def frame(axes: Axes) -> None:
        by_layers(axes, names)
        if min(known, default=0.0) > 0.0 and max(known) > 30.0 * min(known):
            by_decades(axes, known)
        else:
            axes.set_ylim(0.0, 1.05 * max(known, default=0.0) or 1.0)

    return Panel(marks, frame)


def depth(variances: Sequence[Sequence[float]], looks: Sequence[Stroke], theme: Theme) -> Panel:
    """The variance of a gradient on its way through a network at initialisation, to where it is 0."""
    marks = []
    for row, look in zip(variances, looks, strict=True):
        seen = row[: row.index(0.0) + 1] if 0.0 in row else row
        marks.append(Decay(range(1, len(seen) + 1), seen, look, theme))
    longest = max(map(len, variances))

    def frame(axes: Axes) -> None:
        by_decades(axes, [value for row in variances for value in row])
        axes.set(xlabel="layers", xlim=(1 - 0.03 * longest, longest + 0.03 * longest))

    return Panel(marks, frame)


def measure_bars(
    name: str,
    values: Sequence[float | None],
    rows: Sequence[str],
    colours: Sequence[Colour],
    theme: Theme,
    level: float | None = None,
) -> Panel:
    """A bar with its number for each function, from 0, and a line at a value that tells. `rows` are named if given."""
    shown = [value if value is not None and math.isfinite(value) else 0.0 for value in values]
    numbers = ["none" if value is None else f"{value:.3g}" for value in values]
    marks: list[Mark] = [Lengths(shown, numbers, colours)]
    if level is not None:
        marks.append(Level(level, Stroke(theme.muted, (2, 2), 0.8), upright=True))
    most = max([*map(abs, shown), level or 0.0]) or 1.0

    def frame(axes: Axes) -> None:
        behind = min(0.8, (text_width(numbers, SMALL) + 0.08) / inches(axes)[0])  # room for the longest bar's number
        axes.set(xlim=(min(0.0, *shown), most / (1 - behind)), ylim=(len(shown) - 0.5, -0.5), xticks=[])
        axes.set_yticks(range(len(shown)), rows or [""] * len(shown), size=SMALL)
        axes.tick_params(axis="y", length=0)
        axes.spines["bottom"].set_visible(False)

    return Panel(marks, frame, name)


@dataclass(frozen=True, slots=True)
class Target:
    """What a function was fitted to: points, drawn as dots, or a curve."""

    x: Array
    y: Array
    name: str
    dots: bool


def fitted(start: Function, end: Function, target: Target, theme: Theme) -> tuple[Panel, Panel]:
    """Both functions and the target; and how far from it they are, with the sign."""
    x, y = target.x, target.y
    span = float(x[0]), float(x[-1])
    along = np.linspace(*span, 2001)
    dot = Stroke(theme.text, None, marker="o", size=4 if x.size < 200 else 1.5)
    looks = (Stroke(theme.order(1), (2, 1.5)), Stroke(theme.order(0)))
    goal = dot if target.dots else Stroke(theme.muted, width=4.0, alpha=0.6)
    curves = [function.f(along) for function in (start, end)]
    lines = [Line.named(along, *each) for each in zip(curves, looks, ("start", "fitted"), strict=True)]
    marks = [Line(x, y, goal, key=(target.name, goal), zorder=3 if target.dots else 1), *lines]
    away = [function.f(x) - y for function in (start, end)]
    spots = [replace(dot, colour=look.colour) if target.dots else look for look in looks]
    zero = Level(0.0, Stroke(theme.muted, width=0.6))
    left = [Line(x, *each) for each in zip(away, spots, strict=True)]
    return (
        replace(_fit_panel(marks, [y, *curves], span, "f(x)"), numbered=False),
        _fit_panel([zero, *left], away, span, "f(x) - target"),
    )


def _fit_panel(marks: Sequence[Mark], values: Sequence[Array], span: Interval, name: str) -> Panel:
    margin = 0.03 * (span[1] - span[0]) or 1.0

    def frame(axes: Axes) -> None:
        axes.set(xlim=(span[0] - margin, span[1] + margin), ylim=limits(values, span), xlabel="x")
        name_y(axes, name)

    return Panel(marks, frame)


def by_layers(axes: Axes, names: Sequence[str]) -> None:
    """An x axis of layers at 0, 1, 2 …; as many are named as have room."""
    shown = apart(names, 16)
    wide = text_width(shown, 9.0) + 0.12
    last, room = len(names) - 1, inches(axes)[0]
    pad = max(0.3, last * wide / (2 * (room - wide)))  # holds half of the first and of the last name
    step = math.ceil((last + 2 * pad) * wide / room)
    axes.set_xticks(range(0, len(names), step), shown[::step], size=9)
    axes.set_xlim(-pad, last + pad)


def by_decades(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic y axis for the positive ones among the values, by whole decades, one at least."""
    from matplotlib.ticker import FuncFormatter

    powers = [math.log10(value) for value in values if 0.0 < value < math.inf]
    low, high = math.floor(min(powers, default=-1.0)), math.ceil(max(powers, default=0.0))
    axes.set_yscale("log")
    axes.set_ylim(0.7 * 10.0**low, 1.2 * 10.0 ** max(high, low + 1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()
