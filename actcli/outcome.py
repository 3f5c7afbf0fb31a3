"""What the library gives: a result that a notebook shows, and that becomes a table, a dictionary, a figure, a file.

How a result looks is known to rooms above the one that finds it. Here they are named for type checkers, and imported
when a result is looked at.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from actcli.figures.style import Figure


class Outcome:
    """What `diagnose`, `inspect`, `compare`, `fit`, `train`, `trend` and `plot` give."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The verdict in words, in fewer than 20 lines."""
        text: str = _library().in_short(self)
        return text

    def _repr_html_(self) -> str:
        """The report, for a notebook."""
        page: str = _library().for_notebook(self)
        return page

    def to_frame(self, by: str | None = None) -> pl.DataFrame:
        """The rows that the command prints as CSV, and, where it has the option, those of `--by`, as a polars frame."""
        frame: pl.DataFrame = _library().to_frame(self, by)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """What the command prints as JSON; NaN and infinities are floats."""
        document: dict[str, Any] = _library().to_dict(self)
        return document

    def figure(self, theme: str = "light", **look: Any) -> Figure:
        """A figure of matplotlib's. `theme` is light, dark or grey; `look` are further options of figures."""
        drawn: Figure = _library().figure(self, theme, **look)
        return drawn

    def save(self, path: str, theme: str = "light", **look: Any) -> None:
        """Write it, whole or not at all: the name of the file says the format. `.html` and `.md` are reports."""
        _library().save(self, path, theme, **look)


def _library() -> Any:
    return import_module("actcli.output.library")
