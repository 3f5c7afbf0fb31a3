"""How a text lays out its cells: what stands between them, the decimal sign, comments.

What no option says is guessed from the first lines. Where these leave a doubt it is an error that names the option."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError, UsageError
from actcli.tables.columns import check_width
from actcli.tables.lines import BOM, LONGEST, check_text, first_line, unended
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import is_number

EDGES = " \t\r\n"  # of cells, which are no part of them
BLANKS = " "  # any run of blanks and tabs
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", BLANKS: "blanks"}
WORDS = {"comma": ",", "tab": "\t", r"\t": "\t", "semicolon": ";", "bar": "|", "blanks": BLANKS}
SAMPLE = 100  # rows to guess from
COMMENTS = 100_000  # before the first row
_DECIMAL = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?|[+-]?\d+,(?:[eE][+-]?\d+)?")
_NUMBERS = re.compile(r"(?:[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\0)*", re.ASCII)  # NUL is in no text
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_GAP = re.compile(r"^ *\t|\t *(?:\t|\r?$)", re.MULTILINE)  # a missing cell between tabs, lost among blanks
_SAID = re.compile(r'"?sep=([^"\r\n])"?', re.IGNORECASE)  # as spreadsheets write it

csv.field_size_limit(2**31 - 1)  # of any length, as polars takes them


@dataclass(frozen=True, slots=True)
class Layout:
    """How the cells of a text stand, and its first rows."""

    separator: str
    decimal: str
    comment: str  # what lines begin with that are no rows; empty: none do
    skip: int  # bytes before the first row
    first: int  # bytes of that row
    breaks: int  # the line breaks in it
    line: int  # the number of its first line
    names: tuple[str, ...]  # of the columns, in the last comment before it; empty: none are there
    rows: tuple[tuple[str, ...], ...]  # the first ones
    notes: tuple[str, ...]


def layout(source: Source, options: ReadOptions, usual: str) -> Layout:
    """That of a text in which `usual` stands between cells unless another separator is said or seen."""
    start = _start(source, options)
    if start.comment and not start.text.strip():
        what = f"{source.name}: holds nothing but lines that begin with {start.comment}"
        raise DataError(what, "--comment '' takes them as rows")
    given = start.said if options.separator is None else separator_of(options.separator)
    fit = _chosen(start, given, usual, options, source.name)
    names: tuple[str, ...] = ()
    if start.last and options.header is not False and are_values(fit.rows[0], fit.decimal, options.nulls):
        (row,) = _sample(start.last, fit.separator, "")
        names = row if len(row) == len(fit.rows[0]) else ()
    notes = _notes(start, fit, usual if given is None else given, names, options)
    return Layout(
        fit.separator, fit.decimal, start.comment, start.skip, start.first, start.breaks, start.line, names, fit.rows,
        tuple(f"{source.name}: {note}" for note in notes),
    )  # fmt: skip


def _notes(start: _Start, fit: _Fit, expected: str, names: tuple[str, ...], options: ReadOptions) -> Iterator[str]:
    """What was guessed, each with the option that says otherwise."""
    decimal = fit.decimal == "," and options.decimal is None
    if fit.separator != expected:
        said, way = (", and numbers have decimal commas", "--separator and --decimal say") if decimal else (
            "", "--separator says")  # fmt: skip
        yield f"{SEPARATORS[fit.separator]} separate the cells{said}; {way} otherwise"
    elif decimal:
        yield "numbers have decimal commas; --decimal says otherwise"
    if names:
        yield "the comment before the first row is taken as names; --no-header takes it as none"
    if start.comment and options.comment is None and (not names or start.comments > 1):
        yield "lines that begin with # are taken as comments; --comment '' takes them as rows"


def separator_of(word: str) -> str:
    """The character that a word or a character means."""
    found = WORDS.get(word.lower(), word)
    if len(found) != 1 or not found.isascii() or found.isalnum() or found in "\"'+-.\r\n" or ord(found) < 9:
        what = f"--separator {word!r}: no such character can stand between numbers"
        raise UsageError(what, "give one such as ';', or tab, or blanks for any number of them")
    return found


def tabbed(data: bytes) -> bytes:
    """The lines with one tab for each run of blanks that is not in quotes, and none at their ends."""
    codes = np.frombuffer(data, np.uint8)
    blank = (codes == ord(" ")) | (codes == ord("\t"))
    if b'"' in data:
        blank &= ~np.logical_xor.accumulate(codes == ord('"'))
    edges = np.diff(blank.astype(np.int8), prepend=0, append=0)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    ends = np.append((codes == ord("\n")) | (codes == ord("\r")), True)  # which byte -1 is as well
    kept = ~blank
    kept[starts[~(ends[starts - 1] | ends[stops])]] = True
    cells: NDArray[np.uint8] = np.where(blank, np.uint8(ord("\t")), codes)[kept]
    return cells.tobytes()


class _Start(NamedTuple):
    """The beginning of a text."""

    text: str  # the first rows, each whole
    comment: str
    comments: int  # how many lines before the first row are comments
    last: str  # of these the last, without what makes it one
    said: str | None  # the separator that a line before the first row names
    skip: int
    first: int
    breaks: int
    line: int


def _start(source: Source, options: ReadOptions) -> _Start:
    """As much of a text as is needed to guess from, which is checked to be one."""
    stream = source.text()
    first = first_line(stream, source, quotes=False)
    bom = len(BOM) * first.startswith(BOM)
    comment = options.comment
    if comment is None:
        comment = "#" if first.startswith(b"#", bom) else ""
    size = 1 << 16
    while True:
        data = stream.look(size).tobytes()
        whole = len(data) < size
        head = _before(data, bom, comment.encode())
        end = _row_end(data, head.end)
        if head.lines > COMMENTS:
            what = f"{source.name}: more than {COMMENTS:,} comments before the first row"
            raise DataError(what, "take them out")
        if not end and (size > LONGEST or (whole and data.count(b'"', head.end) % 2)):
            raise unended(data[head.end :], source, 1 + head.lines)
        if whole or (end and len(data) > 3 * end):
            break
        size = max(2 * size, 4 * end)
    check_text(data[head.end : end or None], source.name, 1 + head.lines)
    text = data[head.end : None if whole else data.rfind(b"\n") + 1]
    last = head.last.decode(errors="replace").removeprefix(comment).strip()
    return _Start(
        text.decode(errors="replace"), comment, head.comments, last, head.said, head.end,
        (end or len(data)) - head.end, data.count(b"\n", head.end, end or None), 1 + head.lines,
    )  # fmt: skip


class _Head(NamedTuple):
    """What is before the first row."""

    end: int
    lines: int
    comments: int
    last: bytes  # comment
    said: str | None  # the separator that its first line names


def _before(data: bytes, at: int, comment: bytes) -> _Head:
    lines, comments, last, said = 0, 0, b"", None
    while stop := data.find(b"\n", at) + 1:
        line = data[at:stop]
        if not lines and (found := _SAID.fullmatch(line.strip(b"\r\n").decode(errors="replace"))):
            said = found[1]
        elif comment and line.startswith(comment):
            comments, last = comments + 1, line
        else:
            break
        lines, at = lines + 1, stop
    return _Head(at, lines, comments, last, said)


def _row_end(data: bytes, start: int) -> int:
    """Where the row ends that begins here; 0 where it goes on."""
    end = data.find(b"\n", start) + 1
    if not data.count(b'"', start, end or None) % 2:
        return end
    codes = np.frombuffer(data, np.uint8)[start:]
    ends = (codes == ord("\n")) & ~np.logical_xor.accumulate(codes == ord('"'))
    return start + int(ends.argmax()) + 1 if ends.any() else 0


def _sample(text: str, separator: str, comment: str) -> tuple[tuple[str, ...], ...]:
    """The first rows of a text."""
    if separator == BLANKS:
        text, separator = tabbed(text.encode()).decode(), "\t"
    lines = io.StringIO(text, newline="\n")
    rows = csv.reader((line for line in lines if not (comment and line.startswith(comment))), delimiter=separator)
    has_edges = any(edge in text for edge in ' \t\r"')
    found: list[tuple[str, ...]] = []
    with suppress(csv.Error):  # a bare carriage return: as far as that
        for row in itertools.islice(rows, SAMPLE):
            found.append(tuple([cell.strip(EDGES) for cell in row] if has_edges else row) or ("",))
    while len(found) > 1 and found[-1] == ("",):  # blank lines at the end are nothing
        found.pop()
    return tuple(found) or (("",),)


class _Fit(NamedTuple):
    """The first rows as cells between separators."""

    separator: str
    decimal: str
    rows: tuple[tuple[str, ...], ...]
    even: bool  # all have as many cells, the first perhaps one less
    exact: bool  # and the first as many as the others
    share: float  # of the columns that hold numbers
    texts: tuple[str, ...]  # the cells in the others
    doubt: str  # about its decimal sign, in words

    @property
    def rank(self) -> tuple[bool, float]:
        return self.exact, self.share


def _fit(text: str, separator: str, comment: str, options: ReadOptions, source: str) -> _Fit:
    rows = _sample(text, separator, comment)
    first, *body = rows
    check_width(len(first), source)
    cells = [cell for row in rows for cell in row] if separator != "," else []
    commas = [cell for cell in cells if _DECIMAL.fullmatch(cell)]
    dots = [cell for cell in cells if commas and "." in cell and is_number(cell)]
    decimal = options.decimal or ("," if commas and not dots else ".")
    width = len((body or rows)[0])
    even = all(len(row) == width for row in body) and len(first) in (width, width - 1)
    columns = list(zip(*(body or rows), strict=True)) if even else []
    texts = [column for column in columns if not are_values(column, decimal, options.nulls)]
    share = 1 - len(texts) / len(columns) if columns else 0.0
    doubt = "" if options.decimal else _doubt(first, commas, dots)
    return _Fit(
        separator, decimal, rows, even, len(first) == width, share, tuple(itertools.chain(*texts)), doubt
    )  # fmt: skip


def _chosen(start: _Start, given: str | None, usual: str, options: ReadOptions, source: str) -> _Fit:
    """The rows between the separator that is given, else between what leaves no doubt."""

    def of(separator: str) -> _Fit:
        return _fit(start.text, separator, start.comment, options, source)

    fit = of(given or usual)
    if given is None and not (fit.share == 1.0 and fit.decimal == "."):
        others = [other for other in SEPARATORS if other != usual and not (other == BLANKS and _GAP.search(start.text))]
        fit = _likeliest(fit, [of(other) for other in others], source)
    if fit.doubt:
        raise DataError(f"{source}: {fit.doubt}", "say which is the decimal sign: --decimal , or --decimal .")
    return fit


def _doubt(first: Sequence[str], commas: Sequence[str], dots: Sequence[str]) -> str:
    """What is not clear about numbers with commas, `first` being the row that these might make a header."""
    if dots:
        both = [cell for cell in first if cell in commas]
        return f"{both[0]} has a decimal comma, and {dots[0]} a point" if both else ""
    if commas and all(map(_THOUSANDS.fullmatch, commas)):
        return f"{commas[0]} may have a decimal comma, or one between thousands"
    return ""


def _likeliest(own: _Fit, others: list[_Fit], source: str) -> _Fit:
    """The rows between the usual separator, unless another one makes numbers of what it does not."""
    fits = [fit for fit in others if fit.even and len(fit.rows[-1]) > 1 and fit.share and not _splits(own, fit.texts)]
    if not fits:
        return own
    best = max(fits, key=lambda fit: fit.rank)  # the first of several: blanks are the last
    rivals = [fit for fit in fits if fit.rank == best.rank and BLANKS not in (fit.separator, best.separator)]
    if own.even and own.share and own.rank >= best.rank:
        if own.rank > best.rank or best.separator == BLANKS:  # which tabs are as well
            return own
        rivals = [own, best]
    if len(rivals) > 1:
        one, other = (SEPARATORS[fit.separator] for fit in rivals[:2])
        ways = " or ".join(
            f"--separator {next(word for word, c in WORDS.items() if c == fit.separator)}" for fit in rivals[:2]
        )
        raise DataError(f"{source}: {one} or {other} may separate the cells", f"say which: {ways}")
    return best


def _splits(own: _Fit, texts: Sequence[str]) -> bool:
    """Whether the usual separator stands in some cell that is no number."""
    return any(own.separator in cell and not _DECIMAL.fullmatch(cell) for cell in texts)


def are_values(cells: Sequence[str], decimal: str, nulls: Sequence[str]) -> bool:
    """Whether each cell is a number, or missing."""
    if decimal == "." and _NUMBERS.fullmatch("\0".join((*cells, ""))):
        return True
    missing = {"", *nulls}
    return all(cell in missing or _is_number(cell, decimal) for cell in cells)


def _is_number(cell: str, decimal: str) -> bool:
    return is_number(cell) if decimal == "." else "." not in cell and is_number(cell.replace(",", ".", 1))
