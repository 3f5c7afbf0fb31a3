"""Where bytes come from: files and pipes, compressed or not; every failure names its source."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import PurePath
from typing import IO, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npy": "npy",
    ".npz": "npz",
}
FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
COMPRESSED = (".gz", ".zst")
PIPE = 1 << 20  # bytes that a pipe is asked to hold, and that are read from it at once
MAGIC = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"{": "jsonl",
    b"[{": "jsonl",
    b"[\n": "jsonl",
}


class Readable(Protocol):
    """As much of a binary file as is needed."""

    def readinto(self, target: Any, /) -> int | None: ...
    def close(self) -> None: ...


class Stream:
    """Bytes being read, of which the next can be looked at before.

    They are kept in arrays that are filled once, so that what was taken can be copied on any thread.
    """

    def __init__(self, raw: Readable, name: str) -> None:
        self._raw = raw
        self._name = name
        self._buffer = np.empty(0, np.uint8)
        self._start = self._stop = 0
        self.position = 0
        self.finished = False

    def look(self, size: int, ahead: int = 0) -> NDArray[np.uint8]:
        """The bytes from `ahead` on, left in place, as numbers: fewer than `size` only at the end."""
        if self._stop - self._start < ahead + size:
            self._fill(ahead + size)
        return self._buffer[min(self._stop, self._start + ahead) : min(self._stop, self._start + ahead + size)]

    def take(self, size: int) -> Callable[[], bytes]:
        """What gives the next bytes, which must have been looked at, on any thread."""
        taken = self._buffer[self._start : self._start + size]
        self._start += size
        return taken.tobytes

    def peek(self, size: int) -> bytes:
        """The next bytes, left in place: fewer than `size` only at the end."""
        return self.look(size).tobytes()

    def read(self, size: int) -> bytes:
        """The next bytes: fewer than `size` only at the end."""
        data = self.peek(size)
        self._start += len(data)
        self.finished = len(data) < size
        return data

    def readinto(self, target: Any) -> int:
        """As a file's: for the libraries that decompress."""
        data = self.look(len(target))
        target[: len(data)] = data.data
        self._start += len(data)
        return len(data)

    def close(self) -> None:
        self._raw.close()

    def _fill(self, size: int) -> None:
        if len(self._buffer) - self._start < size:
            kept = self._buffer[self._start : self._stop]
            self._buffer = np.empty(max(len(self._buffer), 2 * size), np.uint8)
            self._buffer[: len(kept)] = kept
            self._start, self._stop = 0, len(kept)
        try:
            while self._stop - self._start < size:
                count = self._raw.readinto(self._buffer[self._stop : self._stop + max(size, PIPE)].data)
                if not count:
                    return
                self._stop += count
                self.position += count
        except EOFError:
            raise DataError(f"{self._name}: the compressed data ends too early", "the file is truncated") from None
        except _decoding_errors() as error:
            raise DataError(f"{self._name}: the compressed data is damaged: {error}", "make the file anew") from error
        except OSError as error:
            raise DataError(f"{self._name}: {error.strerror or error}") from error


class FileStream(Stream):
    """The bytes of a regular file. They are looked at in one place and read in another: both without a copy for which
    all threads of Python would have to wait."""

    def __init__(self, path: str) -> None:
        self._file = _Descriptor(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
        self._name = path
        self._at = 0
        self._window = np.empty(0, np.uint8)
        self.finished = False

    @property
    def position(self) -> int:  # type: ignore[override]
        return self._at

    def peek(self, size: int) -> bytes:
        return self._file.read(size, self._at, self._name)

    def read(self, size: int) -> bytes:
        data = self.peek(size)
        self._at += len(data)
        self.finished = len(data) < size
        return data

    def readinto(self, target: Any) -> int:
        count = self._file.read_into(np.frombuffer(target, np.uint8), self._at, self._name)
        self._at += count
        return count

    def look(self, size: int, ahead: int = 0) -> NDArray[np.uint8]:
        if len(self._window) < size:
            self._window = np.empty(size, np.uint8)
        return self._window[: self._file.read_into(self._window[:size], self._at + ahead, self._name)]

    def take(self, size: int) -> Callable[[], bytes]:
        start = self._at
        self._at += size
        return partial(self._file.exactly, size, start, self._name)

    def close(self) -> None:
        """Nothing: the file is closed when the last bytes that were taken have been read."""


class _Descriptor:
    """An open file, closed when nothing refers to it any more."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __del__(self) -> None:
        os.close(self._number)

    def read_into(self, target: NDArray[np.uint8], start: int, name: str) -> int:
        """Fill the target from that position on, as far as the file goes."""
        done = 0
        try:
            while done < len(target) and (count := os.preadv(self._number, [target[done:].data], start + done)):
                done += count
        except OSError as error:
            raise DataError(f"{name}: {error.strerror or error}") from error
        return done

    def read(self, size: int, start: int, name: str) -> bytes:
        """The bytes from that position on, as far as the file goes."""
        try:
            data = os.pread(self._number, size, start)
            while len(data) < size and (more := os.pread(self._number, size - len(data), start + len(data))):
                data += more
        except OSError as error:
            raise DataError(f"{name}: {error.strerror or error}") from error
        return data

    def exactly(self, size: int, start: int, name: str) -> bytes:
        data = self.read(size, start, name)
        if len(data) < size:
            raise DataError(f"{name}: has become shorter while it was read")
        return data


class Source:
    """One INPUT argument: a file, which can be opened again and again, or a pipe, which cannot."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = "standard input" if path == "-" else path
        self.is_file = path != "-" and os.path.isfile(path)
        self._pipe: Stream | None = None
        self._plain: Stream | None = None
        self._spooled: IO[bytes] | None = None
        self._opened: Stream | None = None

    def position(self) -> int:
        """How many bytes have been read, as they are in the file."""
        return self._opened.position if self._opened else 0

    def format(self) -> str:
        """From the name; where that says nothing, from the first bytes."""
        path = PurePath(self.path)
        suffix = path.suffix.lower()
        if suffix in COMPRESSED:
            suffix = PurePath(path.stem).suffix.lower()
        if self.path != "-" and suffix in SUFFIXES:
            return SUFFIXES[suffix]
        with self.open() as stream:
            start = stream.peek(8)
        return next((name for magic, name in MAGIC.items() if start.startswith(magic)), "csv")

    def stem(self) -> str:
        """The layer's name: the file's without folder and suffixes."""
        if self.path == "-":
            return "stdin"
        path = PurePath(self.path)
        if path.suffix.lower() in COMPRESSED:
            path = path.with_suffix("")
        return path.stem if path.suffix.lower() in SUFFIXES else path.name

    def size(self) -> int | None:
        return os.path.getsize(self.path) if self.is_file else None

    @contextmanager
    def open(self) -> Iterator[Stream]:
        """The bytes as they are. A pipe stays open: what was only looked at is still to be read."""
        stream = self._opened = self._pipe or self._stream()
        try:
            if not self.is_file:
                self._pipe = stream
            yield stream
        finally:
            if self.is_file:
                stream.close()

    @contextmanager
    def text(self) -> Iterator[Stream]:
        """The bytes, decompressed where the name or the first bytes say so."""
        with self.open() as stream:
            plain = self._plain or self._decompressed(stream)
            if plain.finished:
                raise DataError(f"{self.name}: can be read only once", "put it into a file")
            if not self.is_file:
                self._plain = plain
            yield plain

    def file(self) -> str:
        """A path that can be sought in and mapped: what comes from a pipe is put into a temporary file."""
        with self.open() as stream:
            if self.is_file:
                return self.path
            if not self._spooled:
                self._spooled = spool(stream)
                weakref.finalize(self, self._spooled.close)
            return self._spooled.name

    def _stream(self) -> Stream:
        try:
            if self.is_file and hasattr(os, "preadv"):
                return FileStream(self.path)
            return Stream(cast(Readable, _standard_input() if self.path == "-" else open(self.path, "rb")), self.name)
        except FileNotFoundError:
            raise DataError(f"{self.path}: there is no such file") from None
        except IsADirectoryError:
            raise DataError(f"{self.path}: is a directory", f"name its files: {self.path.rstrip('/')}/*.csv") from None
        except OSError as error:
            raise DataError(f"{self.path}: {error.strerror}") from error

    def _decompressed(self, stream: Stream) -> Stream:
        start = stream.peek(4)
        if start.startswith(b"\x1f\x8b"):
            import gzip

            return Stream(gzip.GzipFile(fileobj=cast(IO[bytes], stream)), self.name)
        if start == b"\x28\xb5\x2f\xfd" or (start[1:] == b"\x2a\x4d\x18" and start[0] >> 4 == 5):  # or to be skipped
            return Stream(_zstd().ZstdFile(stream), self.name)
        if start and self.path.lower().endswith(COMPRESSED):
            raise DataError(f"{self.name}: is not compressed, as its name says", "rename it")
        return stream


def spool(stream: Stream | IO[bytes]) -> IO[bytes]:
    """A temporary file with all of the stream, gone when closed or forgotten."""
    import tempfile

    with ExitStack() as stack:
        file = stack.enter_context(tempfile.NamedTemporaryFile(prefix="actcli-"))
        while chunk := stream.read(1 << 20):
            try:
                file.write(chunk)
            except OSError as error:
                raise DataError(f"{file.name}: {error.strerror}", "TMPDIR names another folder") from error
        file.flush()
        stack.pop_all()  # it is whole, so it stays
    return file


def _standard_input() -> IO[bytes]:
    """Standard input; a pipe holds 64 kB unless it is asked to hold more, and is waited for that much more often."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import fcntl

        fcntl.fcntl(sys.stdin.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
    return sys.stdin.buffer


def _zstd() -> Any:
    """The zstd module: in Python since 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _decoding_errors() -> tuple[type[Exception], ...]:
    import gzip
    import zlib

    return (gzip.BadGzipFile, zlib.error, _zstd().ZstdError)
