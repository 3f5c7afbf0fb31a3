"""The curves of f, f' and f'' as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actcli.activation import Function, Interval
from actcli.analysis.curves import Curve, sample
from actcli.figures.multiples import multiples
from actcli.figures.parts import Family, Line, Named
from actcli.figures.stacked import stacked
from actcli.figures.style import DASHES, THEMES, Theme, styled
from actcli.numerics.histogram import Histogram

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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

    A family of several functions, a sweep, has a colour bar. A panel a derivative, or if `separate` a panel a family.
    `size` is in inches. Raises UsageError where that is too little.
    """
    look = THEMES[theme]
    drawn = _families(families, epsilon, span, [histogram for _, histogram in data], look)
    with styled(look):
        draw = multiples if separate else stacked
        return draw(drawn, order, epsilon, data, look, size, title)


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
        colour, dashes = theme.sequence[single % len(theme.sequence)], DASHES[(single + swept) % len(DASHES)]
        single += 1
        label = curves[0].label
        found.append(Family(label, "", (), (Line(curves[0], label, colour, dashes),)))
    return found


def _sweep(functions: Sequence[Function], curves: Sequence[Curve], theme: Theme) -> Family:
    first, second = functions[0].parameters, functions[1].parameters
    parameter = next(name for name in first if first[name] != second[name])
    fixed = tuple(pair for pair in functions[0].values if pair[0] != parameter)
    label = replace(functions[0], values=fixed).label
    values = [function.parameters[parameter] for function in functions]
    places = sorted(values)
    colours = theme.colours(theme.ramp, len(values))
    lines = [
        Line(curve, f"{label}{',' if ':' in label else ':'}{parameter}={value:g}", colours[places.index(value)], ())
        for curve, value in zip(curves, values, strict=True)
    ]
    return Family(label, parameter, tuple(values), tuple(lines))
