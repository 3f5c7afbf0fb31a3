"""Where bytes come from: files and pipes, compressed or not; every failure names its source."""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import PurePath
from typing import IO, Any, Protocol, cast

from actcli.errors import DataError

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
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
MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\x93NUMPY": "npy", b"PK\x03\x04": "npz"}


class Readable(Protocol):
    """As much of a binary file as is needed."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Stream:
    """Bytes being read, of which the next can be looked at before."""

    def __init__(self, raw: Readable, name: str) -> None:
        self._raw = raw
        self._name = name
        self._ahead = b""
        self.finished = False

    def peek(self, size: int) -> bytes:
        """The next bytes, left in place: fewer than `size` only at the end."""
        if len(self._ahead) < size:
            self._ahead += self._read(size - len(self._ahead))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """The next bytes: fewer than `size` only at the end."""
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(data) < size:
            data += self._read(size - len(data))
        self.finished = len(data) < size
        return data

    def close(self) -> None:
        self._raw.close()

    def _read(self, size: int) -> bytes:
        try:
            return self._raw.read(size)
        except EOFError:
            raise DataError(f"{self._name}: the compressed data ends too early", "the file is truncated") from None
        except OSError as error:
            raise DataError(f"{self._name}: {error.strerror or error}") from error
        except _decoding_errors() as error:
            raise DataError(f"{self._name}: the compressed data is damaged: {error}") from error


class Source:
    """One INPUT argument: a file, which can be opened again and again, or a pipe, which cannot."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = "standard input" if path == "-" else path
        self.is_file = path != "-" and os.path.isfile(path)
        self._pipe: Stream | None = None
        self._plain: Stream | None = None
        self._spooled: IO[bytes] | None = None

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
        stream = self._pipe or Stream(self._raw(), self.name)
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

    def _raw(self) -> Readable:
        try:
            return sys.stdin.buffer if self.path == "-" else open(self.path, "rb")
        except FileNotFoundError:
            raise DataError(f"{self.path}: there is no such file") from None
        except IsADirectoryError:
            raise DataError(f"{self.path}: is a directory", f"name its files: {self.path.rstrip('/')}/*.csv") from None
        except OSError as error:
            raise DataError(f"{self.path}: {error.strerror}") from error

    def _decompressed(self, stream: Stream) -> Stream:
        start, name = stream.peek(4), self.path.lower()
        if start.startswith(b"\x1f\x8b") or name.endswith(".gz"):
            return Stream(gzip.GzipFile(fileobj=cast(IO[bytes], stream)), self.name)
        if start == b"\x28\xb5\x2f\xfd" or name.endswith(".zst"):
            return Stream(_zstd().ZstdFile(stream), self.name)
        return stream


def spool(stream: Readable) -> IO[bytes]:
    """A temporary file with all of the stream, gone when closed or forgotten."""
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


def _zstd() -> Any:
    """The zstd module: in Python since 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _decoding_errors() -> tuple[type[Exception], ...]:
    return (zlib.error, _zstd().ZstdError)
