"""A result in the forms that outputs ask for, and how to write them."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from actcli import __version__
from actcli.errors import UsageError
from actcli.output.files import write_files
from actcli.output.outputs import FIGURES, Destination, Outputs
from actcli.output.places import check_twice
from actcli.output.sheets import TABLE
from actcli.reports.look import DEFAULT, Look
from actcli.tables.format import Form, named

if TYPE_CHECKING:
    from actcli.figures.style import Figure
    from actcli.measuring.layer import Input
    from actcli.reports.look import Theme
    from actcli.reports.model import Draw, Report, Run
    from actcli.tables.sheet import Sheet


class Result(NamedTuple):
    """The forms of a result, each made on demand.

    JSON output is the document, table output the chart or else the report; without these, or if `by_row`, both are the
    sheet.
    """

    sheet: Callable[[], Sheet] | None = None
    summary: Callable[[], Sheet] | None = None  # the sheet with only the columns shown on a screen
    document: Callable[[], dict[str, Any]] | None = None
    figure: Callable[[Theme], Figure] | None = None
    report: Callable[[Draw, Run, int], Report] | None = None  # from the figure, the run, and the number of digits
    chart: Callable[[], bytes] | None = None
    look: Look = DEFAULT
    dpi: float | None = None  # of a PNG
    by_row: bool = False

    def drawn(self, format: str, theme: Theme | None = None) -> bytes:
        """Return the figure in a format; the theme defaults to that of the look. This imports matplotlib."""
        from actcli.figures.looks import looking
        from actcli.figures.style import DPI, save

        assert self.figure is not None
        with looking(self.look):
            return save(self.figure(theme or self.look.theme), f".{format}", dpi=self.dpi or DPI)


def write(outputs: Outputs, result: Result, inputs: tuple[Input, ...] = ()) -> None:
    """Write a result to all outputs: either all files are written or none."""
    drawn = functools.cache(result.drawn)

    @functools.cache
    def report() -> Report:
        from actcli.reports.model import Run

        assert result.report is not None
        run = Run(outputs.command, __version__, outputs.date, inputs)
        return result.report(lambda theme: drawn("svg", theme), run, outputs.form.digits)

    @functools.cache
    def sheet() -> Sheet:
        assert result.sheet is not None
        found = result.sheet()
        return found._replace(rows=tuple(found.rows)) if len(outputs.destinations) > 1 else found

    counted = result._replace(sheet=sheet)
    parts = [
        (to.path, [drawn(to.format, result.look.theme)])
        if to.format in FIGURES and result.figure is not None
        else (to.path, _encoded(counted, to, outputs.form, report))
        for to in outputs.destinations
    ]
    for path in outputs.reports:
        parts += [(name, [content]) for name, content in _report_files(report(), path, outputs.form.digits)]
    check_twice(path for path, _ in parts if path is not None)
    write_files(parts)


def _encoded(result: Result, to: Destination, form: Form, report: Callable[[], Report]) -> Iterable[bytes]:
    from actcli.output.sheets import encode
    from actcli.text import json_pieces

    if to.format == "json" and result.document is not None and not result.by_row:
        return (piece.encode() for piece in itertools.chain(json_pieces(result.document()), "\n"))
    if to.format == "table" and result.chart is not None:
        return [result.chart()]
    if to.format == "table" and result.report is not None and not result.by_row:
        from actcli.reports.terminal import terminal_page

        return [terminal_page(report(), form.digits)]
    if result.summary is not None and to.format != TABLE and named(to.format).for_people:
        return encode(result.summary(), to.format, form)
    assert result.sheet is not None
    return encode(result.sheet(), to.format, form)


def _report_files(report: Report, path: str, digits: int) -> Iterable[tuple[str, bytes]]:
    from actcli.reports.html import html_page
    from actcli.reports.markdown import markdown_files

    if path.lower().endswith(".html"):
        return [(path, html_page(report, digits).encode())]
    (page, text), *figures = markdown_files(report, path, digits)
    _check_own(page, [name for name, _ in figures])
    return [(page, text), *figures]


def _check_own(page: str, figures: Sequence[str]) -> None:
    """Raise UsageError if a figure would overwrite a file that is not a figure of the report being replaced."""
    from urllib.parse import quote

    old = ""
    with suppress(OSError), open(page, encoding="utf-8", errors="replace") as file:
        old = file.read()
    for path in figures:
        if (
            os.path.lexists(path)
            and not os.path.isdir(path)
            and f"]({quote(os.fsencode(os.path.basename(path)))})" not in old
        ):
            raise UsageError(
                f"{path} exists and is not a figure of {page}: the report would overwrite it",
                "move it, or give the report another name",
            )
