"""Where bytes come from: files, pipes and remote addresses, compressed or not; every error names its source."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, partial
from typing import IO, NamedTuple, Protocol, TypeAlias, cast

from actcli.errors import DataError
from actcli.tables.format import COMPRESSED, DEFAULT, Format, formats, input_suffix, named
from actcli.tables.remote import Remote, file_name, is_remote
from actcli.tables.streams import PIPE, BufferedStream, FileStream, Readable, Stream, decompressed

# Size, time of modification and inode of a local file; size and what the server says of a remote one.
Stamp: TypeAlias = tuple[object, ...]


class Source(NamedTuple):
    """One INPUT: a local or remote file, which can be read any number of times, or a pipe, which can be read once."""

    path: str
    name: str  # as errors name it
    layer: str  # the name of the layer in it
    by_name: Format | None  # the format that its suffix implies
    size: int | None  # in bytes; None: unknown, as for a pipe
    stamp: Callable[[], Stamp | None]  # of a file, now
    first: Stamp | None  # the stamp when it was opened
    file: Callable[[], File]  # seekable: a pipe is copied into a temporary file
    raw: Callable[[], Stream]  # the bytes as stored
    plain: Callable[[], Stream]  # decompressed if the first bytes say so
    section: Callable[[int, int], Stream] | None = None  # the bytes from start to stop; None: sequential only

    def format(self) -> Format:
        """Return the format, by name or else by the first bytes."""
        if self.by_name is not None:
            return self.by_name
        start = self.raw().look(8).tobytes()
        found = (format for format in formats() if format.open and start.startswith(format.magic))
        return next(found, None) or named(DEFAULT)

    def text(self) -> Stream:
        """Return the bytes of a text, from its beginning."""
        stream = self.plain()
        if not stream.is_new:
            raise DataError(f"{self.name}: can be read only once", "save it to a file")
        return stream

    def cuts(self) -> bool:
        """Return whether any part of its text can be read separately."""
        return self.section is not None and decompressed(self.raw(), self.name) is None

    def check_unchanged(self) -> None:
        """Raise DataError if the file has changed since it was opened: what was read is invalid."""
        if self.first is not None and (now := self.stamp()) != self.first:
            sizes = f": {self.size} bytes at first, now {now[0]}" if now and now[0] != self.size else ""
            raise DataError(f"{self.name}: changed while it was read{sizes}", "read a copy that nothing writes to")


class File(Protocol):
    """A seekable file."""

    @property
    def path(self) -> str:
        """A local path to it."""

    @property
    def size(self) -> int: ...

    def open(self) -> IO[bytes]: ...


class LocalFile(NamedTuple):
    """A regular file."""

    path: str
    size: int
    kept: Temporary | None = None  # keeps a temporary file alive

    def open(self) -> IO[bytes]:
        return cast(IO[bytes], open(self.path, "rb", buffering=0))


class RemoteFile:
    """A remote file; its path is that of a local copy."""

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
    """Return the source that a path names; `-` is standard input. A pipe is opened and a server asked at once."""
    if is_remote(path):
        return _open_remote(path)
    name, layer, by_name = "standard input", "stdin", None
    if path != "-":
        name = path
        layer, by_name = input_suffix(path)
    is_file = path != "-" and os.path.isfile(path)
    if is_file:
        raw: Callable[[], Stream] = partial(_opened, path, name, is_file)
        size = os.path.getsize(path)

        def file() -> File:
            raw()  # raises if it cannot be read
            return LocalFile(path, size)

        stamp = partial(_stamp, path)
        plain = partial(_plain, raw, path, name)
        section = partial(FileStream, path) if hasattr(os, "preadv") else None
        return Source(path, name, layer, by_name, size, stamp, stamp(), file, raw, plain, section)
    pipe = _opened(path, name, is_file)
    once = cache(partial(_plain, lambda: pipe, path, name))
    return Source(path, name, layer, by_name, None, lambda: None, None, lambda: _spooled(pipe), lambda: pipe, once)


def _open_remote(address: str) -> Source:
    remote = Remote(address)
    if remote.is_folder:
        raise DataError(f"{address}: is a folder", "name a file, or use a command that reads folders")
    size, layer, by_name = remote.size, *input_suffix(address)

    def file() -> File:
        return RemoteFile(remote, size) if size is not None and remote.has_ranges else _spooled(remote.stream())

    plain = partial(_plain, remote.stream, address, address)
    section = remote.stream if remote.has_ranges else None
    return Source(
        address, address, layer, by_name, size, remote.stamp, remote.first_stamp, file, remote.stream, plain, section
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
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error


def _spooled(stream: Stream) -> File:
    copy = spool(stream)
    return LocalFile(copy.name, os.path.getsize(copy.name), copy)


def _plain(raw: Callable[[], Stream], path: str, name: str) -> Stream:
    stream = raw()
    plain = decompressed(stream, name)
    if plain is None and file_name(path).lower().endswith(COMPRESSED) and stream.look(1).size:
        raise DataError(f"{name}: is not compressed, though its name says so", "rename it")
    return plain or stream


class Temporary:
    """A temporary file, removed when nothing refers to this object any more or the process ends."""

    def __init__(self, name: str) -> None:
        self.name = name
        weakref.finalize(self, _remove, name)


def _remove(name: str) -> None:
    with suppress(OSError):
        os.unlink(name)


def spool(stream: Stream | IO[bytes]) -> Temporary:
    """Copy a stream into a temporary file."""
    import tempfile

    number, name = tempfile.mkstemp(prefix="actcli-")
    found = Temporary(name)
    try:
        with open(number, "wb") as file:
            while chunk := stream.read(1 << 20):
                file.write(chunk)
    except OSError as error:
        raise DataError(f"{name}: {error.strerror}", "set TMPDIR to another folder") from error
    return found


def _standard_input() -> IO[bytes]:
    """Return standard input, if a pipe with a larger buffer: the default of 64 kB means more waiting."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import fcntl

        fcntl.fcntl(sys.stdin.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
    return sys.stdin.buffer
