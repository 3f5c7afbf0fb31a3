"""The distributions of pre-activations as lines of bars for a terminal, one line per layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from actcli.analysis.curves import spans
from actcli.diagnosis.diagnose import Diagnosis
from actcli.reports import charts
from actcli.reports.console import new_console
from actcli.text import apart, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_LAYERS = 12
WIDEST = 100
NAME = 16
LOW, HIGH = "blue", "yellow"


def distributions(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    """One line per layer, dotted where f saturates; one x axis if all share it, else each line with its ends."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    console = new_console()
    unicode = not console.options.ascii_only
    ends = spans(diagnosis.histograms)
    shared = len(set(ends)) == 1
    beside = "" if shared else max((_ends(span) for span in ends), key=len)
    names = apart([visible(layer.name) for layer in diagnosis.layers], NAME, "…" if unicode else "...")
    gutter = min(NAME, max(map(cell_len, names))) + 2  # some characters are two columns wide
    columns = max(10, min(console.width, WIDEST) - gutter - len(beside))
    saturates = any(traits.sides.low or traits.sides.high for traits in diagnosis.traits)
    how = f", {'dotted' if unicode else 'in letters'} where f saturates" if saturates else ""
    yield f"The higher the bar, the more values{how}"
    shown = zip(names, diagnosis.layers, diagnosis.histograms, ends, strict=True)
    for name, layer, histogram, span in [*shown][:MOST_LAYERS]:
        sides = diagnosis.of(layer.function).sides
        line = Text(f"{set_cell_size(name, gutter - 2)}  ", no_wrap=True)
        if not histogram.total:
            yield line.append("no values")
            continue
        bins = np.linspace(*span, columns + 1)
        low, high = histogram.within(sides.low, bins), histogram.within(sides.high, bins)
        cells = charts.bars(histogram.spread(bins), low + high, unicode)
        for cell, is_low in zip(cells, (low >= high).tolist(), strict=True):
            marked = cell in (charts.MARKED if unicode else charts.PLAIN_MARKED)
            line.append(cell, style=(LOW if is_low else HIGH) if marked else "")
        yield line if shared else line.append(_ends(span))
    if len(names) > MOST_LAYERS:
        yield f"and {len(names) - MOST_LAYERS} more layers: -o FILE.png draws all"
    if shared:
        marks = {dot // 2: label for dot, label in charts.ticks(ends[0], 2 * columns, columns // 10).items()}
        yield Text(" " * gutter + charts.x_axis(marks, columns, unicode), no_wrap=True)
        yield Text(" " * gutter + charts.x_labels(marks, columns), no_wrap=True)


def _ends(span: tuple[float, float]) -> str:
    return f"  {span[0]:.3g} .. {span[1]:.3g}"
