"""Bytes to an open file: all of them, or an error."""

import io
import os
import sys
from typing import IO, Any


class Stream(io.FileIO):
    """A raw file whose `write` goes on where the system took only a part, and waits for a pipe that is full."""

    def __init__(self, file: int, *, owned: bool = False) -> None:
        super().__init__(file, "wb", closefd=owned)

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            taken = super().write(left)
            if taken is None:  # not blocking, and full
                _wait(self.fileno())
            else:
                left = left[taken:]
        return size


class _Messages(Stream):
    """Standard error: what cannot be said is lost, and changes nothing about the result."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data).cast("B"))


def writer(file: int) -> io.BufferedWriter:
    """A binary file that writes to this open file and closes it."""
    return io.BufferedWriter(Stream(file, owned=True), 1 << 16)


def standard_output() -> IO[bytes]:
    """Standard output for bytes, buffered whatever it is for text."""
    file: IO[bytes] = sys.stdout.buffer
    return file if isinstance(file, io.BufferedIOBase) else io.BufferedWriter(Stream(file.fileno()))


def use() -> None:
    """Make standard output and standard error such streams. Python's own lose what a partial write leaves over where
    they are not buffered (PYTHONUNBUFFERED) or not blocking. Messages have a descriptor of their own, so that what a
    library prints on 2 can be kept away."""
    out, err = sys.stdout, sys.stderr
    sys.stdout = _text(io.BufferedWriter(Stream(out.fileno())), out, line_buffering=out.isatty())
    sys.stderr = _text(io.BufferedWriter(_Messages(_copied(err.fileno()))), err, line_buffering=True)
    _kept.extend((out, err))


_kept: list[Any] = []  # else they would close the files


def _copied(file: int) -> int:
    try:
        return os.dup(file)
    except OSError:  # there is no room for another: this one will do
        return file


def _text(file: IO[bytes], like: Any, *, line_buffering: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding=like.encoding, errors=like.errors, line_buffering=line_buffering)


def _wait(file: int) -> None:
    import select

    if hasattr(select, "poll"):  # `select` knows no file of a number above 1023
        poll = select.poll()
        poll.register(file, select.POLLOUT)
        poll.poll()
    else:
        select.select([], [file], [])
