"""Figures for PostScript, which has no transparency, and for TeX, whose commands must be escaped in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.figures.looks import asked
from actcli.text import tex

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def for_tex(figure: Figure) -> None:
    """Escape the texts so that TeX prints them verbatim, except mathematics that is asked for."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if not (asked().math and "$" in text.get_text()):
            text.set_text(tex(text.get_text()))


def make_opaque(figure: Figure) -> None:
    """Replace every colour by how it looks over the background, as PostScript has no transparency."""
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    paper = np.array(figure.get_facecolor())
    for line in figure.findobj(Line2D):
        if line.get_alpha() is not None:
            line.set_color(_over(line.get_color(), line.get_alpha(), paper))
            line.set_alpha(None)
    for kind in (Patch, Collection):
        shapes: list[Any] = figure.findobj(kind)
        for shape in shapes:
            faces, edges = (np.atleast_2d(colours) for colours in (shape.get_facecolor(), shape.get_edgecolor()))
            shape.set_alpha(None)
            shape.set_facecolor(_all_over(faces, paper, kind is Patch))
            shape.set_edgecolor(_all_over(edges, paper, kind is Patch))


def _all_over(colours: Any, paper: Any, alone: bool) -> Any:
    found = [_over(colour, None, paper) for colour in colours]
    return found[0] if alone else found


def _over(colour: Any, alpha: float | None, paper: Any) -> Any:
    from matplotlib.colors import to_rgba

    rgba = np.array(to_rgba(colour, alpha))
    share = rgba[3]
    return tuple(rgba) if share in (0.0, 1.0) else (*(share * rgba[:3] + (1.0 - share) * paper[:3]), 1.0)
