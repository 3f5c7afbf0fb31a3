"""A figure that a notebook shows by itself; one of matplotlib's would need `pyplot`."""

from __future__ import annotations

from matplotlib.figure import Figure

from actcli.figures.style import save


class ShownFigure(Figure):
    """A matplotlib figure that renders itself for Jupyter."""

    def _repr_png_(self) -> bytes:
        return save(self, ".png")
