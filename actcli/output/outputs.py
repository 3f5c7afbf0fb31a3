"""The outputs of one run: standard output and files, each in a format, and reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from actcli.errors import UsageError
from actcli.output.places import check_twice, is_direct
from actcli.output.sheets import TABLE, endings
from actcli.tables.format import COMPRESSED, DEFAULT, USUAL, Form, named

REPORTS = (".html", ".md")
FIGURES = ("png", "svg", "pdf", "eps", "pgf")  # formats chosen by the name of a file, never by -f


class Destination(NamedTuple):
    """A format and the path to write it to; None is standard output."""

    format: str
    path: str | None


class Outputs(NamedTuple):
    """Everything that one run writes. Reports state the command and the date."""

    destinations: tuple[Destination, ...]
    reports: tuple[str, ...] = ()
    form: Form = USUAL
    command: str = ""
    date: str = ""

    @classmethod
    def of(
        cls,
        format: str | None,
        files: Sequence[str],
        formats: Sequence[str],
        *,
        default: str | None = None,
        reports: Sequence[str] | None = None,
        form: Form = USUAL,
        command: str = "",
        folders: bool = False,
    ) -> Outputs:
        """Return the outputs asked for of a command that supports `formats`; `default` is the format of standard
        output, and `reports` is None if the command has no report.

        The name of a file determines its format, or else `format` does; if no file has `format`, standard output gets
        it. "-" is standard output. If `folders` are allowed, a path that ends in a slash is a folder of parts.
        Raises UsageError, before any data is read, for an impossible combination.
        """
        _check(files, reports)
        default = default or (DEFAULT if not form.header else None)
        if folders and any(file.endswith("/") for file in files):
            if len(files) > 1:
                raise UsageError("a folder of parts must be the only output", "give one -o")
            return cls((Destination(format or "", files[0]),), form=form, command=command)
        named = [file for file in files if file != "-"]
        own = [_named(file, formats, format) for file in named]
        found = [Destination(each or _any(file, format, formats), file) for file, each in zip(named, own, strict=True)]
        if not named or "-" in files or (format is not None and all(each.format != format for each in found)):
            found.append(Destination(format or default or standard_format(), None))
        if not form.header and (odd := next((to for to in found if not _may_lack_header(to.format)), None)):
            raise UsageError(f"--no-header-out: {odd.format} has no header to leave out", "use -f csv or -f tsv")
        dated = reports or any(to.format in FIGURES for to in found)  # checked here, as matplotlib reads it too
        return cls(tuple(found), tuple(reports or ()), form, command, _date() if dated else "")

    @property
    def is_folder(self) -> bool:
        """Whether the output is a folder of parts, in their own format unless one is named."""
        return any(to.path is not None and to.path.endswith("/") for to in self.destinations)

    @property
    def files(self) -> list[str]:
        """The paths of all results and reports."""
        return [*(to.path for to in self.destinations if to.path is not None), *self.reports]

    @property
    def prints(self) -> bool:
        """Whether a result goes to standard output."""
        return any(to.path is None for to in self.destinations)

    @property
    def has_tables(self) -> bool:
        return any(to.format not in FIGURES for to in self.destinations)

    @property
    def has_figures(self) -> bool:
        return any(to.format in FIGURES for to in self.destinations)

    @property
    def shows_distributions(self) -> bool:
        """Whether one of the outputs shows distributions: a figure, a report or a table."""
        return bool(self.reports) or self.has_figures or any(to.format == TABLE for to in self.destinations)

    def all_in(self, format: str) -> Outputs:
        """Return the same destinations, all in one format."""
        return self._replace(destinations=tuple(Destination(format, to.path) for to in self.destinations))

    def printed(self) -> Outputs:
        """Return these outputs with the result on standard output as well."""
        return self._replace(destinations=(*self.destinations, Destination(standard_format(), None)))


def _may_lack_header(format: str) -> bool:
    return format in FIGURES or (format != TABLE and named(format).headed)


def standard_format() -> str:
    return TABLE if sys.stdout.isatty() else DEFAULT


def _named(file: str, formats: Sequence[str], asked: str | None) -> str | None:
    """Return the format that the suffix implies; a .txt file can have any format asked for."""
    suffix = os.path.splitext(file)[1].lower()
    return None if suffix == ".txt" and asked else endings(formats).get(suffix)


def _any(file: str, asked: str | None, formats: Sequence[str]) -> str:
    """Return the format of a file whose name does not imply one."""
    if asked is not None:
        return asked
    if is_direct(file):
        return DEFAULT  # /dev/stdout, a fifo
    if file.lower().endswith(COMPRESSED):
        raise UsageError(f"{file}: cannot write compressed files", "compress in a pipe: -f csv | zstd")
    raise UsageError(
        f"{file}: its suffix is not a known format", f"name the format with -f, or use {', '.join(endings(formats))}"
    )


def _check(files: Sequence[str], reports: Sequence[str] | None) -> None:
    for file in files:
        if reports is not None and file.lower().endswith(".html"):
            raise UsageError(f"{file}: HTML is for reports, not for results", f"write it with --report {file}")
    for report in reports or ():
        if not report.lower().endswith(REPORTS):
            raise UsageError(f"{report}: its suffix is not a report format", f"end the name in {' or '.join(REPORTS)}")
    check_twice([*files, *(reports or ())])


def _date() -> str:
    """Return the date of the run, or that of SOURCE_DATE_EPOCH, which makes reports reproducible."""
    from datetime import UTC, datetime

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = datetime.now(UTC) if not epoch else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}", "set it to seconds since 1970") from error
    return f"{moment:%Y-%m-%d %H:%M} UTC"
