"""Several outputs of one run: results in any number of files, and reports."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from actcli.cli.options import Destination, completer, digits_option, format_option, stack
from actcli.errors import UsageError
from actcli.output.sheets import choose_format, output_formats

REPORTS = (".html", ".md")
FIGURES = ("png", "svg", "pdf")  # formats that no -f names


class Outputs(NamedTuple):
    """All that one run writes: results, to standard output where no file is named, and reports, which tell the
    command line and the date."""

    destinations: tuple[Destination, ...]
    reports: tuple[str, ...]
    digits: int
    command: str
    date: str

    @property
    def has_tables(self) -> bool:
        return any(to.format not in FIGURES for to in self.destinations)

    @property
    def shows_distributions(self) -> bool:
        """Whether one of them is for people: a figure, a report, or a table."""
        return bool(self.reports) or any(to.format in (*FIGURES, "table") for to in self.destinations)


def outputs_options(*, reports: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Where results go, and reports if the command has one; it gets them as `outputs`."""
    has_reports = reports
    formats = output_formats()
    report_option = click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FILE",
        shell_complete=completer("files"),
        help="Write also a report to read: a page (.html), or Markdown (.md) with its figures beside it.",
    )
    options: Callable[[Callable[..., None]], Callable[..., None]] = stack(
        format_option(formats),
        click.option(
            "-o",
            "--output",
            "files",
            multiple=True,
            metavar="FILE",
            shell_complete=completer("files"),
            help="Write to FILE instead of standard output (repeatable). All are written whole, or none is.",
        ),
        *([report_option] if reports else []),
        digits_option,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def gathered(
            *args: Any,
            format: str | None,
            files: tuple[str, ...],
            digits: int,
            reports: tuple[str, ...] = (),
            **rest: Any,
        ) -> None:
            _check(format, files, reports, has_reports)
            destinations = tuple(
                Destination(choose_format(format, file, (*formats, *FIGURES)), file, digits)
                for file in files or (None,)
            )
            words = shlex.join(["actcli", *click.get_current_context().find_root().obj])
            date = _date() if reports else ""
            command(*args, outputs=Outputs(destinations, reports, digits, words, date), **rest)

        return options(gathered)

    return decorate


def _date() -> str:
    """The date of the run, or the one that is to be taken for it, so that a report can be made again."""
    from datetime import UTC, datetime

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = datetime.now(UTC) if not epoch else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}", "it counts the seconds since 1970") from error
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _check(format: str | None, files: Sequence[str], reports: Sequence[str], has_reports: bool) -> None:
    """What is wrong with the outputs is said before any data is read."""
    for file in files:
        ending = os.path.splitext(file)[1].lower()
        if format is not None and ending.removeprefix(".") in FIGURES:
            raise UsageError(f"{file} is a figure, and -f {format} is none", "leave out -f: the name says the format")
        if has_reports and ending == ".html":
            raise UsageError(f"{file}: a page is a report, not a format of results", f"write it by --report {file}")
    if format is not None and len(files) > 1:
        raise UsageError(
            f"-f {format} is for one output, and there are {len(files)}",
            "leave it out: the names of the files say their formats",
        )
    for report in reports:
        if os.path.splitext(report)[1].lower() not in REPORTS:
            raise UsageError(f"{report}: its name says no kind of report", f"end the name in {' or '.join(REPORTS)}")
    named: set[str] = set()
    for file in (*files, *reports):
        if (path := os.path.realpath(file)) in named:
            raise UsageError(f"{file} is named twice as an output", "give each output a file of its own")
        named.add(path)
