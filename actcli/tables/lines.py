"""Cut text into blocks of whole rows; a line break within quotes does not end a row."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.source import Source
from actcli.tables.streams import Stream
from actcli.tables.table import Share

BOM = b"\xef\xbb\xbf"
BREAK, RETURN, QUOTE = b'\n\r"'
PIECE = 1 << 18
LONGEST = 64 << 20  # bytes: a longer line, or quoted cell, is an error


def first_line(stream: Stream, source: Source, *, quotes: bool) -> bytes:
    """Return the first line with its end, without consuming it. Raises DataError if empty or not UTF-8 text."""
    size = 1 << 16
    while True:
        data = stream.look(size).tobytes()
        end = data.find(b"\n") + 1
        while quotes and end and data.count(b'"', 0, end) % 2:
            end = data.find(b"\n", end) + 1
        if end or len(data) < size:
            break
        if size > LONGEST:
            raise DataError(f"{source.name}: line 1 is longer than {LONGEST >> 20} MB")
        size *= 2
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:64].count(b"\0") * 3 > len(data[:64]):
        file = "" if source.path == "-" else f" {source.path}"
        raise DataError(f"{source.name}: is UTF-16 text, not UTF-8", f"convert it: iconv -f UTF-16 -t UTF-8{file}")
    if not data.removeprefix(BOM).strip(b"\r\n"):
        what = "is empty" if len(data) < size else "begins with blank lines"
        raise DataError(f"{source.name}: {what}", "" if len(data) < size else "remove them")
    line = data[:end] if end else data
    if b"\n" not in line and b"\r" in line.rstrip(b"\r"):
        raise DataError(f"{source.name}: its lines end in bare carriage returns", "convert it: tr '\\r' '\\n'")
    check_text(line, source.name, 1)
    return line


@dataclass(frozen=True, slots=True)
class Lines:
    """A block of whole rows, not yet read."""

    read: Callable[[], bytes]  # on any thread
    first: int  # the number of the first line
    breaks: int  # the number of line breaks
    end: int  # bytes of the source read so far


class Section(NamedTuple):
    """Consecutive lines of a text."""

    stream: Stream
    line: int  # the number of the first line
    is_last: bool  # no lines follow


def section(source: Source, share: Share, head: int, line: int) -> Section:
    """Return the lines of a share of the text after `head` bytes, where line number `line` begins."""
    if share.total == 1:
        stream = source.text()
        stream.read(head)
        return Section(stream, line, True)
    assert source.section is not None
    assert source.size is not None
    start, stop = (_cut(source, head, head + at) for at in share.ends(source.size - head))
    before = 0
    if share.exact:
        counted = source.section(head, start)
        while data := counted.read(PIECE):
            before += count(data)
    return Section(source.section(start, stop), line + before, share.number + 1 == share.total)


def _cut(source: Source, head: int, at: int) -> int:
    """Return the end of the first non-blank line that ends at `at` or later. Blank lines stay whole: whether they
    count depends on what follows."""
    assert source.section is not None
    if at <= head:
        return head
    start = max(head, at - 3)  # so that a line end across `at` is seen
    stream, size = source.section(start, source.size or 0), 1 << 12
    while True:
        data = stream.look(size).tobytes()
        ends = (start + found.end() for found in re.finditer(rb"[^\r\n]\r?\n", data))
        if (end := next((end for end in ends if end >= at), None)) is not None:
            return end
        if len(data) < size:
            return source.size or 0
        if size > LONGEST:
            raise DataError(f"{source.name}: no line ends within {LONGEST >> 20} MB after byte {at}")
        size *= 4


def blocks(
    stream: Stream, source: Source, rows: int, line: int, *, quotes: bool, is_last: bool = True
) -> Iterator[Lines]:
    """Yield blocks of `rows` rows; `line` is the number of the first line, and `is_last` says that no lines follow.

    Every block but the last has exactly `rows` rows, however the stream is read, so that sums over blocks are
    reproducible. Blank lines at the end of the stream are ignored.
    """
    while True:
        found = _next(stream, source, rows, line, quotes)
        if found.last:
            break
        yield Lines(stream.take(found.stop), line, found.breaks, stream.position)
        line += found.breaks
    window = stream.look(found.size)
    filled = len(window) - _blanks(window)
    if found.quoted:
        if found.stop:
            yield Lines(stream.take(found.stop), line, found.breaks, stream.position)
        if not is_last:
            # Share 0 begins outside quotes, so the first share to end within quotes fails here, before its follower.
            message = f"{source.name}: a quoted cell contains a line break where the file is cut, near line {line}"
            raise DataError(message, "leave out --dask, or use Parquet, which is cut between rows")
        raise unended(window[found.stop : filled].tobytes(), source, line + found.breaks)
    if filled:
        breaks = count(window[:filled]) + 1
        last = stream.take(filled)
        yield Lines(lambda: last() + b"\n", line, breaks, stream.position)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The extent of the next rows of a stream."""

    stop: int  # where they end
    breaks: int  # the line breaks in them
    size: int  # how much was looked at
    last: bool  # only blank lines are left after the rows
    quoted: bool  # a quote is open at the end


def _next(stream: Stream, source: Source, rows: int, line: int, quotes: bool) -> _Rows:
    """Find the next `rows` rows, or all that are left, in pieces that fit the processor's cache."""
    size = stop = found = 0
    quoted = any_quotes = False
    while True:
        piece = stream.look(PIECE, size)
        ends = piece == BREAK
        if quotes and (quoted or (piece == QUOTE).any()):
            any_quotes = True
            inside = np.logical_xor.accumulate(piece == QUOTE) ^ quoted
            ends &= ~inside
            quoted = bool(inside[-1:].any())
        here = min(int(np.count_nonzero(ends)), rows - found)
        if here:
            found += here
            stop = size + _after(ends, here)
        blank = found == rows and _blank(piece[max(0, stop - size) :])
        size += len(piece)
        last = len(piece) < PIECE and (found < rows or blank)
        if last or (found == rows and not blank):
            return _Rows(stop, count(stream.look(stop)) if any_quotes else found, size, last, quoted)
        if blank and size - stop > LONGEST:
            where = line + count(stream.look(stop))
            raise DataError(f"{source.name}: line {where}: blank lines for {LONGEST >> 20} MB", "remove them")
        if found < rows and size - stop > LONGEST:
            seen = stream.look(size)
            raise unended(seen[stop:].tobytes(), source, line + count(seen[:stop]))


def _after(flags: NDArray[np.bool_], most: int) -> int:
    """Return the position after `most` flags, which must exist; bisection is faster than listing all flags."""
    low, high, before = 0, len(flags), 0
    while high - low > 1 << 14:
        middle = (low + high) // 2
        more = before + int(np.count_nonzero(flags[low:middle]))
        low, high, before = (low, middle, before) if more >= most else (middle, high, more)
    return low + int(np.flatnonzero(flags[low:high])[most - before - 1]) + 1 if most else 0


def _blanks(window: NDArray[np.uint8]) -> int:
    """Return how many bytes of line breaks are at the end."""
    stop = len(window)
    while stop:
        start = max(0, stop - 4096)
        others = np.flatnonzero((window[start:stop] != BREAK) & (window[start:stop] != RETURN))
        if others.size:
            return len(window) - start - int(others[-1]) - 1
        stop = start
    return len(window)


def _blank(window: NDArray[np.uint8]) -> bool:
    return _blanks(window) == len(window)


def count(data: bytes | NDArray[np.uint8], byte: int = BREAK) -> int:
    """Count the byte in the data: four times as fast as `bytes.count`, and without holding the GIL."""
    codes = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    return int(np.count_nonzero(codes == byte))


def unended(data: bytes, source: Source, line: int) -> DataError:
    if b'"' not in data:
        return DataError(f"{source.name}: line {line} is longer than {LONGEST >> 20} MB")
    line = line_at(data.rindex(b'"'), data, line)
    return DataError(f"{source.name}: line {line}: this quote is never closed")


def line_at(position: int, data: bytes, line: int) -> int:
    """Return the number of the line at `position` in `data`, which begins with line number `line`."""
    return line + data.count(b"\n", 0, position)


def check_text(data: bytes, source: str, line: int) -> None:
    """Raise DataError for the first byte that is not UTF-8 text."""
    nul = data.find(b"\0")
    try:
        (data if nul < 0 else data[:nul]).decode()
    except UnicodeDecodeError as error:
        where = line_at(error.start, data, line)
        raise DataError(
            f"{source}: line {where}: the byte 0x{data[error.start]:02x} is not UTF-8 text",
            "is this a binary file, or text in another encoding? See --input-format and iconv",
        ) from None
    if nul >= 0:
        where = line_at(nul, data, line)
        raise DataError(f"{source}: line {where}: a NUL byte: this is not text", "name its format with --input-format")
