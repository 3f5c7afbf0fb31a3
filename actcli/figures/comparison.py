"""The figure of `compare`: the functions' curves and measures, and the same layers under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actcli.analysis.curves import NAMES, sample
from actcli.analysis.titles import titles
from actcli.diagnosis.comparison import Comparison
from actcli.figures import panels
from actcli.figures.marks import Stroke, level
from actcli.figures.page import EDGE, Page, Panel, Row, Section, compose
from actcli.figures.panels import Trace
from actcli.figures.style import DASHES, SMALL, THEMES, Theme, text_width
from actcli.measuring.probe import Thresholds
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches.
WIDTH = 7.5
CURVES, CHART = 2.4, 2.0
BAR = 0.21  # per function
TITLE, FOOT = 0.25, 0.5

Column = tuple[str, Sequence[float | None]]  # a measure and its values


def comparison_figure(comparison: Comparison, *, theme: str = "light") -> Figure:
    """f and f', the means over N(0, q) with the gains, and mean|f'| of each layer under each function."""
    look = THEMES[theme]
    names = [short(name) for name in titles([profile.function for profile in comparison.profiles])]
    strokes = [Stroke(look.order(i), (0, DASHES[i % len(DASHES)])) for i in range(len(names))]
    layers = list(dict.fromkeys(layer.name for layer in comparison.layers))
    sections = [_curves(comparison, strokes, look), _bars(_means(comparison), names, strokes, look)]
    if len(layers) == 1:
        sections.append(_bars(_measured(comparison), names, strokes, look))
    if any(profile.steps for profile in comparison.profiles):
        variances = [[step.gradient_variance for step in profile.steps] for profile in comparison.profiles]
        sections.append(
            _chart("Variance of the gradient by number of layers", panels.through_depth(variances, strokes, look))
        )
    if len(layers) > 1:
        sections.append(_chart("mean|f'| of each layer", _gradients(comparison, layers, strokes)))
    title = ", ".join(names)
    if text_width([title], 13, "bold") > WIDTH - 2 * EDGE:
        title = f"{len(names)} functions"
    return compose(Page(sections, look, title, f"means over z ~ N(0, {comparison.profiles[0].means.q:g})", WIDTH))


def _curves(comparison: Comparison, strokes: Sequence[Stroke], theme: Theme) -> Section:
    functions = [profile.function for profile in comparison.profiles]
    drawn = sample(functions, epsilon=Thresholds().epsilon, span=None)
    both = [
        panels.curves(
            [Trace(curve, order, look, short(curve.label)) for curve, look in zip(drawn, strokes, strict=True)],
            theme,
            title=NAMES[order],
        )
        for order in (0, 1)
    ]
    return Section([Row(both, CURVES, 0.6, 0.6, above=TITLE, below=FOOT)])


def _chart(heading: str, panel: Panel) -> Section:
    return Section([Row([panel], CHART, 0.8, below=FOOT)], heading)


def _bars(columns: Sequence[Column], names: Sequence[str], strokes: Sequence[Stroke], theme: Theme) -> Section:
    """One row per function: its name, and a bar in each column; each column has its own scale from 0."""
    colours = [stroke.color for stroke in strokes]
    critical = level(1.0, Stroke(theme.muted, (0, (2, 2)), 0.8), upright=True)
    drawn = [
        panels.bars(name, values, colours, [""] * len(names) if place else names, critical if name == "chi_1" else None)
        for place, (name, values) in enumerate(columns)
    ]
    left = 0.25 + text_width(names, SMALL)
    return Section([Row(drawn, BAR * len(names), left, 0.1, above=TITLE, below=0.2)])


def _means(comparison: Comparison) -> list[Column]:
    profiles = comparison.profiles
    return [
        ("sup|f'|", [profile.max_abs_gradient for profile in profiles]),
        ("E f^2", [profile.means.mean_square for profile in profiles]),
        ("E f'^2", [profile.means.mean_square_gradient for profile in profiles]),
        ("He gain", [profile.means.he_gain for profile in profiles]),
        ("chi_1", [profile.means.chi_1 for profile in profiles]),
    ]


def _measured(comparison: Comparison) -> list[Column]:
    """The measures of the one layer, in the order of the functions."""
    of_function = {layer.function: layer for layer in comparison.layers}
    layers = [of_function[profile.function] for profile in comparison.profiles]
    return [
        (f"{short(layers[0].name, 16)}: mean|f'|", [layer.mean_abs_gradient for layer in layers]),
        ("vanishing", [layer.vanishing_ratio for layer in layers]),
        ("dead neurons", [layer.dead_neuron_ratio for layer in layers]),
    ]


def _gradients(comparison: Comparison, names: Sequence[str], strokes: Sequence[Stroke]) -> Panel:
    of_pair = {(layer.function, layer.name): layer.mean_abs_gradient for layer in comparison.layers}
    rows = [[of_pair[profile.function, name] for name in names] for profile in comparison.profiles]
    return panels.through_layers(names, rows, strokes)
