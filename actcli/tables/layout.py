"""The layout of a text table: the separator, the decimal sign, comments.

What no option states is guessed from the first lines; if they are ambiguous, the error names the option."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError, UsageError
from actcli.tables.columns import check_width
from actcli.tables.lines import BOM, LONGEST, check_text, first_line, unended
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source
from actcli.tables.table import is_number

EDGES = " \t\r\n"  # stripped from cells
BLANKS = " "  # any run of blanks and tabs
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", BLANKS: "blanks"}
WORDS = {"comma": ",", "tab": "\t", r"\t": "\t", "semicolon": ";", "bar": "|", "blanks": BLANKS}
SAMPLE = 100  # rows to guess from
COMMENTS = 100_000  # at most, before the first row
_DECIMAL = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?|[+-]?\d+,(?:[eE][+-]?\d+)?")
_NUMBERS = re.compile(r"(?:[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\0)*", re.ASCII)  # NUL is in no text
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_GAP = re.compile(r"^ *\t|\t *(?:\t|\r?$)", re.MULTILINE)  # a missing cell between tabs, lost if blanks separate
_DECLARED = re.compile(r'"?sep=([^"\r\n])"?', re.IGNORECASE)  # as spreadsheets write it

csv.field_size_limit(2**31 - 1)  # polars has no limit either


class Layout(NamedTuple):
    """The layout of a text table, and its first rows."""

    separator: str
    decimal: str
    comment: str  # prefix of lines that are not rows; empty: no comments
    skip: int  # bytes before the first row
    first: int  # bytes of the first row
    breaks: int  # the line breaks in it
    line: int  # the number of its first line
    names: tuple[str, ...]  # of the columns, from the last comment before the first row; empty: none there
    rows: tuple[tuple[str, ...], ...]  # the first rows
    notes: tuple[str, ...]


def layout(source: Source, options: ReadOptions, usual: str) -> Layout:
    """Return the layout of a text whose separator is `usual` unless an option or its first lines say otherwise."""
    start = _start(source, options)
    if start.comment and not start.text.strip():
        message = f"{source.name}: all its lines begin with {start.comment}, and are skipped as comments"
        raise DataError(message, "read them as rows with --comment ''")
    given = start.declared if options.separator is None else separator_of(options.separator)
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
    """Yield what was guessed, each guess with the option that overrides it."""
    decimal = fit.decimal == "," and options.decimal is None
    if fit.separator != expected:
        commas, way = (", and numbers have decimal commas", "--separator and --decimal") if decimal else (
            "", "--separator")  # fmt: skip
        yield f"{SEPARATORS[fit.separator]} separate the cells{commas}; override with {way}"
    elif decimal:
        yield "numbers have decimal commas; override with --decimal"
    if names:
        yield "the comment before the first row is read as the header; --no-header ignores it"
    if start.comment and options.comment is None and (not names or start.comments > 1):
        yield "lines that begin with # are skipped as comments; --comment '' reads them as rows"


def separator_of(word: str) -> str:
    """Return the separator that a word or a character stands for."""
    found = WORDS.get(word.lower(), word)
    if len(found) != 1 or not found.isascii() or found.isalnum() or found in "\"'+-.\r\n" or ord(found) < 9:
        message = f"--separator {word!r}: cannot separate numbers"
        raise UsageError(message, "give a character such as ';', or tab, or blanks for runs of blanks")
    return found


def tabbed(data: bytes) -> bytes:
    """Return the lines with each run of blanks outside quotes replaced by a tab, and stripped of blanks."""
    codes = np.frombuffer(data, np.uint8)
    blank = (codes == ord(" ")) | (codes == ord("\t"))
    if b'"' in data:
        blank &= ~np.logical_xor.accumulate(codes == ord('"'))
    edges = np.diff(blank.astype(np.int8), prepend=0, append=0)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    ends = np.append((codes == ord("\n")) | (codes == ord("\r")), True)  # True at index -1 too
    kept = ~blank
    kept[starts[~(ends[starts - 1] | ends[stops])]] = True
    cells: NDArray[np.uint8] = np.where(blank, np.uint8(ord("\t")), codes)[kept]
    return cells.tobytes()


class _Start(NamedTuple):
    """The beginning of a text."""

    text: str  # whole rows
    comment: str
    comments: int  # the number of comments before the first row
    last: str  # comment, without its prefix
    declared: str | None  # the separator that a line before the first row declares
    skip: int
    first: int
    breaks: int
    line: int


def _start(source: Source, options: ReadOptions) -> _Start:
    """Read and check as much of a text as the guesses need."""
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
            message = f"{source.name}: more than {COMMENTS:,} comments before the first row"
            raise DataError(message, "remove them")
        if not end and (size > LONGEST or (whole and data.count(b'"', head.end) % 2)):
            raise unended(data[head.end :], source, 1 + head.lines)
        if whole or (end and len(data) > 3 * end):
            break
        size = max(2 * size, 4 * end)
    check_text(data[head.end : end or None], source.name, 1 + head.lines)
    text = data[head.end : None if whole else data.rfind(b"\n") + 1]
    last = head.last.decode(errors="replace").removeprefix(comment).strip()
    return _Start(
        text.decode(errors="replace"), comment, head.comments, last, head.declared, head.end,
        (end or len(data)) - head.end, data.count(b"\n", head.end, end or None), 1 + head.lines,
    )  # fmt: skip


class _Head(NamedTuple):
    """The lines before the first row."""

    end: int
    lines: int
    comments: int
    last: bytes  # comment
    declared: str | None  # the separator that the first line declares


def _before(data: bytes, at: int, comment: bytes) -> _Head:
    lines, comments, last, declared = 0, 0, b"", None
    while stop := data.find(b"\n", at) + 1:
        line = data[at:stop]
        if not lines and (found := _DECLARED.fullmatch(line.strip(b"\r\n").decode(errors="replace"))):
            declared = found[1]
        elif comment and line.startswith(comment):
            comments, last = comments + 1, line
        else:
            break
        lines, at = lines + 1, stop
    return _Head(at, lines, comments, last, declared)


def _row_end(data: bytes, start: int) -> int:
    """Return where the row that begins at `start` ends; 0 if its end is not in the data."""
    end = data.find(b"\n", start) + 1
    if not data.count(b'"', start, end or None) % 2:
        return end
    codes = np.frombuffer(data, np.uint8)[start:]
    ends = (codes == ord("\n")) & ~np.logical_xor.accumulate(codes == ord('"'))
    return start + int(ends.argmax()) + 1 if ends.any() else 0


def _sample(text: str, separator: str, comment: str) -> tuple[tuple[str, ...], ...]:
    """Return the first rows of a text."""
    if separator == BLANKS:
        text, separator = tabbed(text.encode()).decode(), "\t"
    lines = io.StringIO(text, newline="\n")
    rows = csv.reader((line for line in lines if not (comment and line.startswith(comment))), delimiter=separator)
    has_edges = any(edge in text for edge in ' \t\r"')
    found: list[tuple[str, ...]] = []
    with suppress(csv.Error):  # stop at a bare carriage return
        for row in itertools.islice(rows, SAMPLE):
            found.append(tuple([cell.strip(EDGES) for cell in row] if has_edges else row) or ("",))
    while len(found) > 1 and found[-1] == ("",):  # blank lines at the end are not rows
        found.pop()
    return tuple(found) or (("",),)


class _Fit(NamedTuple):
    """The first rows split at a separator."""

    separator: str
    decimal: str
    rows: tuple[tuple[str, ...], ...]
    even: bool  # all rows have the same number of cells, the first perhaps one less
    exact: bool  # the first row has as many cells as the others
    share: float  # of columns that contain only numbers
    texts: tuple[str, ...]  # the cells in the other columns
    doubt: str  # about the decimal sign, in words

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
    """Return the rows split at the given separator, or else at the one that leaves no doubt."""

    def of(separator: str) -> _Fit:
        return _fit(start.text, separator, start.comment, options, source)

    fit = of(given or usual)
    if given is None and not (fit.share == 1.0 and fit.decimal == "."):
        others = [other for other in SEPARATORS if other != usual and not (other == BLANKS and _GAP.search(start.text))]
        fit = _likeliest(fit, [of(other) for other in others], source)
    if fit.doubt:
        raise DataError(f"{source}: {fit.doubt}", "name the decimal sign: --decimal , or --decimal .")
    return fit


def _doubt(first: Sequence[str], commas: Sequence[str], dots: Sequence[str]) -> str:
    """Return what is ambiguous about numbers with commas; `first` is the row that may be a header."""
    if dots:
        both = [cell for cell in first if cell in commas]
        return f"{both[0]} has a decimal comma, but {dots[0]} a decimal point" if both else ""
    if commas and all(map(_THOUSANDS.fullmatch, commas)):
        return f"the comma in {commas[0]} may be a decimal comma or a thousands separator"
    return ""


def _likeliest(own: _Fit, others: list[_Fit], source: str) -> _Fit:
    """Return the rows split at the usual separator, unless another one yields more numbers."""
    fits = [fit for fit in others if fit.even and len(fit.rows[-1]) > 1 and fit.share and not _splits(own, fit.texts)]
    if not fits:
        return own
    best = max(fits, key=lambda fit: fit.rank)  # the first of equals; blanks come last
    rivals = [fit for fit in fits if fit.rank == best.rank and BLANKS not in (fit.separator, best.separator)]
    if own.even and own.share and own.rank >= best.rank:
        if own.rank > best.rank or best.separator == BLANKS:  # a tab is a blank too
            return own
        rivals = [own, best]
    if len(rivals) > 1:
        one, other = (SEPARATORS[fit.separator] for fit in rivals[:2])
        ways = " or ".join(
            f"--separator {next(word for word, c in WORDS.items() if c == fit.separator)}" for fit in rivals[:2]
        )
        raise DataError(f"{source}: {one} or {other} may separate the cells", f"choose one: {ways}")
    return best


def _splits(own: _Fit, texts: Sequence[str]) -> bool:
    """Return whether a cell that is not a number contains the usual separator."""
    return any(own.separator in cell and not _DECIMAL.fullmatch(cell) for cell in texts)


def are_values(cells: Sequence[str], decimal: str, nulls: Sequence[str]) -> bool:
    """Return whether each cell is a number, or missing."""
    if decimal == "." and _NUMBERS.fullmatch("\0".join((*cells, ""))):
        return True
    missing = {"", *nulls}
    return all(cell in missing or _is_number(cell, decimal) for cell in cells)


def _is_number(cell: str, decimal: str) -> bool:
    return is_number(cell) if decimal == "." else "." not in cell and is_number(cell.replace(",", ".", 1))
