"""Curves and distributions as text for a terminal.

plotille draws the curves, in braille or in letters. Of the well-kept libraries it alone leaves axes, legend and size to
the caller (plotext and uniplot draw whole pictures, in which only colours distinguish curves), and it has no
dependencies: 196 kB.
"""

import math
import string
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.analysis.curves import NAMES, Curve, limits, sample, shares
from actcli.numerics.histogram import Histogram
from actcli.text import percent, visible

COLOURS = (33, 208, 36, 170, 178, 38, 245)  # of the 256, readable on black and on white
BLANK = "\u2800"  # plotille's empty cell
NO_BREAK = "\u00a0"
# Bars of one character, by height: plain, and marked; without Unicode they are digits, and letters.
BARS, MARKED = " ▁▂▃▄▅▆▇█", " ⣀⣀⣤⣤⣶⣶⣿⣿"
PLAIN_BARS, PLAIN_MARKED = " 12345678", " abcdefgh"


def curves(
    functions: Sequence[Function],
    *,
    order: int,
    epsilon: float,
    span: Interval | None,
    data: Sequence[tuple[str, Histogram]] = (),
    width: int,
    height: int,
    colour: bool,
    unicode: bool,
) -> str:
    """f and its derivatives up to `order`, one panel below the other, then the distributions of `data` as bars below
    the x axis, then a line per function with its letter, regions and kinks, and one per distribution with its number.

    No line is longer than `width`; there are more than `height` lines only if the panels would be too low to read.
    plotille itself leaves out colour if stdout is not a terminal, unless FORCE_COLOR is set.
    """
    histograms = [histogram for _, histogram in data]
    drawn = sample(functions, epsilon=epsilon, span=span, data=histograms, points=8 * width + 1)
    ends = drawn[0].span
    values = [[curve.derivative(number) for curve in drawn] for number in range(order + 1)]
    legend = _legend(drawn, epsilon, width, colour)
    for number, (name, histogram) in enumerate(data, 1):
        legend += _of_data(number, visible(name), histogram, drawn, epsilon, width, unicode)
    rows = max(5, (height - len(legend) - len(data) - 1) // len(values) - 2)
    seen = [limits(each, ends) for each in values]
    y_marks = [ticks(each, 4 * rows, rows // 2) for each in seen]
    gutter = max(len(label) for marks in y_marks for label in marks.values()) + 1
    columns = width - gutter - 1
    x_marks = {dot // 2: label for dot, label in ticks(ends, 2 * columns, columns // 8).items()}
    floor = " " * gutter + ("└" if unicode else "+") + x_axis(x_marks, columns, unicode)
    lines = []
    for name, y, limit, marks in zip(NAMES, values, seen, y_marks, strict=False):
        cells = _cells(drawn, y, limit, columns, rows, colour, unicode)
        lines += [name, *_behind_axis(cells, marks, gutter, unicode), floor]
    lines.append(" " * (gutter + 1) + x_labels(x_marks, columns))
    bins = np.linspace(*ends, columns + 1)
    regions = [(region.start, region.stop) for region in drawn[0].regions] if len(drawn) == 1 else []
    for number, histogram in enumerate(histograms, 1):
        lines.append(f"{number:>{gutter}} {bars(histogram.spread(bins), histogram.within(regions, bins), unicode)}")
    return "\n".join(line.rstrip() for line in [*lines, *legend]) + "\n"


def _behind_axis(cells: Sequence[str], marks: dict[int, str], gutter: int, unicode: bool) -> list[str]:
    """The rows of a panel after a y axis with its numbers. `marks` maps dots, counted from below, to numbers."""
    side, notch = ("│", "┤") if unicode else ("|", "+")
    labels = {len(cells) - 1 - dot // 4: label for dot, label in marks.items()}
    return [
        f"{labels.get(row, ''):>{gutter}}{notch if row in labels else side}{line}" for row, line in enumerate(cells)
    ]


def ticks(ends: Interval, dots: int, count: int) -> dict[int, str]:
    """About `count` round numbers between the ends, keyed by the dot that each falls on."""
    low, high = ends
    rough = (high - low) / max(2, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return {
        round((number * step - low) / (high - low) * (dots - 1)): (
            f"{number * step:.{digits}f}" if 1e-4 < step < 1e5 else f"{number * step:.3g}"
        )
        for number in numbers
    }


def x_axis(marks: dict[int, str], columns: int, unicode: bool) -> str:
    line, notch = ("─", "┬") if unicode else ("-", "+")
    return "".join(notch if column in marks else line for column in range(columns))


def x_labels(marks: dict[int, str], columns: int) -> str:
    """Each number under its mark if there is room, and the name of the axis at the right end."""
    text = ""
    for column, label in marks.items():
        start = max(0, min(column - len(label) // 2, columns - 2 - len(label)))
        if not text or start > len(text):
            text = text.ljust(start) + label
    return text.ljust(columns - 1) + "x"


def bars(counts: Array, marked: Array, unicode: bool) -> str:
    """Each count as a bar, scaled to the largest and empty below 0.5 % of it; marked if over half of the count is."""
    height = np.ceil(8.0 * counts / max(counts.max(), 1e-300) - 0.04).clip(0).astype(int).tolist()
    whole, dotted = (BARS, MARKED) if unicode else (PLAIN_BARS, PLAIN_MARKED)
    return "".join(
        (dotted if mark else whole)[level] for level, mark in zip(height, (2 * marked > counts).tolist(), strict=True)
    )


def _of_data(
    number: int, name: str, histogram: Histogram, drawn: Sequence[Curve], epsilon: float, width: int, unicode: bool
) -> list[str]:
    """The legend of a distribution's bars."""
    if not histogram.total:
        return textwrap.wrap(f"{number} {name}  no values", width, subsequent_indent="  ")
    inside, outside = shares(histogram, drawn)
    how = "dotted" if unicode else "letters"
    parts = [] if inside is None else [f"{percent(inside)} where |f'| < {epsilon:g} ({how})"]
    parts += [f"{percent(outside)} out of sight"] if outside > 5e-4 else []
    return textwrap.wrap(f"{number} {name}  {', '.join(parts)}".rstrip(), width, subsequent_indent="  ")


def _letter(index: int, count: int) -> str:
    return string.ascii_letters[index % len(string.ascii_letters)] if count > 1 else "*"


def _ink(index: int, colour: bool) -> int | None:
    return COLOURS[index % len(COLOURS)] if colour else None


def _cells(
    drawn: Sequence[Curve],
    values: Sequence[Array],
    seen: Interval,
    columns: int,
    rows: int,
    colour: bool,
    unicode: bool,
) -> list[str]:
    """The curves in a box of `columns` by `rows` characters."""
    from plotille import Canvas  # type: ignore[import-untyped]

    (left, right), (low, high) = drawn[0].span, seen
    # Canvas excludes its upper ends: one more dot keeps our last one.
    dot_x, dot_y = (right - left) / (2 * columns - 1), (high - low) / (4 * rows - 1)
    canvas = Canvas(columns, rows, left, low, right + dot_x, high + dot_y, mode="byte")
    curves = list(zip(drawn, values, strict=True))
    for index, (curve, y) in enumerate(curves):
        near = np.clip(y, 2 * low - high, 2 * high - low)  # drawing a line far outside the picture would take for ever
        _draw(canvas, curve.x, near, None if unicode else _letter(index, len(drawn)), _ink(index, colour))
    # Each curve has its letter in different columns, so that overlapping curves can be told apart.
    every = max(14, 2 * len(drawn))
    for index, (curve, y) in enumerate(curves if len(drawn) > 1 else ()):
        for column in range(1 + index * every // len(drawn), columns, every):
            at = int(np.searchsorted(curve.x, left + (2 * column + 0.5) * dot_x))
            if low <= y[at] <= high:
                point = float(curve.x[at]), float(y[at])
                canvas.text(*point, _letter(index, len(drawn)), color=_ink(index, colour))
    drawing: str = canvas.plot(linesep="\n")
    return drawing.replace(BLANK, " ").split("\n")


def _draw(canvas: Any, x: Array, y: Array, letter: str | None, ink: int | None) -> None:
    """Draw a curve as a line of dots, or as letters, with gaps at NaN."""
    for start, stop in pairwise(zip(x.tolist(), y.tolist(), strict=True)):
        if letter is None and not math.isnan(start[1] + stop[1]):
            canvas.line(*start, *stop, color=ink)
        elif letter is not None and not math.isnan(start[1]):
            canvas.point(*start, color=ink, marker=letter)


def _legend(drawn: Sequence[Curve], epsilon: float, width: int, colour: bool) -> list[str]:
    """For each function its letter, name, vanishing regions and kinks."""
    from plotille import color

    widest = max(len(curve.label) for curve in drawn)
    lines = []
    for index, curve in enumerate(drawn):
        # No-break spaces keep textwrap from splitting a range or a kink.
        ranges = " or ".join(region.condition(4).replace(" ", NO_BREAK) for region in curve.regions) or "nowhere"
        kinks = "".join(f", kink{NO_BREAK}at{NO_BREAK}{kink.x:g}" for kink in curve.kinks)
        text = f"{curve.label:<{widest}}  |f'| < {epsilon:g}: {ranges}{kinks}"
        letter = color(_letter(index, len(drawn)), fg=_ink(index, colour), mode="byte")
        first, *rest = textwrap.wrap(text, width - 2, subsequent_indent="  ")
        lines += [f"{letter} {first}", *(f"  {line}" for line in rest)]
    return [line.replace(NO_BREAK, " ") for line in lines]
