"""Streams that write all bytes to an open file, or raise."""

import io
import os
import sys
from typing import IO, Any


class Stream(io.FileIO):
    """A raw file whose `write` continues after a partial write, and waits for a full pipe."""

    def __init__(self, file: int, *, owned: bool = False) -> None:
        super().__init__(file, "wb", closefd=owned)

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            taken = super().write(left)
            if taken is None:  # non-blocking, and full
                _wait(self.fileno())
            else:
                left = left[taken:]
        return size


class _Messages(Stream):
    """Standard error: a message that cannot be written is dropped, and does not affect the result."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data).cast("B"))


def writer(file: int) -> io.BufferedWriter:
    """Return a binary file that writes to this descriptor and closes it."""
    return io.BufferedWriter(Stream(file, owned=True), 1 << 16)


def standard_output() -> IO[bytes]:
    """Return standard output for bytes, always buffered."""
    file: IO[bytes] = sys.stdout.buffer
    return file if isinstance(file, io.BufferedIOBase) else io.BufferedWriter(Stream(file.fileno()))


def use() -> None:
    """Replace standard output and standard error with such streams. Python's own lose the rest of a partial write if
    they are unbuffered (PYTHONUNBUFFERED) or non-blocking. Messages get their own descriptor, so that what libraries
    print on 2 can be suppressed."""
    out, err = sys.stdout, sys.stderr
    sys.stdout = _text(io.BufferedWriter(Stream(out.fileno())), out, line_buffering=out.isatty())
    sys.stderr = _text(io.BufferedWriter(_Messages(_copied(err.fileno()))), err, line_buffering=True)
    _kept.extend((out, err))


_kept: list[Any] = []  # or garbage collection would close the files


def _copied(file: int) -> int:
    try:
        return os.dup(file)
    except OSError:  # out of descriptors: share this one
        return file


def _text(file: IO[bytes], like: Any, *, line_buffering: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding=like.encoding, errors=like.errors, line_buffering=line_buffering)


def _wait(file: int) -> None:
    import select

    if hasattr(select, "poll"):  # `select` fails for descriptors above 1023
        poll = select.poll()
        poll.register(file, select.POLLOUT)
        poll.poll()
    else:
        select.select([], [file], [])
