"""Marks, which make up panels: a mark draws itself on axes whose limits are set, and has its own legend entries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from actcli.activation import Array, Interval
from actcli.analysis.curves import Curve
from actcli.figures.style import SMALL, Theme

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

Colour: TypeAlias = Any  # anything that matplotlib accepts as one
Numbers: TypeAlias = Array | Sequence[float]


class Stroke(NamedTuple):
    """How a line and its markers look, in matplotlib's words."""

    color: Colour
    linestyle: Any = "-"
    linewidth: float | None = None  # None: that of the settings
    marker: str = ""
    markersize: float = 5.0
    markerfacecolor: Colour = None
    markeredgecolor: Colour = None
    markeredgewidth: float = 1.0
    alpha: float | None = None

    @classmethod
    def dots(cls, colour: Colour, marker: str = "o", size: float = 5.0, **more: Any) -> Stroke:
        """Markers without a line."""
        return cls(colour, "none", marker=marker, markersize=size, **more)


class Fill(NamedTuple):
    """How an area looks; an outline keeps one visible that is narrower than a pixel."""

    facecolor: Colour
    edgecolor: Colour = "none"
    linewidth: float = 0.0


Key: TypeAlias = tuple[str, Stroke | Fill]


def handle(key: Key) -> Artist:
    """The artist that stands for a key in a legend."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    label, look = key
    options: dict[str, Any] = look._asdict()
    return Line2D([], [], label=label, **options) if isinstance(look, Stroke) else Patch(label=label, **options)


class Mark(NamedTuple):
    """How to draw it, and its legend entries; a legend shows equal entries once."""

    draw: Callable[[Axes], object]
    keys: Sequence[Key] = ()


def _named(label: str, look: Stroke | Fill) -> list[Key]:
    return [(label, look)] if label else []


def line(x: Numbers, y: Numbers, look: Stroke, label: str = "", *, keyed: bool = True, zorder: float = 2.0) -> Mark:
    """A line through points, or markers on them, with a legend entry if `keyed`."""
    keys = _named(label, look) if keyed else ()
    return Mark(lambda axes: axes.plot(x, y, label=label, zorder=zorder, **look._asdict()), keys)


def band(x: Numbers, low: Numbers, high: Numbers, colour: Colour) -> Mark:
    """The area between two lines, in a light tint."""
    look = Fill((colour, 0.18))
    return Mark(lambda axes: axes.fill_between(x, low, high, zorder=1, **look._asdict()))


def decay(x: Sequence[float], y: Sequence[float], look: Stroke, theme: Theme, label: str = "") -> Mark:
    """Positive values on a logarithmic axis, with an arrow at the bottom for each 0."""
    gone = [place for place, value in zip(x, y, strict=True) if value == 0.0]

    def draw(axes: Axes) -> None:
        axes.plot(x, [value if value > 0.0 else math.nan for value in y], **look._asdict())
        if gone:
            arrows = Stroke.dots(look.color, "v", 6.0)
            axes.plot(gone, [axes.get_ylim()[0]] * len(gone), clip_on=False, **arrows._asdict())

    return Mark(draw, _named(label, look) + _named("0" if gone else "", Stroke.dots(theme.muted, "v", 6.0)))


def level(at: float, look: Stroke, label: str = "", *, upright: bool = False) -> Mark:
    """A line across the axes at a value of y, or of x if upright."""
    return Mark(
        lambda axes: (axes.axvline if upright else axes.axhline)(at, zorder=1, **look._asdict()), _named(label, look)
    )


def cross(theme: Theme) -> list[Mark]:
    """The lines y = 0 and x = 0."""
    look = Stroke(theme.muted, linewidth=0.6)
    return [level(0.0, look), level(0.0, look, upright=True)]


def shade(regions: Sequence[Interval], label: str, theme: Theme) -> Mark:
    """Regions of x, shaded behind everything else."""
    look = Fill(theme.shade, theme.edge, 0.8)
    return Mark(lambda axes: [axes.axvspan(*region, zorder=0, **look._asdict()) for region in regions], [(label, look)])


def kinks(curve: Curve, order: int, colour: Colour, theme: Theme) -> Mark:
    """A dot on f; on f' an open dot at the limit from each side, and a full one at the value taken."""
    full, empty = Stroke.dots(colour), Stroke.dots(colour, markerfacecolor=theme.background)

    def draw(axes: Axes) -> None:
        for kink in curve.kinks:
            if order == 1:
                axes.plot([kink.x] * 2, [kink.left, kink.right], zorder=4, **empty._asdict())
            if order < 2:
                axes.plot(kink.x, kink.taken if order else kink.f, zorder=4, **full._asdict())

    return Mark(draw, _named("kink (f' jumps)" if curve.kinks else "", Stroke.dots(theme.muted)))


def steps(ends: Array, top: Array, base: Array | float, look: Fill, label: str = "", zorder: float = 1.0) -> Mark:
    """The bars of a histogram between `ends`, from `base` to `top`."""

    def draw(axes: Axes) -> None:
        from matplotlib.patches import StepPatch

        # axes.stairs would look at each edge for the limits of the axes, which are set: 20 ms each.
        below: Any = base  # declared a number, and may be an array
        axes.add_artist(StepPatch(top, ends, baseline=below, fill=True, zorder=zorder, **look._asdict()))

    return Mark(draw, _named(label, look))


def ranges(row: int, intervals: Sequence[Interval], colour: Colour, otherwise: str) -> Mark:
    """A row of intervals of x, or the text `otherwise` if there are none."""
    bars = [(start, stop - start) for start, stop in intervals]

    def draw(axes: Axes) -> None:
        axes.broken_barh(bars, (row - 0.3, 0.6), **Fill(colour, colour, 0.8)._asdict())
        if not bars:
            axes.text(0.01, row, otherwise, transform=axes.get_yaxis_transform(), va="center", size=SMALL)

    return Mark(draw)


def lengths(values: Sequence[float], numbers: Sequence[str], colours: Sequence[Colour]) -> Mark:
    """A bar from 0 in each row, followed by its number."""

    def draw(axes: Axes) -> None:
        axes.barh(range(len(values)), values, height=0.62, color=colours)
        for row, (text, length) in enumerate(zip(numbers, values, strict=True)):
            axes.annotate(text, (length, row), (3, 0), textcoords="offset points", va="center", size=8)

    return Mark(draw)


def picture(colours: Array, keys: Sequence[Key] = (), span: Interval | None = None) -> Mark:
    """Fields of colour centred on whole numbers, each 1 high and, unless they fill a `span` of x, 1 wide. Row 0 is at
    the top unless the axis is inverted."""
    rows, columns = colours.shape[:2]
    ends = (*(span or (-0.5, columns - 0.5)), rows - 0.5, -0.5)
    return Mark(lambda axes: axes.imshow(colours, aspect="auto", interpolation="none", extent=ends), keys)


def spots(places: Sequence[tuple[int, int]], look: Stroke, label: str) -> list[Mark]:
    """Markers at columns and rows; no mark if there are no places."""
    x, y = np.array(places, float).reshape(-1, 2).T
    return [line(x, y, look, label)] if places else []
