"""Writing results to where the options say, in the format that they, the file's name or the terminal ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from actcli.cli.options import Destination
from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.render import Sheet

FIGURES = (".png", ".svg", ".pdf")


def write_sheet(sheet: Sheet, destination: Destination) -> None:
    """A sheet to its destination."""
    from actcli.output import open_output
    from actcli.render import FORMATS, choose_format, encode

    format = choose_format(destination.format, destination.output)
    if format not in FORMATS:
        raise UsageError(f"{format} is for tables: these results are written as text", f"formats: {', '.join(FORMATS)}")
    with open_output(destination.output) as file:
        for part in encode(sheet, format, destination.digits):
            file.write(part)


def write_report(
    destination: Destination,
    *,
    document: Callable[[], dict[str, Any]],
    page: Callable[[int], Iterable[Any]],
    sheet: Callable[[], Sheet],
) -> None:
    """A report: its document as JSON, its page (given the digits) as a table, its sheet in the other formats."""
    from actcli.output import open_output
    from actcli.render import choose_format, console_text, json_text

    format = choose_format(destination.format, destination.output)
    if format not in ("json", "table"):
        write_sheet(sheet(), destination)
        return
    with open_output(destination.output) as file:
        if format == "json":
            file.write(json_text(document(), indent=1).encode() + b"\n")
        else:
            file.write(console_text(page(destination.digits)))


def wants_figure(destination: Destination) -> bool:
    """Whether the output's name asks for a figure, and no format for something else."""
    suffix = os.path.splitext(destination.output or "")[1].lower()
    return destination.format is None and suffix in FIGURES


def write_figure(figure: Any, output: str, dpi: float = 150.0) -> None:
    """A figure to a file, in the format that its name says."""
    from actcli.figures.style import save
    from actcli.output import open_output

    data = save(figure, os.path.splitext(output)[1], dpi=dpi)
    with open_output(output) as file:
        file.write(data)
