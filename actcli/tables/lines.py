"""Text cut into blocks of whole lines; a line break within quotes ends no line."""

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
LONGEST = 64 << 20  # a line not ended, or a quote not closed, after as many bytes is a mistake


def first_line(stream: Stream, source: Source, *, quotes: bool) -> bytes:
    """The first line with its end, left to be read; what is empty or no UTF-8 text fails here."""
    size = 1 << 16
    while True:
        data = stream.look(size).tobytes()
        end = data.find(b"\n") + 1
        while quotes and end and data.count(b'"', 0, end) % 2:
            end = data.find(b"\n", end) + 1
        if end or len(data) < size:
            break
        if size > LONGEST:
            raise DataError(f"{source.name}: line 1 does not end within {LONGEST >> 20} MB")
        size *= 2
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:64].count(b"\0") * 3 > len(data[:64]):
        file = "" if source.path == "-" else f" {source.path}"
        raise DataError(f"{source.name}: is UTF-16 text, not UTF-8", f"convert it: iconv -f UTF-16 -t UTF-8{file}")
    if not data.removeprefix(BOM).strip(b"\r\n"):
        what = "is empty" if len(data) < size else "begins with blank lines"
        raise DataError(f"{source.name}: {what}", "" if len(data) < size else "take them out")
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
    breaks: int  # how many rows there are
    end: int  # how many bytes of the source have been read


class Section(NamedTuple):
    """Lines of a text in succession."""

    stream: Stream
    line: int  # the number of the first
    is_last: bool  # nothing is behind them


def section(source: Source, share: Share, head: int, line: int) -> Section:
    """The lines of a share of what is behind `head` bytes, where line number `line` begins."""
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
    """The end of the first line that ends there or later and is not blank: of blank lines not all are nothing."""
    assert source.section is not None
    if at <= head:
        return head
    start = max(head, at - 3)  # bytes before, so that a line end across it is seen
    stream, size = source.section(start, source.size or 0), 1 << 12
    while True:
        data = stream.look(size).tobytes()
        ends = (start + found.end() for found in re.finditer(rb"[^\r\n]\r?\n", data))
        if (end := next((end for end in ends if end >= at), None)) is not None:
            return end
        if len(data) < size:
            return source.size or 0
        if size > LONGEST:
            raise DataError(f"{source.name}: no line ends within {LONGEST >> 20} MB behind byte {at}")
        size *= 4


def blocks(
    stream: Stream, source: Source, rows: int, line: int, *, quotes: bool, is_last: bool = True
) -> Iterator[Lines]:
    """Blocks of so many rows; `line` is the number of the first line, and nothing is behind what `is_last`.

    Every block but the last has `rows` rows, whatever the sizes in which the stream is read, so that sums over blocks
    are the same too. Blank lines at the end of the stream are nothing.
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
            # A share of which the first begins outside of quotes is the first that ends within some, and fails here.
            what = f"{source.name}: a quoted cell holds a line break where the file is cut, near line {line}"
            raise DataError(what, "leave out --dask, or write Parquet, which is cut between rows")
        raise unended(window[found.stop : filled].tobytes(), source, line + found.breaks)
    if filled:
        breaks = count(window[:filled]) + 1
        last = stream.take(filled)
        yield Lines(lambda: last() + b"\n", line, breaks, stream.position)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The next rows of a stream."""

    stop: int  # where they end
    breaks: int  # the line breaks in them
    size: int  # how much was looked at
    last: bool  # that is all that is left, and nothing but blank lines is behind the rows
    quoted: bool  # a quote is open at the end


def _next(stream: Stream, source: Source, rows: int, line: int, quotes: bool) -> _Rows:
    """The next `rows` rows, or all that are left. Read in pieces that stay in the processor's cache."""
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
            raise DataError(f"{source.name}: line {where}: blank lines for {LONGEST >> 20} MB", "take them out")
        if found < rows and size - stop > LONGEST:
            seen = stream.look(size)
            raise unended(seen[stop:].tobytes(), source, line + count(seen[:stop]))


def _after(flags: NDArray[np.bool_], most: int) -> int:
    """The position after that many flags, which must be there; halving is quicker than to list them all."""
    low, high, before = 0, len(flags), 0
    while high - low > 1 << 14:
        middle = (low + high) // 2
        more = before + int(np.count_nonzero(flags[low:middle]))
        low, high, before = (low, middle, before) if more >= most else (middle, high, more)
    return low + int(np.flatnonzero(flags[low:high])[most - before - 1]) + 1 if most else 0


def _blanks(window: NDArray[np.uint8]) -> int:
    """How many bytes of line breaks are at the end."""
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
    """How often the byte is in the data; four times as fast as `bytes.count`, and other threads go on."""
    codes = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    return int(np.count_nonzero(codes == byte))


def unended(data: bytes, source: Source, line: int) -> DataError:
    if b'"' not in data:
        return DataError(f"{source.name}: line {line} does not end within {LONGEST >> 20} MB")
    line = line_at(data.rindex(b'"'), data, line)
    return DataError(f"{source.name}: line {line}: a quote is opened here and never closed")


def line_at(position: int, data: bytes, line: int) -> int:
    """The number of the line that `position` is in, where `data` begins with line number `line`."""
    return line + data.count(b"\n", 0, position)


def check_text(data: bytes, source: str, line: int) -> None:
    """Fail at the first byte that no text in UTF-8 has."""
    nul = data.find(b"\0")
    try:
        (data if nul < 0 else data[:nul]).decode()
    except UnicodeDecodeError as error:
        where = line_at(error.start, data, line)
        raise DataError(
            f"{source}: line {where}: the byte 0x{data[error.start]:02x} is not UTF-8 text",
            "is this a binary file, or text in another encoding? See --input-format, and iconv",
        ) from None
    if nul >= 0:
        where = line_at(nul, data, line)
        raise DataError(f"{source}: line {where}: a NUL byte: this is no text", "name its format with --input-format")
