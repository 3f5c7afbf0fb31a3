"""The figure of `saturation`: pre-activations over f', dead neurons, and how much of a gradient f' leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actcli.analysis.curves import spans
from actcli.analysis.titles import titles
from actcli.diagnosis.diagnose import Diagnosis
from actcli.figures import panels
from actcli.figures.neurons import TALLEST, Grid, dead_names, neuron_map
from actcli.figures.page import RIGHT, Page, Row, Section, compose
from actcli.figures.panels import Side
from actcli.figures.style import THEMES, Theme, text_width
from actcli.text import apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches.
WIDTH = 7.5
LEFT, BETWEEN = 0.35, 0.25
HISTOGRAM = 1.2
TITLE = 0.34  # with a note, above a histogram
NUMBERS = 0.3  # below a histogram
PRODUCTS, GUTTER = 1.9, 0.95
FOOT = 0.55
LINE = 0.15  # per line of dead neurons' names
MOST_HISTOGRAMS = 32  # each takes 60 ms and 50 kB; the distributions of more layers are rows of one picture


def layers_figure(diagnosis: Diagnosis, *, theme: str = "light") -> Figure:
    """Histograms of the pre-activations over |f'| (if they were kept), a map of the neurons, and the product of f'
    through the layers. Without layers, the curves of f and f'.
    """
    if not diagnosis.layers:
        from actcli.figures.plot import curves

        return curves(
            [[diagnosis.functions[0].whole]], order=1, epsilon=diagnosis.criteria.thresholds.epsilon, theme=theme
        )
    look = THEMES[theme]
    shown = _histograms if len(diagnosis.layers) <= MOST_HISTOGRAMS else _distributions
    sections = [_neurons(diagnosis, look), *_products(diagnosis, look)]
    if diagnosis.histograms:
        sections.insert(0, shown(diagnosis, look))
    return compose(Page(sections, look, diagnosis.label, _subtitle(diagnosis), WIDTH))


def _subtitle(diagnosis: Diagnosis) -> str:
    thresholds = diagnosis.criteria.thresholds
    if diagnosis.all_rowwise:
        return f"vanishing: |f'| < {thresholds.epsilon:g}"
    return f"vanishing: |f'| < {thresholds.epsilon:g}; saturated: |f'| <= {thresholds.tau:.3g} sup|f'|"


def _histograms(diagnosis: Diagnosis, theme: Theme) -> Section:
    count = len(diagnosis.layers)
    across = count if count <= 4 else 3 if count in (5, 6, 9) else 4
    wide = (WIDTH - LEFT - RIGHT - BETWEEN * (across - 1)) / across
    shown = apart([layer.name for layer in diagnosis.layers], int(13 * wide))
    drawn = []
    for title, layer, histogram, span in zip(
        shown, diagnosis.layers, diagnosis.histograms, spans(diagnosis.histograms), strict=True
    ):
        regions = diagnosis.of(layer.function).sides
        sides = (
            Side("low", regions.low, layer.saturated_low_ratio),
            Side("high", regions.high, layer.saturated_high_ratio),
        )
        name = title if len(diagnosis.functions) == 1 else f"{title}: {titles([layer.function])[0]}"
        drawn.append(panels.pre_activations(name, histogram, span, layer.function.whole, sides, theme))
    rows = [
        Row(drawn[i : i + across], HISTOGRAM, LEFT, BETWEEN, TITLE, NUMBERS, across) for i in range(0, count, across)
    ]
    return Section(rows, "Pre-activations" if diagnosis.all_rowwise else "Pre-activations over |f'|")


def _distributions(diagnosis: Diagnosis, theme: Theme) -> Section:
    """All layers in one panel, one row per layer."""
    names = [layer.name for layer in diagnosis.layers]
    sides = [diagnosis.of(layer.function).sides for layer in diagnosis.layers]
    drawn = panels.many_distributions(names, diagnosis.histograms, [(s.low, s.high) for s in sides], theme)
    left = LEFT + text_width(apart(names, panels.LAYER), 9)
    height = min(TALLEST, max(2.6, 0.06 * len(names)))
    return Section([Row([drawn], height, left, below=FOOT)], "Pre-activations, one row per layer")


def _neurons(diagnosis: Diagnosis, theme: Theme) -> Section:
    grid = Grid.of([layer.neurons for layer in diagnosis.layers])
    left = LEFT + text_width(apart([layer.name for layer in diagnosis.layers], 20), 9)
    width = WIDTH - left - RIGHT
    neurons = diagnosis.neurons_of_layers
    dead = dead_names(neurons, width)
    drawn = neuron_map(diagnosis, neurons, grid, theme, width, dead)
    return Section([Row([drawn], grid.rows * grid.cell, left, below=FOOT + LINE * len(dead))], "Neurons")


def _products(diagnosis: Diagnosis, theme: Theme) -> list[Section]:
    layers = diagnosis.layers
    mean, rms = ([getattr(layer, f"cumulative_{kind}_gradient") for layer in layers] for kind in ("mean", "rms"))
    if len(layers) == 1 or all(value is None for value in rms):
        return []
    drawn = panels.products([layer.name for layer in layers], mean, rms, diagnosis.criteria.thresholds.epsilon, theme)
    row = Row([drawn], PRODUCTS, GUTTER, below=FOOT)
    return [Section([row], "Gradient passed by f', from the last layer back")]
