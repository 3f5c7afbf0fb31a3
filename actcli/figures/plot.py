"""The figure of `plot`: the curves of f, f' and f''."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Function, Interval
from actcli.analysis.curves import NAMES, Curve, limits, sample
from actcli.analysis.titles import titles
from actcli.figures import panels
from actcli.figures.looks import typeset
from actcli.figures.marks import Fill, Mark, Stroke, shade, steps
from actcli.figures.page import Page, Panel, Row, Section, compose
from actcli.figures.panels import Trace
from actcli.figures.style import DASHES, SMALL, THEMES, Theme, text_width
from actcli.numerics.histogram import Histogram
from actcli.reports.look import Layout
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Named = tuple[str, Histogram]

# Inches.
WIDTH = 7.0
HEIGHTS = (3.4, 2.6, 2.6)  # of f, f' and f''
BARS = 0.2  # per function, with bars where its gradient vanishes
STRIP = 0.52  # per distribution
GAP, FOOT = 0.14, 0.5
TALL = 2.2  # of the panel of one function
TITLE = 0.25  # of a panel
ORDERS = ((0, ()), (0, (5, 2)), (0, (1.5, 1.5)))  # lines of f, f' and f'' in one panel


@dataclass(frozen=True, slots=True)
class Family:
    """The curves of one FUNCTION argument as traces of f; a sweep over `values` has several."""

    name: str
    traces: tuple[Trace, ...]
    values: tuple[float, ...] = ()
    parameter: str = ""


def curves(
    families: Sequence[Sequence[Function]],
    *,
    order: int = 0,
    epsilon: float,
    span: Interval | None = None,
    data: Sequence[Named] = (),
    layout: Layout = "shared",
    theme: str = "light",
    size: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """f and its derivatives up to `order`, the regions of |f'| < epsilon, kinks, and the distributions of `data` below.

    A family of several functions, a sweep, has a colour bar. There is a panel per derivative, `shared` by all families,
    or a `separate` one per family, or `one` for everything. `size` is in inches. Raises UsageError if it is too small.
    """
    look = THEMES[theme]
    every = [function for family in families for function in family]
    drawn = _families(families, sample(every, epsilon=epsilon, span=span, data=[values for _, values in data]), look)
    rows = {"shared": _stacked, "separate": _separate, "one": _together}[layout](drawn, order, epsilon, data, look)
    beside = [
        panels.colour_bar(
            f"{family.name}: {family.parameter}", family.values, [each.look.color for each in family.traces]
        )
        for family in drawn
        if family.values
    ]
    return compose(Page([Section(rows, beside=beside)], look, title, width=WIDTH, size=size))


def _stacked(families: Sequence[Family], order: int, epsilon: float, data: Sequence[Named], theme: Theme) -> list[Row]:
    """A panel per derivative, then the bars of the vanishing regions, then the distributions, over one x axis."""
    traces = [trace for family in families for trace in family.traces]
    drawn = [trace.curve for trace in traces]
    alone = len(traces) == 1
    names = [] if alone else [short(trace.name) for trace in traces]
    names += [line for each in data for line in panels.beside(*each, drawn).split("\n")]
    left = max(0.8, 0.2 + text_width(names, SMALL))
    shaded = [shade(drawn[0].visible(), f"|f'| < {epsilon:g}{_where(drawn[0])}", theme)] if alone else []
    rows = []
    for number in range(order + 1):
        ordered = [trace._replace(order=number) for trace in traces]
        panel = panels.curves(ordered, theme, [*shaded, *panels.jumps(ordered, theme)], NAMES[number])
        rows.append(Row([panel], HEIGHTS[number], left, below=GAP, elastic=True))
    if not alone:
        bars = panels.vanishing(traces, epsilon)
        rows.append(Row([bars], BARS * len(traces) + 0.1, left, above=TITLE - GAP, below=GAP))
    if data:
        strips = panels.distributions(data, drawn, theme)
        strips = replace(strips, marks=[*strips.marks, *shaded])
        rows.append(Row([strips], STRIP * len(data), left, below=GAP))
    above = [replace(row, panels=[replace(row.panels[0], numbered=False)]) for row in rows[:-1]]
    return [*above, replace(rows[-1], below=FOOT)]


def _together(families: Sequence[Family], order: int, epsilon: float, data: Sequence[Named], theme: Theme) -> list[Row]:
    """Everything in one panel: colours are functions, dashes are derivatives."""
    traces = [trace for family in families for trace in family.traces]
    if order == 0:
        return _only(_stacked(families, order, epsilon, data, theme))
    drawn = [
        Trace(each.curve, number, each.look._replace(linestyle=ORDERS[number]), each.name, each.keyed and not number)
        for each in traces
        for number in range(order + 1)
    ]
    alone = len(traces) == 1
    marks = [shade(traces[0].curve.visible(), f"|f'| < {epsilon:g}", theme)] if alone else []
    ways = [(typeset(NAMES[number]), Stroke(theme.text, ORDERS[number])) for number in range(order + 1)]
    marks.append(Mark(lambda axes: None, ways))
    panel = panels.curves(drawn, theme, [*marks, *panels.jumps(drawn, theme)])
    return [Row([panel], HEIGHTS[0], 0.55, above=0.08, below=FOOT, elastic=True)]


def _only(rows: Sequence[Row]) -> list[Row]:
    """The first panel, with the x axis of the last."""
    return [replace(rows[0], panels=[replace(rows[0].panels[0], numbered=True)], below=FOOT)]


def _where(curve: Curve) -> str:
    """Where the gradient vanishes, in words, to follow a label."""
    if not curve.visible():
        return f" {panels.unseen(curve)}"
    if len(curve.regions) > 2:
        return f" in {len(curve.regions)} intervals"
    return ": " + " or ".join(region.condition(4) for region in curve.regions)


def _separate(families: Sequence[Family], order: int, epsilon: float, data: Sequence[Named], theme: Theme) -> list[Row]:
    """A panel per family with f and its derivatives over the same x axis, and the data behind them."""
    across = min(len(families), 3 if len(families) != 4 else 2)
    whole = reduce(Histogram.merge, (histogram for _, histogram in data), Histogram.empty())
    swept = [bool(family.values) for family in families]
    marks = []
    if all(swept):  # colours stand for values, so the legend explains the dashes
        marks.append(Mark(lambda axes: None, [(NAMES[i], Stroke(theme.text, ORDERS[i])) for i in range(order + 1)]))
    label = f"|f'| < {epsilon:g}{' of every member' if any(swept) else ''}"
    drawn: list[Panel] = []
    for index, family in enumerate(families):
        panel = _function(family, order, label, whole, theme, marks)
        drawn.append(replace(panel, numbered=index + across >= len(families)))
    rows = [
        Row(drawn[i : i + across], TALL, 0.55, 0.5, above=TITLE, below=0.1, places=across, elastic=True)
        for i in range(0, len(drawn), across)
    ]
    return [*rows[:-1], replace(rows[-1], below=FOOT)]


def _function(family: Family, order: int, label: str, data: Histogram, theme: Theme, more: Sequence[Mark]) -> Panel:
    """f and its derivatives, shaded where the gradient of every member vanishes, with the data in the lower quarter."""
    traces = [
        Trace(each.curve, number, Stroke(each.look.color if family.values else theme.order(number), ORDERS[number]),
              NAMES[number], not family.values)
        for each in family.traces
        for number in range(order + 1)
    ]  # fmt: skip
    marks = [*more, shade(reduce(_common, [each.curve.visible() for each in family.traces]), label, theme)]
    if data.total:
        span = traces[0].curve.span
        low, high = limits([trace.y for trace in traces], span)
        ends = np.linspace(*span, 101)
        counts = data.spread(ends)
        tops = low + 0.25 * (high - low) * counts / max(counts.max(), 1e-300)
        marks.append(steps(ends, tops, low, Fill(theme.data), "pre-activations", 0.5))
    return panels.curves(traces, theme, [*marks, *panels.jumps(traces, theme)], title=family.name)


def _common(a: Sequence[Interval], b: Sequence[Interval]) -> list[Interval]:
    both = [(max(low, start), min(high, stop)) for low, high in a for start, stop in b]
    return [(low, high) for low, high in both if low <= high]


def _families(families: Sequence[Sequence[Function]], sampled: Sequence[Curve], theme: Theme) -> list[Family]:
    left = iter(sampled)
    swept = any(len(family) > 1 for family in families)
    found: list[Family] = []
    for family in families:
        drawn = [next(left) for _ in family]
        if len(family) > 1:
            found.append(_sweep(family, drawn, theme))
            continue
        single = sum(not each.values for each in found)
        look = Stroke(theme.order(single), (0, DASHES[(single + swept) % len(DASHES)]))
        found.append(Family(drawn[0].label, (Trace(drawn[0], 0, look, drawn[0].label),)))
    return found


def _sweep(functions: Sequence[Function], drawn: Sequence[Curve], theme: Theme) -> Family:
    first, second = functions[0].parameters, functions[1].parameters
    parameter = next(name for name in first if first[name] != second[name])
    fixed = tuple(pair for pair in functions[0].values if pair[0] != parameter)
    (label,) = titles([replace(functions[0], values=fixed)])
    values = tuple(function.parameters[parameter] for function in functions)
    colours = dict(zip(sorted(values), theme.colours(theme.ramp, len(values)), strict=True))
    traces = [
        Trace(curve, 0, Stroke(colours[value]), curve.label, keyed=False)
        for curve, value in zip(drawn, values, strict=True)
    ]
    return Family(label, tuple(traces), values, parameter)
