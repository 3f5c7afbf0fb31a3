"""Curves of f and f' as a figure, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from actcli.activation import Array, Function, Interval
from actcli.curves import Curve, limits, sample
from actcli.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by the colour-blind; without their yellow, which is lost on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# One more than the colours, so that the pairs repeat only after 56 functions; dashes show what is under them.
DASHES = ((), (6, 2), (2, 1.5), (8, 2, 2, 2), (1, 1.2), (10, 3), (5, 1.5, 1, 1.5, 1, 1.5), (3, 3))
SHADE: dict[str, Any] = {"facecolor": "#E4E4E4", "edgecolor": "#C4C4C4", "linewidth": 0.8}
GREY = "#808080"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "actcli",
    "pdf.fonttype": 42,
    "lines.linewidth": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


def curves(functions: Sequence[Function], *, derivatives: bool, epsilon: float, span: Interval | None) -> Figure:
    """f, with `derivatives` f' under it, and where |f'| < epsilon: shaded for one function, else as bars."""
    from matplotlib.figure import Figure

    drawn = sample(functions, epsilon=epsilon, span=span)
    heights = [3.6, 2.8] if derivatives else [3.6]
    if len(drawn) > 1:
        heights.append(0.2 * len(drawn) + 0.1)
    with _style():
        figure = Figure(figsize=(7.0, sum(heights) + 1.0), layout="constrained")
        panels = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
        _draw(panels[0], "f(x)", drawn, [curve.f for curve in drawn])
        if derivatives:
            _draw(panels[1], "f'(x)", drawn, [curve.df for curve in drawn])
        if len(drawn) > 1:
            _bars(panels[-1], drawn, epsilon)
        else:
            _shade(panels, drawn[0], epsilon)
        _mark_kinks(panels[0], panels[1] if derivatives else None, drawn)
        handles, labels = panels[0].get_legend_handles_labels()
        columns = max(1, min(4, 80 // (max(map(len, labels)) + 8)))
        figure.legend(handles, labels, loc="outside upper center", ncols=columns)
        figure.align_ylabels(panels[: 1 + derivatives])
        panels[-1].set_xlabel("x")
    return figure


def _draw(axes: Axes, name: str, drawn: Sequence[Curve], values: Sequence[Array]) -> None:
    span = float(drawn[0].x[0]), float(drawn[0].x[-1])
    axes.axhline(0.0, color=GREY, linewidth=0.6, zorder=1)
    axes.axvline(0.0, color=GREY, linewidth=0.6, zorder=1)
    for number, (curve, y) in enumerate(zip(drawn, values, strict=True)):
        dashes = (0, DASHES[number % len(DASHES)])
        axes.plot(curve.x, y, label=curve.label, color=COLOURS[number % len(COLOURS)], linestyle=dashes)
    axes.set(ylabel=name, xlim=span, ylim=limits(values, span))


def _shade(panels: Sequence[Axes], curve: Curve, epsilon: float) -> None:
    label = f"|f'| < {epsilon:g}{_unseen(curve)}"
    for axes in panels:
        for start, stop in _visible(curve):
            # The outline shows a region that is narrower than a pixel.
            axes.axvspan(start, stop, zorder=0, **SHADE)
    panels[0].fill([], [], label=label, **SHADE)


def _bars(axes: Axes, drawn: Sequence[Curve], epsilon: float) -> None:
    for number, curve in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        bars = [(start, stop - start) for start, stop in _visible(curve)]
        axes.broken_barh(bars, (number - 0.3, 0.6), facecolor=colour, edgecolor=colour, linewidth=0.8)
        if not bars:
            where = axes.get_yaxis_transform()
            axes.text(0.01, number, _unseen(curve).strip(), transform=where, va="center", size="small")
    axes.set_yticks(range(len(drawn)), [curve.label for curve in drawn])
    axes.tick_params(axis="y", length=0, labelsize="small")
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    axes.set_title(f"|f'| < {epsilon:g}", fontsize="small", loc="left")


def _visible(curve: Curve) -> list[Interval]:
    low, high = float(curve.x[0]), float(curve.x[-1])
    return [
        (max(low, region.start), min(high, region.stop))
        for region in curve.regions
        if region.start <= high and region.stop >= low
    ]


def _unseen(curve: Curve) -> str:
    """What to say of the vanishing regions where none can be shown."""
    if _visible(curve):
        return ""
    return " outside this span" if curve.regions else " nowhere"


def _mark_kinks(value: Axes, slope: Axes | None, drawn: Sequence[Curve]) -> None:
    """A dot on f; on f' an open dot at the end of each side, a full one at the value taken."""
    marker: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5, "zorder": 4}
    for number, curve in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        for kink in curve.kinks:
            value.plot(kink.x, kink.f, color=colour, **marker)
            if slope:
                slope.plot([kink.x] * 2, [kink.left, kink.right], color=colour, markerfacecolor="white", **marker)
                slope.plot(kink.x, kink.taken, color=colour, **marker)
    if any(curve.kinks for curve in drawn):
        value.plot([], [], color=GREY, label="kink (f' jumps)", **marker)


def save(figure: Figure, path_suffix: str) -> bytes:
    """The figure as a `.png`, `.svg` or `.pdf` file; the same figure gives the same bytes."""
    kind = path_suffix.lower().removeprefix(".")
    if kind not in METADATA:
        raise UsageError(f"a figure cannot be written as {path_suffix!r}", "use .png, .svg or .pdf")
    file = io.BytesIO()
    with _style():
        figure.savefig(file, format=kind, dpi=150, metadata=METADATA[kind])
    return file.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    """matplotlib's own defaults, whatever the user's matplotlibrc says, but for what is set here."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield
