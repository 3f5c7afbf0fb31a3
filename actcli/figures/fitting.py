"""A fit as a figure: the function before and after beside its target, and what is left between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.figures import panels
from actcli.figures.page import Page, Row, Section, compose
from actcli.figures.style import THEMES
from actcli.fitting.descent import Measure
from actcli.fitting.fit import Fit
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DOTS = 5000
SPAN = (-5.0, 5.0)


def fit_figure(
    fit: Fit, target: Function | Measure, name: str, *, inputs: Measure | None = None, theme: str = "light"
) -> Figure:
    """f at the start, f fitted and the target (points: as dots); below the distance of both, with its sign.

    The x axis shows the points, or 99 % of the inputs that weighed the distance and what is about 0.
    """
    look = THEMES[theme]
    x, y = _target(target, _span(inputs))
    goal = panels.Target(x, y, short(name), dots=isinstance(target, Measure))
    values, distances = panels.fitted(fit.start, fit.fitted, goal, look)
    rows = [Row([values], 2.6, 0.8, below=0.14), Row([distances], 1.7, 0.8, below=0.5)]
    found = ", ".join(f"{key} = {fit.fitted.parameters[key]:.6g}" for key in fit.parameters)
    subtitle = f"{short(found, 60)}; root mean square {fit.after.rms:.3g} over {short(fit.over)}"
    return compose(Page([Section(rows)], look, f"{short(fit.start.name)} fitted to {short(name)}", subtitle, 7.0))


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
