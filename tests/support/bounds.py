"""Check that nothing in a figure leaves it or overlaps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg

from actcli.figures import style


def check(figure: Any) -> None:
    """Everything drawn lies within the figure, and no axis label overlaps another."""
    with style.styled():
        FigureCanvasAgg(figure).draw()
        width, height = figure.get_size_inches()
        drawn = figure.get_tightbbox()
    assert drawn.x0 >= 0.0
    assert drawn.y0 >= 0.0
    assert drawn.x1 <= width
    assert drawn.y1 <= height
    for axes in figure.axes:
        for axis, side in ((axes.xaxis, "x"), (axes.yaxis, "y")):
            low, high = sorted(axis.get_view_interval())
            labels = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=False)
            boxes = [label.get_window_extent() for place, label in labels if label.get_text() and low <= place <= high]
            ends = sorted((getattr(box, f"{side}0"), getattr(box, f"{side}1")) for box in boxes)
            assert all(right[0] >= left[1] - 1.0 for left, right in pairwise(ends)), (axes, ends)
