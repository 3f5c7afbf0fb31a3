"""The curves of f, f' and f'' as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from actcli.activation import Function, Interval
from actcli.analysis.curves import NAMES, Curve, sample
from actcli.figures import panels
from actcli.figures.marks import Key, Shade, Stroke
from actcli.figures.page import Page, Panel, Row, Section, compose
from actcli.figures.panels import Family, Member
from actcli.figures.style import DASHES, SMALL, THEMES, Theme, text_width
from actcli.numerics.histogram import Histogram
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Named = tuple[str, Histogram]

# Inches.
WIDTH = 7.0
HEIGHTS = (3.4, 2.6, 2.6)  # of f, f' and f''
BARS = 0.2  # of a function where it vanishes
STRIP = 0.52  # of a distribution
GAP, FOOT = 0.14, 0.5
TALL = 2.2  # of a panel of one function
TITLE = 0.25  # of a panel


def curves(
    families: Sequence[Sequence[Function]],
    *,
    order: int = 0,
    epsilon: float,
    span: Interval | None = None,
    data: Sequence[Named] = (),
    separate: bool = False,
    theme: str = "light",
    size: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """f and its derivatives up to `order`, where |f'| < epsilon, kinks, and the distributions of `data` under them.

    A family of several functions, a sweep, has a colour bar. One panel for each derivative, or if `separate` for each
    family. `size` is in inches. Raises UsageError where that is too little.
    """
    look = THEMES[theme]
    drawn = _families(families, epsilon, span, [histogram for _, histogram in data], look)
    sections = (_separate if separate else _stacked)(drawn, order, epsilon, data, look)
    return compose(Page(sections, look, title, width=WIDTH, size=size))


def _stacked(
    families: Sequence[Family], order: int, epsilon: float, data: Sequence[Named], theme: Theme
) -> list[Section]:
    """A panel for each derivative, then the bars of the vanishing regions, then the distributions, above one x axis."""
    members = [member for family in families for member in family.members]
    drawn = [member.curve for member in members]
    alone = len(members) == 1
    shade = [Shade(drawn[0].visible(), f"|f'| < {epsilon:g}{_where(drawn[0])}", theme)] if alone else []
    names = [] if alone else [short(member.name) for member in members]
    names += [line for each in data for line in panels.beside(*each, drawn).split("\n")]
    left = max(0.8, 0.2 + text_width(names, SMALL))
    rows = [
        Row([panels.derivative(families, number, theme, shade=shade)], HEIGHTS[number], left, below=GAP, elastic=True)
        for number in range(order + 1)
    ]
    if not alone:
        bars = panels.vanishing(members, epsilon)
        rows.append(Row([bars], BARS * len(members) + 0.1, left, above=TITLE - GAP, below=GAP))
    if data:
        rows.append(Row([panels.distributions(data, drawn, theme, shade)], STRIP * len(data), left, below=GAP))
    return [Section([*map(_above, rows[:-1]), replace(rows[-1], below=FOOT)], beside=_colour_bars(families))]


def _above(row: Row) -> Row:
    """A row over one with the same x axis."""
    return replace(row, panels=[replace(panel, numbered=False) for panel in row.panels])


def _where(curve: Curve) -> str:
    """Where the gradient vanishes, in words."""
    if not curve.visible():
        return f" {panels.unseen(curve)}"
    if len(curve.regions) > 2:
        return f" in {len(curve.regions)} intervals"
    return ": " + " or ".join(region.condition(4) for region in curve.regions)


def _separate(
    families: Sequence[Family], order: int, epsilon: float, data: Sequence[Named], theme: Theme
) -> list[Section]:
    """A panel for each family with f and its derivatives, all above the same x axis, and the data behind them."""
    across = min(len(families), 3 if len(families) != 4 else 2)
    swept = [bool(family.parameter) for family in families]
    keys: list[Key] = [
        (NAMES[number], Stroke(theme.text if all(swept) else theme.order(number), panels.ORDERS[number]))
        for number in range(order + 1)
    ]
    shade = f"|f'| < {epsilon:g}{' of every member' if any(swept) else ''}"
    whole = reduce(Histogram.merge, (histogram for _, histogram in data), Histogram.empty())
    drawn = [panels.function(family, keys, shade, whole, theme) for family in families]
    drawn = [replace(panel, numbered=index + across >= len(drawn)) for index, panel in enumerate(drawn)]
    rows = [
        Row(drawn[i : i + across], TALL, 0.55, 0.5, above=TITLE, below=0.1, places=across, elastic=True)
        for i in range(0, len(drawn), across)
    ]
    return [Section([*rows[:-1], replace(rows[-1], below=FOOT)], beside=_colour_bars(families))]


def _colour_bars(families: Sequence[Family]) -> list[Panel]:
    return [panels.colour_bar(family) for family in families if family.parameter]


def _families(
    families: Sequence[Sequence[Function]],
    epsilon: float,
    span: Interval | None,
    data: Sequence[Histogram],
    theme: Theme,
) -> list[Family]:
    sampled = iter(sample([f for family in families for f in family], epsilon=epsilon, span=span, data=data))
    swept = any(len(family) > 1 for family in families)
    found, single = [], 0
    for family in families:
        curves = [next(sampled) for _ in family]
        if len(family) > 1:
            found.append(_sweep(family, curves, theme))
            continue
        look = Stroke(theme.order(single), DASHES[(single + swept) % len(DASHES)])
        single += 1
        found.append(Family(curves[0].label, "", (), (Member(curves[0], curves[0].label, look),)))
    return found


def _sweep(functions: Sequence[Function], curves: Sequence[Curve], theme: Theme) -> Family:
    first, second = functions[0].parameters, functions[1].parameters
    parameter = next(name for name in first if first[name] != second[name])
    fixed = tuple(pair for pair in functions[0].values if pair[0] != parameter)
    label = replace(functions[0], values=fixed).label
    values = [function.parameters[parameter] for function in functions]
    places = sorted(values)
    colours = theme.colours(theme.ramp, len(values))
    members = [
        Member(
            curve,
            f"{label}{',' if ':' in label else ':'}{parameter}={value:g}",
            Stroke(colours[places.index(value)]),
        )
        for curve, value in zip(curves, values, strict=True)
    ]
    return Family(label, parameter, tuple(values), tuple(members))
