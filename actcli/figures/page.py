"""A figure as a column of sections, each with rows of panels. All boxes are computed here, in inches, because
matplotlib's own layout engines draw everything three times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.errors import UsageError
from actcli.figures.looks import asked, resize, scale, typeset
from actcli.figures.marks import Key, Mark, handle
from actcli.figures.style import Theme, fitting, styled, text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE = 0.15  # left of titles and legends
RIGHT = 0.2
BAR = 0.95  # a colour bar, its numbers and its name
TITLE, USERS_TITLE, SUBTITLE = 13.0, 12.0, 9.0  # points
LINE, HEADING = 0.22, 0.25  # a line of a title or legend; a heading above a section
MORE = 0.15  # each further line of a legend entry
HANDLE = 1.8  # length of a legend's line, in units of the default font size
AIR = 0.12  # below a heading or legend
NAME, MOST_NAMES = 0.15, 40  # the height of a row's name; the most names if not all fit
LEAST_HEIGHT, LEAST_WIDTH = 0.5, 1.0  # of a panel


@dataclass(frozen=True, slots=True)
class Panel:
    """Marks on axes; `frame` sets limits, ticks and labels before they are drawn. `note` is a line under the title.

    A panel that is not `numbered` shares the x axis of the panel below it.
    """

    marks: Sequence[Mark]
    frame: Callable[[Axes], object]
    title: str = ""
    note: str | None = None
    numbered: bool = True

    def draw(self, axes: Axes, theme: Theme) -> None:
        """Draw the panel on empty axes."""
        self.frame(axes)
        for mark in self.marks:
            mark.draw(axes)
        if self.title:
            shown = fitting(typeset(self.title), inches(axes)[0], SUBTITLE)
            axes.set_title(shown, size=SUBTITLE, loc="left", pad=4 if self.note is None else 14)
        if self.note:
            axes.annotate(self.note, (0, 1), (0, 3), xycoords="axes fraction", textcoords="offset points", size=7.5)
        if not self.numbered:
            axes.tick_params(labelbottom=False)
            axes.set_xlabel("")
        # Ticks are made when the figure is drawn, after the theme's settings have been reset.
        axes.tick_params(color=theme.muted, labelcolor=theme.text)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels of equal width side by side, in inches. `places`: panels in a full row, for the last row of a grid.

    `above` is room for the panels' titles, `below` for the numbers and label of an axis. An elastic row grows or
    shrinks to fit a given height.
    """

    panels: Sequence[Panel]
    height: float
    left: float = 0.6
    between: float = 0.0
    above: float = 0.0
    below: float = 0.0
    places: int = 0
    elastic: bool = False

    @property
    def across(self) -> int:
        return max(self.places, len(self.panels))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading and the legend of their marks; `beside` are colour bars, as high as the elastic rows."""

    rows: Sequence[Row]
    heading: str = ""
    beside: Sequence[Panel] = ()

    @property
    def keys(self) -> list[Key]:
        marks = (mark for row in self.rows for panel in row.panels for mark in panel.marks)
        return list(dict.fromkeys(key for mark in marks for key in mark.keys))


@dataclass(frozen=True, slots=True)
class Page:
    """A whole figure. Without a subtitle the title is the user's, of any number of lines, centred."""

    sections: Sequence[Section]
    theme: Theme
    title: str = ""
    subtitle: str = ""
    width: float = 7.5  # without colour bars
    size: tuple[float, float] | None = None  # of the whole figure

    @property
    def right(self) -> float:
        return RIGHT + BAR * max(len(section.beside) for section in self.sections)

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]


@dataclass(frozen=True, slots=True)
class Legend:
    """Entries in lines above the panels, at most as wide as the page; longer entries are wrapped."""

    keys: Sequence[Key]
    columns: int = 1

    @classmethod
    def of(cls, keys: Sequence[Key], width: float) -> Legend:
        keys = [(wrapped(label, width - 0.9, SUBTITLE), look) for label, look in keys]
        more = SUBTITLE / 72 * (_handle_length() - HANDLE)  # inches that small letters do not shorten a line by
        wide = [text_width(label.split("\n"), SUBTITLE) + 0.55 + more for label, _ in keys]
        for lines in range(1, len(keys) + 1):
            columns = math.ceil(len(keys) / lines)
            if sum(max(part) for part in np.array_split(wide, columns)) <= width - EDGE:  # split as by matplotlib
                return cls(keys, columns)
        return cls(keys)

    @property
    def height(self) -> float:
        lines = [label.count("\n") + 1 for label, _ in self.keys]
        columns = [part for part in np.array_split(lines, self.columns) if part.size]
        return max((LINE * part.size + MORE * float((part - 1).sum()) for part in columns), default=0.0)

    def draw(self, figure: Figure, edge: float, *, centred: bool) -> None:
        width, height = figure.get_size_inches()
        if self.keys:
            figure.legend(
                handles=[handle(key) for key in self.keys], ncols=self.columns, fontsize=SUBTITLE * scale(),
                loc="upper center" if centred else "upper left",
                bbox_to_anchor=(0.5 if centred else EDGE / width, edge / height),
                borderaxespad=0.0, borderpad=0.0, labelspacing=0.4, handlelength=_handle_length(), columnspacing=1.4,
            )  # fmt: skip


def _handle_length() -> float:
    """The length of a legend's line in units of its font size; small fonts do not shorten it, so that dashes show."""
    return HANDLE * max(1.0, 1.0 / scale())


def inches(axes: Axes) -> tuple[float, float]:
    """The width and height of axes in inches."""
    box, dpi = axes.get_window_extent(), axes.figure.dpi
    return float(box.width / dpi), float(box.height / dpi)


def name_every(count: int, spacing: float) -> int:
    """Return the step between named rows that are `spacing` inches apart: 1, or if not all names fit, a round number
    that leaves few, as drawing a name takes 8 ms."""
    least = 1.0 if spacing >= NAME else max(NAME / spacing, count / MOST_NAMES)
    step: int = next(step for step in (n * 10**power for power in range(20) for n in (1, 2, 5)) if step >= least)
    return step


def compose(page: Page) -> Figure:
    """The figure of a page. Raises UsageError if the size asked for is too small."""
    from actcli.figures.shown import ShownFigure

    times, outside = scale(), asked().legend == "outside"
    size = (page.size[0] / times, page.size[1] / times) if page.size else None
    width = size[0] if size else page.width + page.right - RIGHT
    title = _title(page, width)
    legends = [Legend.of(section.keys if outside else (), width) for section in page.sections]
    heads = [_head_height(*pair) for pair in zip(page.sections, legends, strict=True)]
    fixed = _title_height(page, title) + sum(heads) + sum(row.above + row.below for row in page.rows)
    fixed += sum(row.height for row in page.rows if not row.elastic)
    elastic = sum(row.height for row in page.rows if row.elastic)
    height = size[1] if size else fixed + elastic
    _require(page, width, height, fixed, times)
    with styled(page.theme):
        figure = ShownFigure(figsize=(width, height))
        _draw_title(figure, page, title)
        edge = height - _title_height(page, title)
        for section, legend in zip(page.sections, legends, strict=True):
            share = (height - fixed) / elastic if elastic else 1.0
            edge = _draw_section(figure, section, legend, edge, share, page)
        if times != 1.0:
            resize(figure, times)
    return figure


def _require(page: Page, width: float, height: float, fixed: float, times: float) -> None:
    least_width = max(
        row.left + page.right + row.across * LEAST_WIDTH + (row.across - 1) * row.between for row in page.rows
    )
    least_height = fixed + LEAST_HEIGHT * sum(row.elastic for row in page.rows)
    if page.size and (width < least_width or height < least_height):
        least = f"{math.ceil(10 * times * least_width) / 10:g}x{math.ceil(10 * times * least_height) / 10:g}"
        way_out = f"use at least {least}, a smaller font (--rc font.size=7), or --panels one"
        raise UsageError(f"{page.size[0]:g}x{page.size[1]:g} inches are too small for this figure", way_out)


def _title(page: Page, width: float) -> str:
    if page.subtitle:
        return fitting(page.title, width - 2 * EDGE, TITLE, "bold")
    return wrapped(page.title, width - 0.4, USERS_TITLE)


def _title_height(page: Page, title: str) -> float:
    if page.subtitle:
        return 0.7
    return 0.4 + LINE * title.count("\n") if title else 0.1


def _draw_title(figure: Figure, page: Page, title: str) -> None:
    width, height = (float(side) for side in figure.get_size_inches())
    if page.subtitle:
        subtitle = fitting(page.subtitle, width - 2 * EDGE, SUBTITLE)
        figure.text(EDGE / width, 1 - 0.3 / height, title, size=TITLE, weight="bold")
        figure.text(EDGE / width, 1 - 0.52 / height, subtitle, size=SUBTITLE)
    elif title:
        middle = 1 - _title_height(page, title) / 2 / height
        figure.text(0.5, middle, title, ha="center", va="center", size=USERS_TITLE, linespacing=1.1)


def _head_height(section: Section, legend: Legend) -> float:
    lines = (HEADING if section.heading else 0.0) + legend.height
    return lines + AIR if lines else 0.0


def _draw_inside(axes: Axes, keys: Sequence[Key], theme: Theme) -> None:
    """Draw the legend where it hides least of the panel."""
    wide = max(0.8, 0.6 * inches(axes)[0])
    size: Any = SUBTITLE * scale()
    axes.legend(
        handles=[handle((wrapped(label, wide, SUBTITLE), look)) for label, look in keys], loc="best", fontsize=size,
        handlelength=1.6, borderpad=0.2, frameon=True, facecolor=theme.background, edgecolor="none", framealpha=0.8,
    )  # fmt: skip


def _draw_section(figure: Figure, section: Section, legend: Legend, edge: float, share: float, page: Page) -> float:
    """Draw a section from `edge` inches above the bottom of the figure down; return where it ends."""
    width, height = (float(side) for side in figure.get_size_inches())
    if section.heading:
        figure.text(EDGE / width, (edge - HEADING / 2) / height, section.heading, size=10, va="center")
    legend.draw(figure, edge - (HEADING if section.heading else 0.0), centred=not page.subtitle)
    edge -= _head_height(section, legend)
    panels: list[Axes] = []
    top, foot = -math.inf, math.inf
    for row in section.rows:
        tall = row.height * (share if row.elastic else 1.0)
        bottom = edge - row.above - tall
        if row.elastic:
            top, foot = max(top, bottom + tall), min(foot, bottom)
        wide = (width - row.left - page.right - row.between * (row.across - 1)) / row.across
        for place, panel in enumerate(row.panels):
            left = row.left + place * (wide + row.between)
            panels.append(figure.add_axes((left / width, bottom / height, wide / width, tall / height)))
            panel.draw(panels[-1], page.theme)
        edge = bottom - row.below
    if asked().legend == "inside" and section.keys:
        _draw_inside(panels[0], section.keys, page.theme)
    for place, bar in enumerate(section.beside):
        left = width - page.right + 0.25 + BAR * place
        bar.draw(figure.add_axes((left / width, foot / height, 0.14 / width, (top - foot) / height)), page.theme)
    return edge
