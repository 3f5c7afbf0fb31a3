"""Byte streams that can be peeked into, and whose bytes can be taken on any thread."""

import os
import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError

_GZIP = 31  # zlib's wbits for a gzip header and the largest window
_PLAIN_FLAGS = 0b11101  # text, extra field, name, comment
_PACKED = 1 << 18  # compressed bytes read at a time
PIPE = 1 << 20  # bytes to buffer in a pipe, and to read from it at once


class Stream(Protocol):
    """The bytes of a source, as stored or decompressed."""

    @property
    def position(self) -> int:
        """The number of bytes of the source read so far."""

    @property
    def is_new(self) -> bool:
        """Whether nothing has been taken yet; it may have been looked at."""

    def look(self, size: int, ahead: int = 0) -> NDArray[np.uint8]:
        """Return the bytes from `ahead` on as numbers, without consuming them: fewer than `size` only at the end."""

    def take(self, size: int) -> Callable[[], bytes]:
        """Consume the next bytes, which must have been looked at, and return a call that gives them on any thread."""

    def read(self, size: int) -> bytes:
        """Return the next bytes: fewer than `size` only at the end."""


class Readable(Protocol):
    """The part of the binary-file interface that is needed."""

    def readinto(self, target: Any, /) -> int | None: ...


class BufferedStream:
    """A stream that can only be read in order: a pipe, or decompressed data. Its buffers are never overwritten, so that
    bytes taken can be copied on any thread."""

    def __init__(self, raw: Readable, name: str, position: Callable[[], int] | None = None) -> None:
        """`position` returns the position in the source if `raw` decompresses it."""
        self._raw = raw
        self._name = name
        self._position = position
        self._buffer = np.empty(0, np.uint8)
        self._start = self._stop = 0
        self._read = self._taken = 0

    @property
    def position(self) -> int:
        return self._position() if self._position else self._read

    @property
    def is_new(self) -> bool:
        return self._taken == 0

    def look(self, size: int, ahead: int = 0) -> NDArray[np.uint8]:
        if self._stop - self._start < ahead + size:
            self._fill(ahead + size)
        return self._buffer[min(self._stop, self._start + ahead) : min(self._stop, self._start + ahead + size)]

    def take(self, size: int) -> Callable[[], bytes]:
        taken = self._buffer[self._start : self._start + size]
        self._start += size
        self._taken += size
        return taken.tobytes

    def read(self, size: int) -> bytes:
        return self.take(len(self.look(size)))()

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
                self._read += count
        except EOFError:
            raise DataError(f"{self._name}: the compressed data ends too early", "the file is truncated") from None
        except _decoding_errors() as error:
            raise DataError(f"{self._name}: the compressed data is damaged: {error}", "create it again") from error
        except OSError as error:
            raise DataError(f"{self._name}: {error.strerror or error}") from error


class FileStream:
    """The bytes of a regular file. Looking and taking read it separately, so that no copy is made under the GIL. The
    file is closed when the last bytes taken have been read."""

    def __init__(self, path: str, start: int = 0, stop: int = sys.maxsize) -> None:
        self._file = _Descriptor(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), path)
        self._start = self._at = start
        self._stop = stop
        self._window = np.empty(0, np.uint8)

    @property
    def position(self) -> int:
        return self._at

    @property
    def is_new(self) -> bool:
        return self._at == self._start

    def look(self, size: int, ahead: int = 0) -> NDArray[np.uint8]:
        size = max(0, min(size, self._stop - self._at - ahead))
        if len(self._window) < size:
            self._window = np.empty(size, np.uint8)
        return self._window[: self._file.read_into(self._window[:size], self._at + ahead)]

    def take(self, size: int) -> Callable[[], bytes]:
        start = self._at
        self._at += size
        return partial(self._file.exactly, size, start)

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._stop - self._at), self._at)
        self._at += len(data)
        return data


class _Descriptor:
    """An open file, closed when nothing refers to it any more."""

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._name = name

    def __del__(self) -> None:
        os.close(self._number)

    def read_into(self, target: NDArray[np.uint8], start: int) -> int:
        """Fill the target from `start` on, as far as the file goes, and return how many bytes that was."""
        done = 0
        try:
            while done < len(target) and (count := os.preadv(self._number, [target[done:].data], start + done)):
                done += count
        except OSError as error:
            raise DataError(f"{self._name}: {error.strerror or error}") from error
        return done

    def read(self, size: int, start: int) -> bytes:
        """Return the bytes from `start` on, as far as the file goes."""
        try:
            data = os.pread(self._number, size, start)
            while len(data) < size and (more := os.pread(self._number, size - len(data), start + len(data))):
                data += more
        except OSError as error:
            raise DataError(f"{self._name}: {error.strerror or error}") from error
        return data

    def exactly(self, size: int, start: int) -> bytes:
        data = self.read(size, start)
        if len(data) < size:
            raise DataError(f"{self._name}: was truncated while it was read")
        return data


class _Members:
    """The concatenated members of a gzip file, as `gzip.GzipFile` gives them, but in two thirds of the time: zlib
    itself handles headers and checksums."""

    def __init__(self, source: Stream) -> None:
        self._source = source
        self._rest = b""  # read and not inflated yet
        self._more = False  # whether there may be output without more input
        self._member = zlib.decompressobj(_GZIP)

    def readinto(self, target: memoryview) -> int:
        while not self._member.eof or self._begin():
            if not self._rest and not self._more:
                self._rest = self._source.read(_PACKED)
                if not self._rest:
                    raise EOFError
            found = self._member.decompress(self._rest, len(target))
            self._rest = self._member.unused_data or self._member.unconsumed_tail
            self._more = len(found) == len(target)
            if found:
                target[: len(found)] = found
                return len(found)
        return 0

    def _begin(self) -> bool:
        """Skip zeros and begin the next member; return whether there is one."""
        self._rest = self._rest.lstrip(b"\0")
        while not self._rest:
            packed = self._source.read(_PACKED)
            if not packed:
                return False
            self._rest = packed.lstrip(b"\0")
        self._member = zlib.decompressobj(_GZIP)
        self._more = False
        return True


def _unzipped(stream: Stream, start: bytes) -> Readable:
    """Return the decompressor of a gzip file: zlib, or gzip for headers with a checksum or unknown flags, which it
    ignores."""
    if len(start) == 4 and not start[3] & ~_PLAIN_FLAGS:
        return _Members(stream)
    import gzip

    return gzip.GzipFile(fileobj=cast(IO[bytes], stream))


def decompressed(stream: Stream, name: str) -> Stream | None:
    """Return the decompressed stream; None if the bytes do not begin like a compressed file."""
    start = stream.look(4).tobytes()
    if start.startswith(b"\x1f\x8b"):
        return BufferedStream(_unzipped(stream, start), name, lambda: stream.position)
    if start == b"\x28\xb5\x2f\xfd" or (start[1:] == b"\x2a\x4d\x18" and start[0] >> 4 == 5):  # skippable frame
        return BufferedStream(_zstd().ZstdFile(stream), name, lambda: stream.position)
    return None


def _zstd() -> Any:
    """Return the zstd module, which is in Python since 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _decoding_errors() -> tuple[type[Exception], ...]:
    import gzip

    return (gzip.BadGzipFile, zlib.error, _zstd().ZstdError)
