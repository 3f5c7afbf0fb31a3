"""The figure of `fit`: the function before and after, its target, and the differences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.curves import limits
from actcli.figures.marks import Stroke, level, line
from actcli.figures.page import Page, Row, Section, compose
from actcli.figures.panels import plain
from actcli.figures.style import THEMES
from actcli.fitting.descent import Measure
from actcli.fitting.fit import Fit
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DOTS = 5000
SPAN = (-5.0, 5.0)


def fit_figure(fit: Fit, *, theme: str = "light") -> Figure:
    """f at the start, f fitted and the target (points as dots); below them the signed differences from the target.

    The x axis covers the points, or SPAN and 99 % of the inputs that weighted the distance.
    """
    colours, name = THEMES[theme], fit.to
    x, y = _target(fit.target, _span(fit.inputs))
    span = float(x[0]), float(x[-1])
    margin = 0.03 * (span[1] - span[0]) or 1.0
    seen = span[0] - margin, span[1] + margin
    points = isinstance(fit.target, Measure)
    dot = Stroke.dots(colours.text, size=4 if x.size < 200 else 1.5)
    goal = dot if points else Stroke(colours.muted, linewidth=4.0, alpha=0.6)
    looks = Stroke(colours.order(1), (0, (2, 1.5))), Stroke(colours.order(0))
    along = np.linspace(*span, 2001)
    values = [function.f(along) for function in (fit.start, fit.fitted)]
    marks = [line(along, *each) for each in zip(values, looks, ("start", "fitted"), strict=True)]
    upper = plain(
        [line(x, y, goal, short(name), zorder=3 if points else 1), *marks], seen, limits([y, *values], span), "f(x)"
    )
    away = [function.f(x) - y for function in (fit.start, fit.fitted)]
    marks = [
        line(x, gap, dot._replace(color=look.color) if points else look) for gap, look in zip(away, looks, strict=True)
    ]
    zero = level(0.0, Stroke(colours.muted, linewidth=0.6))
    lower = plain([zero, *marks], seen, limits(away, span), "f(x) - target")
    rows = [Row([replace(upper, numbered=False)], 2.6, 0.8, below=0.26), Row([lower], 1.7, 0.8, below=0.5)]
    found = ", ".join(f"{key} = {fit.fitted.parameters[key]:.6g}" for key in fit.parameters)
    subtitle = f"{short(found, 60)}; root mean square {fit.after.rms:.3g} over {short(fit.over)}"
    return compose(Page([Section(rows)], colours, f"{short(fit.start.name)} fitted to {short(name)}", subtitle, 7.0))


def _span(inputs: Measure | None) -> Interval:
    if inputs is None:
        return SPAN
    order = np.argsort(inputs.x)
    ends = inputs.x[order][np.searchsorted(np.cumsum(inputs.weight[order]), [0.005, 0.995])]
    return min(SPAN[0], float(ends[0])), max(SPAN[1], float(ends[1]))


def _target(target: Function | Measure, span: Interval) -> tuple[Array, Array]:
    if isinstance(target, Function):
        x = np.linspace(*span, 2001)
        return x, np.asarray(target.f(x))
    order = np.argsort(target.x, kind="stable")
    order = order[:: -(-order.size // MOST_DOTS)]
    return target.x[order], target.y[order]
