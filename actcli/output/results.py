"""Writing results to where the options say, in the format that they, the file's name or the terminal ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from actcli import __version__
from actcli.cli.options import Destination
from actcli.output.outputs import FIGURES, Outputs

if TYPE_CHECKING:
    from actcli.reports.blocks import Input, Report, Run
    from actcli.tables.sheet import Sheet


def write_sheet(sheet: Sheet, destination: Destination) -> None:
    """A sheet to its destination."""
    from actcli.output.files import open_output
    from actcli.output.sheets import choose_format, encode

    parts = encode(sheet, choose_format(destination.format, destination.output), destination.digits)
    with open_output(destination.output) as file:
        file.writelines(parts)


class Forms(NamedTuple):
    """A result in the forms that outputs ask for, each made when it is."""

    sheet: Callable[[], Sheet]
    figure: Callable[[], Any]  # matplotlib's
    report: Callable[[Run, int], Report] | None = None  # of the run, for so many digits
    document: Callable[[], dict[str, Any]] | None = None  # without it JSON is the sheet
    page: Callable[[int], Iterable[Any]] | None = None  # without it a table is the sheet; for so many digits


def write_outputs(outputs: Outputs, inputs: tuple[Input, ...], forms: Forms) -> None:
    """A result to all its outputs: all the files are written, or none is."""
    from actcli.output import files as output

    parts = [(destination.output, _encoded(forms, destination)) for destination in outputs.destinations]
    if forms.report is not None and outputs.reports:
        from actcli.reports.blocks import Run
        from actcli.reports.files import report_files

        report = forms.report(Run(outputs.command, __version__, outputs.date, inputs), outputs.digits)
        for path in outputs.reports:
            parts += [(name, [content]) for name, content in report_files(report, path, outputs.digits)]
    output.write_outputs(parts)


def _encoded(forms: Forms, destination: Destination) -> Iterable[bytes]:
    from actcli.figures.style import save
    from actcli.output.sheets import encode
    from actcli.reports.terminal import console_text
    from actcli.text import json_text

    if destination.format in FIGURES:
        return [save(forms.figure(), f".{destination.format}")]
    if destination.format == "json" and forms.document is not None:
        return [json_text(forms.document(), indent=1).encode() + b"\n"]
    if destination.format == "table" and forms.page is not None:
        return [console_text(forms.page(destination.digits))]
    assert destination.format is not None
    return encode(forms.sheet(), destination.format, destination.digits)


def write_figure(figure: Any, output: str, dpi: float = 150.0) -> None:
    """A figure to a file, in the format that its name says."""
    from actcli.figures.style import save
    from actcli.output.files import open_output

    data = save(figure, os.path.splitext(output)[1], dpi=dpi)
    with open_output(output) as file:
        file.write(data)
