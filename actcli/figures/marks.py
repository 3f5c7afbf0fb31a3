"""What panels are made of: each mark draws itself on axes and brings its own entries of the legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from actcli.activation import Array, Interval
from actcli.analysis.curves import Curve
from actcli.figures.style import SMALL, Theme

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

Colour: TypeAlias = Any  # what matplotlib takes for one


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line, solid where `dashes` is (), and its markers; None: markers alone."""

    colour: Colour
    dashes: tuple[float, ...] | None = ()
    width: float = 1.8
    marker: str = ""
    size: float = 5.0
    face: Colour = None  # of the markers, where it is another
    edge: Colour = None
    edge_width: float = 1.0
    alpha: float = 1.0

    def options(self) -> dict[str, Any]:
        """As matplotlib names them."""
        return {
            "color": self.colour,
            "linestyle": "none" if self.dashes is None else (0, self.dashes),
            "linewidth": self.width,
            "marker": self.marker,
            "markersize": self.size,
            "markerfacecolor": self.face or self.colour,
            "markeredgecolor": self.edge or self.colour,
            "markeredgewidth": self.edge_width,
            "alpha": self.alpha,
        }

    def handle(self, label: str) -> Artist:
        """What a legend shows."""
        from matplotlib.lines import Line2D

        return Line2D([], [], label=label, **self.options())


@dataclass(frozen=True, slots=True)
class Fill:
    """An area; the outline shows one that is narrower than a pixel."""

    colour: Colour
    edge: Colour = None

    def options(self) -> dict[str, Any]:
        """As matplotlib names them."""
        return {"facecolor": self.colour, "edgecolor": self.edge or "none", "linewidth": 0.8 if self.edge else 0.0}

    def handle(self, label: str) -> Artist:
        """What a legend shows."""
        from matplotlib.patches import Patch

        return Patch(label=label, **self.options())


Key: TypeAlias = tuple[str, Stroke | Fill]  # an entry of a legend


class Mark(Protocol):
    """Draws itself on axes whose limits are set, and says what a legend calls it."""

    def draw(self, axes: Axes) -> None:
        """Add the artists."""

    @property
    def keys(self) -> Sequence[Key]:
        """The entries of the legend; equal ones are shown once."""


class Unnamed:
    """A mark without an entry."""

    __slots__ = ()
    keys: Sequence[Key] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, or markers on them."""

    x: Array | Sequence[float]
    y: Array | Sequence[float]
    look: Stroke
    label: str = ""
    key: Key | None = None
    zorder: float = 2.0

    @classmethod
    def named(cls, x: Array | Sequence[float], y: Array | Sequence[float], look: Stroke, label: str) -> Line:
        """A line with an entry."""
        return cls(x, y, look, label, (label, look))

    def draw(self, axes: Axes) -> None:
        axes.plot(self.x, self.y, label=self.label, zorder=self.zorder, **self.look.options())

    @property
    def keys(self) -> Sequence[Key]:
        return [self.key] if self.key else []


@dataclass(frozen=True, slots=True)
class Decay:
    """Positive values on a logarithmic axis; where one is 0, an arrow at the foot."""

    x: Sequence[float]
    y: Sequence[float]
    look: Stroke
    theme: Theme
    label: str = ""

    def draw(self, axes: Axes) -> None:
        axes.plot(self.x, [y if y > 0.0 else math.nan for y in self.y], **self.look.options())
        if gone := [x for x, y in zip(self.x, self.y, strict=True) if y == 0.0]:
            arrows = Stroke(self.look.colour, None, marker="v", size=6.0)
            axes.plot(gone, [axes.get_ylim()[0]] * len(gone), clip_on=False, **arrows.options())

    @property
    def keys(self) -> Sequence[Key]:
        line = [(self.label, self.look)] if self.label else []
        return [*line, *([("0", Stroke(self.theme.muted, None, marker="v", size=6.0))] if 0.0 in self.y else [])]


@dataclass(frozen=True, slots=True)
class Level:
    """A line across the axes at a value of y, or of x if `upright`."""

    at: float
    look: Stroke
    label: str = ""
    upright: bool = False

    def draw(self, axes: Axes) -> None:
        line = axes.axvline if self.upright else axes.axhline
        line(self.at, zorder=1, **self.look.options())

    @property
    def keys(self) -> Sequence[Key]:
        return [(self.label, self.look)] if self.label else []


def cross(theme: Theme) -> list[Mark]:
    """The lines y = 0 and x = 0."""
    look = Stroke(theme.muted, width=0.6)
    return [Level(0.0, look), Level(0.0, look, upright=True)]


@dataclass(frozen=True, slots=True)
class Shade:
    """Regions of x behind everything."""

    regions: Sequence[Interval]
    label: str
    theme: Theme

    def draw(self, axes: Axes) -> None:
        for start, stop in self.regions:
            axes.axvspan(start, stop, zorder=0, **self.look.options())

    @property
    def look(self) -> Fill:
        return Fill(self.theme.shade, self.theme.edge)

    @property
    def keys(self) -> Sequence[Key]:
        return [(self.label, self.look)] if self.label else []


@dataclass(frozen=True, slots=True)
class Kinks:
    """A dot on f; on f' an open dot at the end of each side, a full one at the value taken."""

    curve: Curve
    order: int
    colour: Colour
    theme: Theme

    def draw(self, axes: Axes) -> None:
        full = Stroke(self.colour, None, marker="o").options()
        open_ = Stroke(self.colour, None, marker="o", face=self.theme.background).options()
        for kink in self.curve.kinks:
            if self.order == 0:
                axes.plot(kink.x, kink.f, zorder=4, **full)
            elif self.order == 1:
                axes.plot([kink.x] * 2, [kink.left, kink.right], zorder=4, **open_)
                axes.plot(kink.x, kink.taken, zorder=4, **full)

    @property
    def keys(self) -> Sequence[Key]:
        return [("kink (f' jumps)", Stroke(self.theme.muted, None, marker="o"))] if self.curve.kinks else []


@dataclass(frozen=True, slots=True)
class Steps:
    """The bars of a histogram between `ends`, from `base` to `top`."""

    ends: Array
    top: Array
    base: Array | float
    look: Fill
    label: str = ""
    zorder: float = 1.0

    def draw(self, axes: Axes) -> None:
        axes.stairs(self.top, self.ends, baseline=self.base, fill=True, zorder=self.zorder, **self.look.options())

    @property
    def keys(self) -> Sequence[Key]:
        return [(self.label, self.look)] if self.label else []


@dataclass(frozen=True, slots=True)
class Ranges(Unnamed):
    """A row of intervals of x, and what to say where there is none."""

    row: int
    intervals: Sequence[Interval]
    look: Fill
    otherwise: str

    def draw(self, axes: Axes) -> None:
        bars = [(start, stop - start) for start, stop in self.intervals]
        axes.broken_barh(bars, (self.row - 0.3, 0.6), **self.look.options())
        if not bars:
            where = axes.get_yaxis_transform()
            axes.text(0.01, self.row, self.otherwise, transform=where, va="center", size=SMALL)


@dataclass(frozen=True, slots=True)
class Lengths(Unnamed):
    """A bar from 0 in each row, with its number behind it."""

    values: Sequence[float]
    numbers: Sequence[str]
    colours: Sequence[Colour]

    def draw(self, axes: Axes) -> None:
        axes.barh(range(len(self.values)), self.values, height=0.62, color=self.colours)
        for row, (text, length) in enumerate(zip(self.numbers, self.values, strict=True)):
            axes.annotate(text, (length, row), (3, 0), textcoords="offset points", va="center", size=8)


@dataclass(frozen=True, slots=True)
class Swatches(Unnamed):
    """Fields of colours on top of each other, the first at the foot."""

    colours: Sequence[Colour]

    def draw(self, axes: Axes) -> None:
        for place, colour in enumerate(self.colours):
            axes.axhspan(place - 0.5, place + 0.5, **Fill(colour).options())


@dataclass(frozen=True, slots=True)
class Picture:
    """Fields of colours, each 1 wide and high, around whole numbers; row 0 at the top."""

    colours: Array  # rows, columns, RGBA
    keys: Sequence[Key]

    def draw(self, axes: Axes) -> None:
        rows, columns = self.colours.shape[:2]
        ends = (-0.5, columns - 0.5, rows - 0.5, -0.5)
        axes.imshow(self.colours, aspect="auto", interpolation="none", extent=ends)


def dots(places: Sequence[tuple[int, int]], look: Stroke, label: str) -> list[Mark]:
    """Markers at columns and rows; nothing where there is none."""
    x, y = np.array(places, float).reshape(-1, 2).T
    return [Line.named(x, y, look, label)] if places else []
