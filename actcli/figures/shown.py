"""A figure that a notebook shows as it is: one of matplotlib's is shown where `pyplot` is used."""

from __future__ import annotations

from matplotlib.figure import Figure

from actcli.figures.style import save


class ShownFigure(Figure):
    """Of matplotlib, with the picture that Jupyter asks for."""

    def _repr_png_(self) -> bytes:
        return save(self, ".png")
