"""The base class of library results: shown in a notebook, and convertible to a table, dictionary, figure or file.

The packages that render a result import the one that computes it, not the other way round. So they are imported here
only when a result is shown.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from actcli.figures.style import Figure


class Outcome:
    """The result of `diagnose`, `inspect`, `compare`, `fit`, `train`, `trend` or `plot`."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the verdict in words, in fewer than 20 lines."""
        text: str = _library().in_short(self)
        return text

    def _repr_html_(self) -> str:
        """Return the report for a notebook."""
        page: str = _library().for_notebook(self)
        return page

    def to_frame(self, by: str | None = None) -> pl.DataFrame:
        """Return the rows that the command prints as CSV, with `by` those of its option `--by`, as a polars frame."""
        frame: pl.DataFrame = _library().to_frame(self, by)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return what the command prints as JSON; NaN and infinities are floats."""
        document: dict[str, Any] = _library().to_dict(self)
        return document

    def figure(self, theme: str = "light", **look: Any) -> Figure:
        """Return a matplotlib figure. `theme` is light, dark or grey; `look` takes further options of figures."""
        drawn: Figure = _library().figure(self, theme, **look)
        return drawn

    def save(self, path: str, theme: str = "light", **look: Any) -> None:
        """Write the result, whole or not at all, in the format of the suffix. `.html` and `.md` are reports."""
        _library().save(self, path, theme, **look)


def _library() -> Any:
    return import_module("actcli.output.library")
