"""What one run writes: results to standard output and to files, each in a format, and reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from actcli.errors import UsageError
from actcli.output.places import check_twice, is_direct
from actcli.output.sheets import TABLE, endings
from actcli.tables.format import COMPRESSED, DEFAULT, USUAL, Form, named

REPORTS = (".html", ".md")
FIGURES = ("png", "svg", "pdf", "eps", "pgf")  # formats that the name of a file says, and no -f


@dataclass(frozen=True, slots=True)
class Destination:
    """A format and the file to write it to; None is standard output."""

    format: str
    path: str | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """All that one run writes. Reports state the command and the date."""

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
        """The outputs that a command with these formats is asked for; `default` is that of standard output, `reports`
        None where the command has no report.

        A file has the format that its name says, else `format`, which is that of standard output where no file has it;
        "-" is standard output. Where there may be `folders`, what ends in a slash is one, for parts.
        Raises UsageError, before any data is read, where that cannot be meant.
        """
        _check(files, reports)
        default = default or (DEFAULT if not form.header else None)
        if folders and any(file.endswith("/") for file in files):
            if len(files) > 1:
                raise UsageError("a folder of parts is an output alone", "give one -o")
            return cls((Destination(format or "", files[0]),), form=form, command=command)
        named = [file for file in files if file != "-"]
        own = [_named(file, formats, format) for file in named]
        found = [Destination(each or _any(file, format, formats), file) for file, each in zip(named, own, strict=True)]
        if not named or "-" in files or (format is not None and all(each.format != format for each in found)):
            found.append(Destination(format or default or standard_format(), None))
        if not form.header and (odd := next((to for to in found if not _may_lack_header(to.format)), None)):
            raise UsageError(f"--no-header-out: {odd.format} has no header to leave out", "take -f csv or -f tsv")
        dated = reports or any(to.format in FIGURES for to in found)  # matplotlib too reads the date of the environment
        return cls(tuple(found), tuple(reports or ()), form, command, _date() if dated else "")

    @property
    def is_folder(self) -> bool:
        """Whether it is one of parts, in their own format where none is named."""
        return any(to.path is not None and to.path.endswith("/") for to in self.destinations)

    @property
    def files(self) -> list[str]:
        """All that are named."""
        return [*(to.path for to in self.destinations if to.path is not None), *self.reports]

    @property
    def prints(self) -> bool:
        """Whether standard output gets a result."""
        return any(to.path is None for to in self.destinations)

    @property
    def has_tables(self) -> bool:
        return any(to.format not in FIGURES for to in self.destinations)

    @property
    def has_figures(self) -> bool:
        return any(to.format in FIGURES for to in self.destinations)

    @property
    def shows_distributions(self) -> bool:
        """Whether one of them is for people: a figure, a report, or a table."""
        return bool(self.reports) or self.has_figures or any(to.format == TABLE for to in self.destinations)

    def all_in(self, format: str) -> Outputs:
        """The same places, all in one format."""
        return replace(self, destinations=tuple(Destination(format, to.path) for to in self.destinations))

    def printed(self) -> Outputs:
        """These, and the result on standard output."""
        return replace(self, destinations=(*self.destinations, Destination(standard_format(), None)))


def _may_lack_header(format: str) -> bool:
    return format in FIGURES or (format != TABLE and named(format).headed)


def standard_format() -> str:
    return TABLE if sys.stdout.isatty() else DEFAULT


def _named(file: str, formats: Sequence[str], asked: str | None) -> str | None:
    """The format that a file's name says; a .txt may be any that is asked for."""
    suffix = os.path.splitext(file)[1].lower()
    return None if suffix == ".txt" and asked else endings(formats).get(suffix)


def _any(file: str, asked: str | None, formats: Sequence[str]) -> str:
    """The format of a file whose name says none."""
    if asked is not None:
        return asked
    if is_direct(file):
        return DEFAULT  # /dev/stdout, a fifo
    if file.lower().endswith(COMPRESSED):
        raise UsageError(f"{file}: results are written as they are", "compress them in a pipe: -f csv | zstd")
    raise UsageError(
        f"{file}: its name says no format", f"name the format with -f, or end the name in {', '.join(endings(formats))}"
    )


def _check(files: Sequence[str], reports: Sequence[str] | None) -> None:
    for file in files:
        if reports is not None and file.lower().endswith(".html"):
            raise UsageError(f"{file}: a page is a report, not a format of results", f"write it by --report {file}")
    for report in reports or ():
        if not report.lower().endswith(REPORTS):
            raise UsageError(f"{report}: its name says no kind of report", f"end the name in {' or '.join(REPORTS)}")
    check_twice([*files, *(reports or ())])


def _date() -> str:
    """The date of the run, or the one that is to be taken for it, so that a report can be made again."""
    from datetime import UTC, datetime

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = datetime.now(UTC) if not epoch else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}", "it counts the seconds since 1970") from error
    return f"{moment:%Y-%m-%d %H:%M} UTC"
