"""Where bytes come from: files, pipes and other machines, compressed or not; every failure names its source."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import IO, Protocol, TypeAlias, cast

from actcli.errors import DataError
from actcli.tables.format import COMPRESSED, DEFAULT, Format, formats, input_suffix, named
from actcli.tables.remote import Remote, file_name, is_remote
from actcli.tables.streams import PIPE, BufferedStream, FileStream, Readable, Stream, decompressed

# The size of a file, when it was written, which one it is; of another machine the size and what its server says.
Stamp: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One INPUT argument: a file, here or elsewhere, whose streams begin anew each time, or a pipe, which has only
    one."""

    path: str
    name: str  # as errors name it
    layer: str  # the name of the layer in it
    said: Format | None  # by its name
    size: int | None  # in bytes; None: it is not known, as of a pipe
    stamp: Callable[[], Stamp | None]  # of a file, as it is now
    first: Stamp | None  # when it was opened
    file: Callable[[], File]  # that can be sought in: what comes from a pipe is put into a temporary one
    raw: Callable[[], Stream]  # the bytes as they are
    plain: Callable[[], Stream]  # decompressed where the first bytes say so
    section: Callable[[int, int], Stream] | None = None  # the bytes from there to there; None: they come in order only

    def format(self) -> Format:
        """From the name; where that says nothing, from the first bytes."""
        if self.said is not None:
            return self.said
        start = self.raw().look(8).tobytes()
        found = (format for format in formats() if format.open and start.startswith(format.magic))
        return next(found, None) or named(DEFAULT)

    def text(self) -> Stream:
        """The bytes of a text, from its beginning."""
        stream = self.plain()
        if not stream.is_new:
            raise DataError(f"{self.name}: can be read only once", "put it into a file")
        return stream

    def cuts(self) -> bool:
        """Whether any part of its text can be read alone."""
        return self.section is not None and decompressed(self.raw(), self.name) is None

    def check_unchanged(self) -> None:
        """Fail where the file is no more what it was when it was opened: what was read is of no use."""
        if self.first is not None and (now := self.stamp()) != self.first:
            sizes = f": {self.size} bytes at first, now {now[0]}" if now and now[0] != self.size else ""
            raise DataError(f"{self.name}: has changed while it was read{sizes}", "read a copy that nothing writes to")


class File(Protocol):
    """A file that can be sought in."""

    @property
    def path(self) -> str:
        """Where it is on this machine."""

    @property
    def size(self) -> int: ...

    def open(self) -> IO[bytes]: ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A regular file."""

    path: str
    size: int
    kept: Temporary | None = None  # where it is a temporary one

    def open(self) -> IO[bytes]:
        return cast(IO[bytes], open(self.path, "rb", buffering=0))


class RemoteFile:
    """A file of another machine: what needs a path gets a copy."""

    def __init__(self, remote: Remote, size: int) -> None:
        self._remote, self.size = remote, size

    @cached_property
    def _copy(self) -> Temporary:
        return spool(self._remote.stream())

    @property
    def path(self) -> str:
        return self._copy.name

    def open(self) -> IO[bytes]:
        return self._remote.opened()


def open_source(path: str) -> Source:
    """The source that a path names, `-` being standard input. A pipe is opened now, another machine is asked."""
    if is_remote(path):
        return _open_remote(path)
    name, layer, said = "standard input", "stdin", None
    if path != "-":
        name = path
        layer, said = input_suffix(path)
    is_file = path != "-" and os.path.isfile(path)
    if is_file:
        raw: Callable[[], Stream] = partial(_opened, path, name, is_file)
        size = os.path.getsize(path)

        def file() -> File:
            raw()  # which fails where it cannot be read
            return LocalFile(path, size)

        stamp = partial(_stamp, path)
        plain = partial(_plain, raw, path, name)
        section = partial(FileStream, path) if hasattr(os, "preadv") else None
        return Source(path, name, layer, said, size, stamp, stamp(), file, raw, plain, section)
    pipe = _opened(path, name, is_file)
    once = cache(partial(_plain, lambda: pipe, path, name))
    return Source(path, name, layer, said, None, lambda: None, None, lambda: _spooled(pipe), lambda: pipe, once)


def _open_remote(address: str) -> Source:
    remote = Remote(address)
    if remote.is_folder:
        raise DataError(f"{address}: is a folder", "name a file, or a command that takes folders")
    size, layer, said = remote.size, *input_suffix(address)

    def file() -> File:
        return RemoteFile(remote, size) if size is not None and remote.has_ranges else _spooled(remote.stream())

    plain = partial(_plain, remote.stream, address, address)
    section = remote.stream if remote.has_ranges else None
    return Source(
        address, address, layer, said, size, remote.stamp, remote.first_stamp, file, remote.stream, plain, section
    )  # fmt: skip


def _stamp(path: str) -> Stamp | None:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_size, found.st_mtime_ns, found.st_ino
    return None


def _opened(path: str, name: str, is_file: bool) -> Stream:
    try:
        if is_file and hasattr(os, "preadv"):
            return FileStream(path)
        return BufferedStream(cast(Readable, _standard_input() if path == "-" else open(path, "rb")), name)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error


def _spooled(stream: Stream) -> File:
    copy = spool(stream)
    return LocalFile(copy.name, os.path.getsize(copy.name), copy)


def _plain(raw: Callable[[], Stream], path: str, name: str) -> Stream:
    stream = raw()
    plain = decompressed(stream, name)
    if plain is None and file_name(path).lower().endswith(COMPRESSED) and stream.look(1).size:
        raise DataError(f"{name}: is not compressed, as its name says", "rename it")
    return plain or stream


class Temporary:
    """The name of a file that is removed when nothing refers to it any more, or the process ends."""

    def __init__(self, name: str) -> None:
        self.name = name
        weakref.finalize(self, _remove, name)


def _remove(name: str) -> None:
    with suppress(OSError):
        os.unlink(name)


def spool(stream: Stream | IO[bytes]) -> Temporary:
    """A temporary file with all of the stream."""
    import tempfile

    number, name = tempfile.mkstemp(prefix="actcli-")
    found = Temporary(name)
    try:
        with open(number, "wb") as file:
            while chunk := stream.read(1 << 20):
                file.write(chunk)
    except OSError as error:
        raise DataError(f"{name}: {error.strerror}", "TMPDIR names another folder") from error
    return found


def _standard_input() -> IO[bytes]:
    """Standard input; a pipe holds 64 kB unless it is asked to hold more, and is waited for that much more often."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import fcntl

        fcntl.fcntl(sys.stdin.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
    return sys.stdin.buffer
