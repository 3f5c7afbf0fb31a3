"""Curves of f and f' as text for a terminal, drawn in braille or in letters by plotille."""

from __future__ import annotations

import math
import string
import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from actcli.activation import Array, Function, Interval
from actcli.curves import Curve, limits, sample

COLOURS = (33, 208, 36, 170, 178, 38, 245)  # of the 256, seen on black and on white
BLANK = "\u2800"  # plotille's empty cell
NO_BREAK = "\u00a0"


def curves(
    functions: Sequence[Function],
    *,
    derivatives: bool,
    epsilon: float,
    span: Interval | None,
    width: int,
    height: int,
    colour: bool,
    unicode: bool,
) -> str:
    """f, with `derivatives` f' under it, and on each function a line with its letter, regions and kinks.

    No line is longer than `width`; there are more than `height` lines only where the panels would be too low
    to read. plotille itself leaves out colour where stdout is no terminal, unless FORCE_COLOR is set.
    """
    drawn = sample(functions, epsilon=epsilon, span=span, points=8 * width + 1)
    span = float(drawn[0].x[0]), float(drawn[0].x[-1])
    panels = {"f(x)": [curve.f for curve in drawn]}
    if derivatives:
        panels["f'(x)"] = [curve.df for curve in drawn]
    legend = _legend(drawn, epsilon, width, colour)
    rows = max(5, (height - len(legend) - 1) // len(panels) - 2)
    seen = {name: limits(values, span) for name, values in panels.items()}
    marks = {name: _ticks(seen[name], 4 * rows, rows // 2) for name in panels}
    gutter = max(len(label) for each in marks.values() for label in each.values()) + 1
    columns = width - gutter - 1
    x_marks = {dot // 2: label for dot, label in _ticks(span, 2 * columns, columns // 8).items()}
    side, notch, floor = ("│", "┤", "└") if unicode else ("|", "+", "+")
    lines = []
    for name, values in panels.items():
        y_marks = {rows - 1 - dot // 4: label for dot, label in marks[name].items()}
        lines.append(name)
        for row, cells in enumerate(_cells(drawn, values, seen[name], columns, rows, colour, unicode)):
            lines.append(f"{y_marks.get(row, ''):>{gutter}}{notch if row in y_marks else side}{cells}")
        lines.append(" " * gutter + floor + _x_axis(x_marks, columns, unicode))
    lines.append(" " * (gutter + 1) + _x_labels(x_marks, columns))
    return "\n".join(line.rstrip() for line in [*lines, *legend]) + "\n"


def _ticks(ends: Interval, dots: int, count: int) -> dict[int, str]:
    """About `count` round numbers between the ends, by the dot each falls on."""
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


def _x_axis(marks: dict[int, str], columns: int, unicode: bool) -> str:
    line, notch = ("─", "┬") if unicode else ("-", "+")
    return "".join(notch if column in marks else line for column in range(columns))


def _x_labels(marks: dict[int, str], columns: int) -> str:
    """Each number under its mark where there is room, and the axis's name at the right end."""
    text = ""
    for column, label in marks.items():
        start = max(0, min(column - len(label) // 2, columns - 2 - len(label)))
        if not text or start > len(text):
            text = text.ljust(start) + label
    return text.ljust(columns - 1) + "x"


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
    """The curves in a box of columns by rows characters."""
    from plotille import Canvas  # type: ignore[import-untyped]

    low, high = seen
    left, right = float(drawn[0].x[0]), float(drawn[0].x[-1])
    # Canvas leaves out its upper ends: with one dot more the last dot is ours.
    dot_x, dot_y = (right - left) / (2 * columns - 1), (high - low) / (4 * rows - 1)
    canvas = Canvas(columns, rows, left, low, right + dot_x, high + dot_y, mode="byte")
    for index, (curve, y) in enumerate(zip(drawn, values, strict=True)):
        ink = _ink(index, colour)
        near = np.clip(y, 2 * low - high, 2 * high - low)  # a line that leaves the picture is not drawn for ever
        points = list(zip(curve.x.tolist(), near.tolist(), strict=True))
        for start, stop in pairwise(points):
            if unicode and not math.isnan(start[1] + stop[1]):
                canvas.line(*start, *stop, color=ink)
            elif not unicode and not math.isnan(start[1]):
                canvas.point(*start, color=ink, marker=_letter(index, len(drawn)))
    if len(drawn) > 1:
        for index, (curve, y) in enumerate(zip(drawn, values, strict=True)):
            # Each letter in columns of its own: curves on top of each other are told apart.
            every = max(14, 2 * len(drawn))
            for column in range(1 + index * every // len(drawn), columns, every):
                at = int(np.searchsorted(curve.x, left + (2 * column + 0.5) * dot_x))
                if low <= y[at] <= high:
                    canvas.text(
                        float(curve.x[at]),
                        float(y[at]),
                        _letter(index, len(drawn)),
                        color=_ink(index, colour),
                    )
    drawing: str = canvas.plot(linesep="\n")
    return drawing.replace(BLANK, " ").split("\n")


def _legend(drawn: Sequence[Curve], epsilon: float, width: int, colour: bool) -> list[str]:
    """For each function its letter, its name, its kinks and where it vanishes."""
    from plotille import color

    widest = max(len(curve.label) for curve in drawn)
    lines = []
    for index, curve in enumerate(drawn):
        # textwrap breaks a line at a space, not at a no-break space: each range and kink stays whole.
        ranges = " or ".join(region.condition(4).replace(" ", NO_BREAK) for region in curve.regions) or "nowhere"
        kinks = "".join(f", kink{NO_BREAK}at{NO_BREAK}{kink.x:g}" for kink in curve.kinks)
        text = f"{curve.label:<{widest}}  |f'| < {epsilon:g}: {ranges}{kinks}"
        letter = color(_letter(index, len(drawn)), fg=_ink(index, colour), mode="byte")
        first, *rest = textwrap.wrap(text, width - 2, subsequent_indent="  ")
        lines += [f"{letter} {first}", *(f"  {line}" for line in rest)]
    return [line.replace(NO_BREAK, " ") for line in lines]
