"""A fit as a figure: the function before and after beside its target, and what is left between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.curves import limits
from actcli.figures.style import THEMES, Theme, dress, heading, styled
from actcli.fitting.descent import Measure
from actcli.fitting.fit import Fit
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_DOTS = 5000
_SPAN = (-5.0, 5.0)


def fit_figure(
    fit: Fit, target: Function | Measure, name: str, *, inputs: Measure | None = None, theme: str = "light"
) -> Figure:
    """f at the start, f fitted and the target (points: as dots); below the distance of both, with its sign.

    The x axis shows the points, or 99 % of the inputs that weighed the distance and what is about 0.
    """
    from matplotlib.figure import Figure

    look = THEMES[theme]
    with styled(look):
        figure = Figure(figsize=(7.0, 5.6))
        upper, lower = figure.subplots(2, sharex=True, height_ratios=[3.0, 2.0])
        span = _span(inputs) if isinstance(target, Function) else (float(target.x.min()), float(target.x.max()))
        x, y = _target(target, span)
        _values(upper, fit, x, y, name, look, dots=isinstance(target, Measure))
        _distances(lower, fit, x, y, look, dots=isinstance(target, Measure))
        lower.set_xlabel("x")
        for axes in (upper, lower):
            dress(axes, look)
        upper.legend(fontsize=8.5)
        found = ", ".join(f"{key} = {fit.fitted.parameters[key]:.6g}" for key in fit.parameters)
        heading(
            figure,
            f"{short(fit.start.name)} fitted to {short(name)}",
            f"{short(found, 60)}; root mean square {fit.after.rms:.3g} over {short(fit.over)}",
        )
        figure.subplots_adjust(left=0.12, right=0.97, top=0.88, bottom=0.1, hspace=0.12)
        figure.align_ylabels([upper, lower])
    return figure


def _span(inputs: Measure | None) -> Interval:
    if inputs is None:
        return _SPAN
    order = np.argsort(inputs.x)
    ends = inputs.x[order][np.searchsorted(np.cumsum(inputs.weight[order]), [0.005, 0.995])]
    return min(_SPAN[0], float(ends[0])), max(_SPAN[1], float(ends[1]))


def _target(target: Function | Measure, span: Interval) -> tuple[Array, Array]:
    if isinstance(target, Function):
        x = np.linspace(*span, 2001)
        return x, np.asarray(target.f(x))
    order = np.argsort(target.x, kind="stable")
    order = order[:: -(-order.size // _MOST_DOTS)]
    return target.x[order], target.y[order]


def _dots(x: Array) -> dict[str, Any]:
    return {"linestyle": "none", "marker": "o", "markersize": 4 if x.size < 200 else 1.5}


def _values(axes: Axes, fit: Fit, x: Array, y: Array, name: str, theme: Theme, *, dots: bool) -> None:
    along = np.linspace(float(x[0]), float(x[-1]), 2001)
    before, after = fit.start.f(along), fit.fitted.f(along)
    if dots:
        axes.plot(x, y, color=theme.text, label=short(name), zorder=3, **_dots(x))
    else:
        axes.plot(x, y, color=theme.muted, linewidth=4.0, alpha=0.6, label=short(name))
    axes.plot(along, before, color=theme.sequence[1], dashes=(2, 1.5), label="start")
    axes.plot(along, after, color=theme.sequence[0], label="fitted")
    axes.set(ylabel="f(x)", ylim=limits([y, before, after], (float(x[0]), float(x[-1]))))


def _distances(axes: Axes, fit: Fit, x: Array, y: Array, theme: Theme, *, dots: bool) -> None:
    style = _dots(x) if dots else {}
    before, after = fit.start.f(x) - y, fit.fitted.f(x) - y
    axes.axhline(0.0, color=theme.muted, linewidth=0.6)
    axes.plot(x, before, **({"dashes": (2, 1.5)} if not dots else style), color=theme.sequence[1])
    axes.plot(x, after, **style, color=theme.sequence[0])
    axes.set(ylabel="f(x) - target", ylim=limits([before, after], (float(x[0]), float(x[-1]))))
