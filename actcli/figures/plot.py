"""The curves of f, f' and f'' as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.activation import Function, Interval
from actcli.curves import NAMES, Curve, limits, sample, shares, short
from actcli.errors import UsageError
from actcli.figures.style import DASHES, THEMES, Theme, dress, fitting, styled, text_width, wrapped
from actcli.histogram import Histogram
from actcli.verdicts import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Named = tuple[str, Histogram]

# Inches. The places of all parts are reckoned here: matplotlib's layout engines draw everything three times.
WIDTH = 7.0
HEIGHTS = (3.4, 2.6, 2.6)  # of f, f' and f''
ROW = 0.2  # of a function's bars
STRIP = 0.52  # of a distribution
LINE = 0.22  # of text
SMALL, TITLE = 8.5, 12.0  # points
GAP = 0.14
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


def curves(
    families: Sequence[Sequence[Function]],
    *,
    order: int = 0,
    epsilon: float,
    span: Interval | None = None,
    data: Sequence[Named] = (),
    separate: bool = False,
    theme: str = "light",
    size: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """f and its derivatives up to `order`, where |f'| < epsilon, kinks, and the distributions of `data` under them.

    A family of several functions, a sweep, has a colour bar. A panel a derivative, or if `separate` a panel a family.
    `size` is in inches. Raises UsageError where that is too little.
    """
    look = THEMES[theme]
    drawn = _families(families, epsilon, span, [histogram for _, histogram in data], look)
    with styled(look):
        if separate:
            from actcli.figures.multiples import multiples

            return multiples(drawn, order, epsilon, data, look, size, title)
        return _stack(drawn, order, epsilon, data, look, size, title)


def _families(
    families: Sequence[Sequence[Function]],
    epsilon: float,
    span: Interval | None,
    data: Sequence[Histogram],
    theme: Theme,
) -> list[Family]:
    sampled = iter(sample([f for family in families for f in family], epsilon=epsilon, span=span, data=data))
    swept = any(len(family) > 1 for family in families)
    found, single = [], 0
    for family in families:
        curves = [next(sampled) for _ in family]
        if len(family) > 1:
            found.append(_sweep(family, curves, theme))
            continue
        colour, dashes = theme.sequence[single % len(theme.sequence)], DASHES[(single + swept) % len(DASHES)]
        single += 1
        label = curves[0].label
        found.append(Family(label, "", (), (Line(curves[0], label, colour, dashes),)))
    return found


def _sweep(functions: Sequence[Function], curves: Sequence[Curve], theme: Theme) -> Family:
    first, second = functions[0].parameters, functions[1].parameters
    parameter = next(name for name in first if first[name] != second[name])
    fixed = tuple(pair for pair in functions[0].values if pair[0] != parameter)
    label = replace(functions[0], values=fixed).label
    values = [function.parameters[parameter] for function in functions]
    places = sorted(values)
    colours = theme.colours(theme.ramp, len(values))
    lines = [
        Line(curve, f"{label}{',' if ':' in label else ':'}{parameter}={value:g}", colours[places.index(value)], ())
        for curve, value in zip(curves, values, strict=True)
    ]
    return Family(label, parameter, tuple(values), tuple(lines))


def _stack(
    families: Sequence[Family],
    order: int,
    epsilon: float,
    data: Sequence[Named],
    theme: Theme,
    size: tuple[float, float] | None,
    title: str,
) -> Figure:
    """A panel a derivative, then the bars of the vanishing regions, then the distributions, above one x axis."""
    lines = [line for family in families for line in family.lines]
    curve = lines[0].curve
    swept = [family for family in families if family.parameter]
    handles = legend_handles(families, epsilon, theme)
    names = [short(line.name) for line in lines] if len(lines) > 1 else []
    beside = [_beside(name, histogram, lines) for name, histogram in data]
    left = max(0.8, 0.2 + text_width([part for text in (*names, *beside) for part in text.split("\n")], SMALL))
    right = 0.2 + BAR * len(swept)
    width = size[0] if size else WIDTH + right - 0.2
    title = wrapped(title, width - 0.4, TITLE)
    columns = legend_columns(handles, width)
    top = head_height(title, handles, columns)
    strips = [ROW * len(lines) + 0.1] if len(lines) > 1 else []
    strips += [STRIP * len(data)] if data else []
    fixed = top + BOTTOM + sum(strips) + GAP * (order + len(strips)) + (LINE if len(lines) > 1 else 0.0)
    asked = HEIGHTS[: order + 1]
    height = size[1] if size else fixed + sum(asked)
    require(width, height, left + right + LEAST_WIDTH, fixed + LEAST_HEIGHT * (order + 1))
    heights = [each * (height - fixed) / sum(asked) for each in asked]

    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    panels: list[Axes] = []
    edge = height - top

    def add(tall: float) -> Axes:
        nonlocal edge
        box = (left / width, (edge - tall) / height, (width - left - right) / width, tall / height)
        panels.append(figure.add_axes(box, sharex=panels[0] if panels else None))
        panels[-1].tick_params(labelbottom=False)
        edge -= tall + GAP
        return panels[-1]

    for number, tall in enumerate(heights):
        axes = add(tall)
        draw_lines(axes, lines, number, theme)
        axes.set_ylabel(NAMES[number])
        axes.yaxis.set_label_coords(-0.58 / (width - left - right), 0.5)
    for place, family in enumerate(swept):
        box = ((width - right + 0.25 + BAR * place) / width, panels[order].get_position().y0)
        colour_bar(figure, (*box, 0.14 / width, panels[0].get_position().y1 - box[1]), family, theme)
    if len(lines) > 1:
        edge -= LINE
        draw_bars(add(strips[0]), lines, epsilon, theme)
    if data:
        draw_data(add(strips[-1]), data, beside, lines, theme)
    if len(lines) == 1:
        shade(panels, curve, theme)
    for axes in panels:
        dress(axes, theme)
    panels[-1].tick_params(labelbottom=True)
    panels[-1].set_xlabel("x")
    head(figure, title, handles, columns)
    return figure


def require(width: float, height: float, least_width: float, least_height: float) -> None:
    """Raises UsageError where a figure is too small for what is in it."""
    if width < least_width or height < least_height:
        least = f"{math.ceil(10 * least_width) / 10:g}x{math.ceil(10 * least_height) / 10:g}"
        raise UsageError(f"a figure of {width:g}x{height:g} inches is too small for this", f"take at least {least}")


def draw_lines(axes: Axes, lines: Sequence[Line], order: int, theme: Theme) -> None:
    """One derivative of every curve, with its kinks."""
    span = lines[0].curve.span
    axes.axhline(0.0, color=theme.muted, linewidth=0.6, zorder=1)
    axes.axvline(0.0, color=theme.muted, linewidth=0.6, zorder=1)
    for line in lines:
        y = line.curve.derivative(order)
        axes.plot(line.curve.x, y, label=line.name, color=line.colour, linestyle=(0, line.dashes))
        mark_kinks(axes, line.curve, line.colour, order, theme)
    axes.set(xlim=span, ylim=limits([line.curve.derivative(order) for line in lines], span))


def mark_kinks(axes: Axes, curve: Curve, colour: Any, order: int, theme: Theme) -> None:
    """A dot on f; on f' an open dot at the end of each side, a full one at the value taken."""
    marker: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5, "zorder": 4, "color": colour}
    for kink in curve.kinks:
        if order == 0:
            axes.plot(kink.x, kink.f, **marker)
        elif order == 1:
            axes.plot([kink.x] * 2, [kink.left, kink.right], markerfacecolor=theme.background, **marker)
            axes.plot(kink.x, kink.taken, **marker)


def shade(panels: Sequence[Axes], curve: Curve, theme: Theme) -> None:
    """The vanishing regions; the outline shows one that is narrower than a pixel."""
    for axes in panels:
        for start, stop in curve.visible():
            axes.axvspan(start, stop, zorder=0, facecolor=theme.shade, edgecolor=theme.edge, linewidth=0.8)


def draw_bars(axes: Axes, lines: Sequence[Line], epsilon: float, theme: Theme) -> None:
    """For each function a row with bars where its gradient vanishes."""
    for number, line in enumerate(lines):
        bars = [(start, stop - start) for start, stop in line.curve.visible()]
        axes.broken_barh(bars, (number - 0.3, 0.6), facecolor=line.colour, edgecolor=line.colour, linewidth=0.8)
        if not bars:
            where = axes.get_yaxis_transform()
            axes.text(0.01, number, unseen(line.curve), transform=where, va="center", size=SMALL)
    axes.set_yticks(range(len(lines)), [short(line.name) for line in lines])
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_title(f"|f'| < {epsilon:g}", size=SMALL, loc="left", pad=3)


def unseen(curve: Curve) -> str:
    """What to say of vanishing regions that cannot be shown."""
    return "outside this span" if curve.regions else "nowhere"


def draw_data(axes: Axes, data: Sequence[Named], beside: Sequence[str], lines: Sequence[Line], theme: Theme) -> None:
    """Each distribution in a row of its own, as high as its highest bin; what lies in the shade is dark."""
    ends = np.linspace(*lines[0].curve.span, 141)
    for number, (_, histogram) in enumerate(data):
        counts = histogram.spread(ends)
        scale = 0.8 / max(counts.max(), 1e-300)
        base = number + 0.45
        for part, colour in ((counts, theme.data), (histogram.within(_shaded(lines), ends), theme.text)):
            axes.stairs(base - scale * part, ends, baseline=base, fill=True, color=colour, linewidth=0.0)
    axes.set_yticks([number + 0.05 for number in range(len(data))], beside)
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.set_ylim(len(data) - 0.5, -0.5)


def _shaded(lines: Sequence[Line]) -> list[Interval]:
    return [(region.start, region.stop) for region in lines[0].curve.regions] if len(lines) == 1 else []


def _beside(name: str, histogram: Histogram, lines: Sequence[Line]) -> str:
    """The name of a distribution, and how much of it lies in the shade and out of sight."""
    if not histogram.total:
        return f"{short(name)}\nno values"
    shaded, outside = shares(histogram, [line.curve for line in lines])
    parts = [short(name), *([] if shaded is None else [f"{percent(shaded)} shaded"])]
    return "\n".join([*parts, *([f"{percent(outside)} out of sight"] if outside > 5e-4 else [])])


def legend_handles(families: Sequence[Family], epsilon: float, theme: Theme) -> list[Any]:
    """An entry a function that is no member of a sweep, one for the shade, one for the kinks."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [line for family in families for line in family.lines]
    handles: list[Any] = [
        Line2D([], [], color=line.colour, linestyle=(0, line.dashes), label=line.name)
        for family in families
        for line in family.lines
        if not family.parameter
    ]
    if len(lines) == 1:
        label = f"|f'| < {epsilon:g}{conditions(lines[0].curve)}"
        handles.append(Patch(facecolor=theme.shade, edgecolor=theme.edge, linewidth=0.8, label=label))
    if any(line.curve.kinks for line in lines):
        handles.append(Line2D([], [], color=theme.muted, linestyle="none", marker="o", markersize=5,
                              label="kink (f' jumps)"))  # fmt: skip
    return handles


def conditions(curve: Curve) -> str:
    """Where the gradient vanishes, in words."""
    if not curve.visible():
        return f" {unseen(curve)}"
    if len(curve.regions) > 2:
        return f" in {len(curve.regions)} intervals"
    return ": " + " or ".join(region.condition(4) for region in curve.regions)


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
