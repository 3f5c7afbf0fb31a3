"""What the figures of curves are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actcli.activation import Interval
from actcli.analysis.curves import Curve
from actcli.errors import UsageError
from actcli.figures.style import Theme, dress, fitting, text_width
from actcli.numerics.histogram import Histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Named = tuple[str, Histogram]

# Inches. The places of all parts are reckoned here: matplotlib's layout engines draw everything three times.
WIDTH = 7.0
LINE = 0.22  # of text
SMALL, TITLE = 8.5, 12.0  # points
BOTTOM = 0.5
BAR = 0.95  # a colour bar, its numbers and its name
LEAST_HEIGHT, LEAST_WIDTH = 0.5, 1.5  # of a panel


@dataclass(frozen=True, slots=True)
class Line:
    """A curve, its name and how it is drawn."""

    curve: Curve
    name: str
    colour: Any
    dashes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """The curves of one FUNCTION argument; several where it is a sweep over `parameter`, by its `values`."""

    name: str
    parameter: str
    values: tuple[float, ...]
    lines: tuple[Line, ...]


def require(width: float, height: float, least_width: float, least_height: float) -> None:
    """Raises UsageError where a figure is too small for what is in it."""
    if width < least_width or height < least_height:
        least = f"{math.ceil(10 * least_width) / 10:g}x{math.ceil(10 * least_height) / 10:g}"
        raise UsageError(f"a figure of {width:g}x{height:g} inches is too small for this", f"take at least {least}")


def cross(axes: Axes, theme: Theme) -> None:
    """The lines x = 0 and y = 0."""
    axes.axhline(0.0, color=theme.muted, linewidth=0.6, zorder=1)
    axes.axvline(0.0, color=theme.muted, linewidth=0.6, zorder=1)


def shade(axes: Axes, regions: Sequence[Interval], theme: Theme) -> None:
    """The regions; the outline shows one that is narrower than a pixel."""
    for start, stop in regions:
        axes.axvspan(start, stop, zorder=0, facecolor=theme.shade, edgecolor=theme.edge, linewidth=0.8)


def mark_kinks(axes: Axes, curve: Curve, colour: Any, order: int, theme: Theme) -> None:
    """A dot on f; on f' an open dot at the end of each side, a full one at the value taken."""
    marker: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5, "zorder": 4, "color": colour}
    for kink in curve.kinks:
        if order == 0:
            axes.plot(kink.x, kink.f, **marker)
        elif order == 1:
            axes.plot([kink.x] * 2, [kink.left, kink.right], markerfacecolor=theme.background, **marker)
            axes.plot(kink.x, kink.taken, **marker)


def kink_key(theme: Theme) -> Any:
    """The legend's entry for kinks."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=theme.muted, linestyle="none", marker="o", markersize=5, label="kink (f' jumps)")


def region_key(theme: Theme, epsilon: float, where: str) -> Any:
    """The legend's entry for the shade."""
    from matplotlib.patches import Patch

    return Patch(facecolor=theme.shade, edgecolor=theme.edge, linewidth=0.8, label=f"|f'| < {epsilon:g}{where}")


def legend_columns(handles: Sequence[Any], width: float) -> int:
    longest = max((text_width([handle.get_label()]) for handle in handles), default=1.0)
    return max(1, min(len(handles), 4, int((width - 0.2) / (longest + 0.6))))


def head_height(title: str, handles: Sequence[Any], columns: int) -> float:
    """The inches that the title and the legend take."""
    return _title_height(title) + LINE * math.ceil(len(handles) / columns) + 0.08


def _title_height(title: str) -> float:
    return 0.4 + LINE * title.count("\n") if title else 0.1


def head(figure: Figure, title: str, handles: Sequence[Any], columns: int) -> None:
    """The title, and the legend under it."""
    width, height = (float(side) for side in figure.get_size_inches())
    start = _title_height(title)
    if title:
        figure.text(0.5, 1 - start / 2 / height, title, ha="center", va="center", size=TITLE, linespacing=1.1)
    for handle in handles:
        handle.set_label(fitting(handle.get_label(), width - 0.8))
    if handles:
        figure.legend(
            handles=handles, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, 1 - start / height),
            borderaxespad=0.0, borderpad=0.0, labelspacing=0.4,
        )  # fmt: skip


def colour_bar(figure: Figure, box: tuple[float, float, float, float], family: Family, theme: Theme) -> None:
    """The colours of a sweep, a field a value, ascending; at most a dozen are named."""
    axes = figure.add_axes(box)
    order = sorted(range(len(family.values)), key=lambda i: family.values[i])
    for place, index in enumerate(order):
        axes.axhspan(place - 0.5, place + 0.5, color=family.lines[index].colour, linewidth=0)
    step = math.ceil(len(order) / 12)
    axes.set_yticks(range(0, len(order), step), [f"{family.values[i]:g}" for i in order[::step]])
    axes.yaxis.tick_right()
    axes.set(xticks=[], ylim=(-0.5, len(order) - 0.5), xlim=(0, 1))
    axes.yaxis.set_label_position("right")
    axes.set_ylabel(fitting(f"{family.name}: {family.parameter}", box[3] * float(figure.get_size_inches()[1])))
    axes.spines[:].set_visible(False)
    dress(axes, theme)
