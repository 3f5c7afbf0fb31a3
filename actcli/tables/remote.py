"""Remote sources through fsspec: `s3://bucket/a.csv`, `https://host/a.parquet`, and all else it has a backend for.

If the server supports ranges, several are read at once, and again when a connection breaks; otherwise a source is one
stream, which succeeds or fails as a whole. The backends find credentials in the environment."""

from __future__ import annotations

import io
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from posixpath import basename
from typing import IO, Any, NamedTuple, TypeVar

from actcli.errors import ActcliError, DataError, UsageError
from actcli.numerics.threads import in_order
from actcli.tables.streams import BufferedStream

T = TypeVar("T")

_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)(://|::)", re.IGNORECASE)
_SECRET = re.compile(r"://[^/@:]*:[^/@]*@")
FIRST = 1 << 18  # bytes of the first range, enough for the head of a file
RANGE = 4 << 20  # bytes of the other ranges
AT_ONCE = 4  # requests
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before each retry


def is_remote(path: str) -> bool:
    """Return whether it is an address rather than a local path."""
    return _ADDRESS.match(path) is not None


def file_name(path: str) -> str:
    """Return the name of the file at an address."""
    if not is_remote(path):
        return path
    own = path.partition("::")[0] if "://" in path.partition("::")[0] else path.rpartition("::")[2]
    return basename((re.split("[?#]", own)[0] if _is_web(own) else own).rstrip("/"))


def _is_web(path: str) -> bool:
    return path.lower().startswith(("http://", "https://"))


class Found(NamedTuple):
    """A file or folder at an address; the size is None if the server does not say."""

    path: str
    size: int | None
    is_folder: bool


class Remote:
    """An address, with what the server first said about it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._own = threading.local()  # the open file of each thread

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The fsspec file system of the address, and the path in it."""
        if _SECRET.search(self.address):
            shown = _SECRET.sub("://", self.address)
            raise UsageError(f"{shown}: others can see a password in an address", "set it in the environment")
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            message = f"{self.address}: remote sources need fsspec, which is not installed"
            raise UsageError(message, "pip install 'actcli[remote]'") from None
        scheme = self.address.partition(":")[0]
        try:
            found: tuple[Any, str] = url_to_fs(self.address)
        except ImportError as error:
            package = re.search(r"[Ii]nstall (?:the )?['\"]?([\w.-]+)", str(error))
            hint = f"pip install {package[1]}" if package else str(error).partition("\n")[0]
            raise UsageError(f"{self.address}: {scheme} needs a package that is not installed", hint) from None
        except ValueError as error:
            if "rotocol" not in str(error):
                raise DataError(f"{self.address}: {_first_line(error)}") from None
            raise UsageError(
                f"{self.address}: no protocol {scheme}", "fsspec supports s3, gs, https, hf and others"
            ) from None
        except Exception as error:
            raise DataError(f"{self.address}: {_first_line(error)}") from None
        return found

    @cached_property
    def _info(self) -> dict[str, Any]:
        return self._look()

    def _look(self) -> dict[str, Any]:
        system, path = self._place
        with self._failing():
            system.invalidate_cache(path)
            found: dict[str, Any] = system.info(path)
            return found

    @property
    def size(self) -> int | None:
        """In bytes; None if the server does not say."""
        return self._info.get("size")

    @property
    def is_folder(self) -> bool:
        """On the web, only an address that ends in a slash is a folder: a page that lists files is a file too."""
        if _is_web(self.address):
            return self.address.endswith("/")
        return self._info.get("type") == "directory"

    def stamp(self) -> tuple[object, ...]:
        """Return what changes when the source does, as of now, or as last known if the server does not answer."""
        found = self._info
        with suppress(ActcliError):
            found = self._look()
        return _stamp(found)

    @cached_property
    def first_stamp(self) -> tuple[object, ...]:
        """The stamp when the address was first looked at."""
        return _stamp(self._info)

    def below(self) -> list[Found]:
        """Return the files below this folder."""
        system, path = self._place
        with self._failing():
            return self._named(system.find(path, detail=True))

    def matches(self) -> list[Found] | None:
        """Return what a glob matches; None if the address is not a glob."""
        if not re.search(r"[*[]" if _is_web(self.address) else r"[*?[]", self.address):
            return None
        system, path = self._place
        with self._failing():
            return self._named(system.glob(path, detail=True))

    def _named(self, found: dict[str, dict[str, Any]]) -> list[Found]:
        system, _ = self._place
        _, chained, rest = self.address.partition("::")
        return [
            Found(system.unstrip_protocol(name) + chained + rest, info.get("size"), info.get("type") == "directory")
            for name, info in found.items()
        ]

    @cached_property
    def has_ranges(self) -> bool:
        """Whether the server returns any range on request."""
        if self.size is None or self._info.get("partial") is False:
            return False
        if not _is_web(self.address):
            return True
        if self.size <= FIRST:  # one request reads it all: asking would cost another
            return False
        with suppress(ValueError):  # from fsspec, when the server ignores the range
            return self._retried(partial(self._range, self.size - 1, 1)) is not None
        return False

    @cached_property
    def _first(self) -> bytes:
        return self.exactly(min(FIRST, self.size or 0), 0)

    def exactly(self, size: int, start: int) -> bytes:
        """Return the bytes of a range, on any thread."""
        with self._failing():
            return self._retried(partial(self._range, start, size))

    def _range(self, start: int, size: int) -> bytes:
        file = getattr(self._own, "file", None)
        if file is None:
            system, path = self._place
            self._own.file = file = system.open(path, "rb", block_size=RANGE, cache_type="none")
        file.seek(start)
        data: bytes = file.read(size)
        if len(data) < size:
            raise ConnectionError(f"{len(data)} of {size} bytes came")
        return data

    def _checked(self, data: bytes) -> bytes:
        """Return the data, if complete."""
        if len(data) != self.size:
            raise ConnectionError(f"{len(data)} of {self.size} bytes came")
        return data

    def _retried(self, read: Callable[[], T]) -> T:
        for wait in WAITS:
            try:
                return read()
            except Exception as error:
                if not _is_transient(error):
                    raise
                self._own.file = None
                time.sleep(wait)
        return read()

    def stream(self, start: int = 0, stop: int = sys.maxsize) -> BufferedStream:
        """Return the bytes from `start` to `stop`, which need ranges unless they are the whole."""
        return BufferedStream(_Pieces(self._ranges(start, stop) if self.has_ranges else self._whole()), self.address)

    def _ranges(self, start: int, stop: int) -> Iterator[bytes]:
        stop = min(stop, self.size or 0)
        first = min(FIRST, stop - start)
        yield self._first[:first] if not start else self.exactly(first, start)
        starts = range(start + first, stop, RANGE)
        threads = AT_ONCE if self._place[0].async_impl else 1
        yield from in_order(lambda start: self.exactly(min(RANGE, stop - start), start), starts, threads)

    def _whole(self) -> Iterator[bytes]:
        """Yield the whole source from one request."""
        system, path = self._place
        if self.size is not None and self.size <= FIRST:
            with self._failing():
                yield self._retried(lambda: self._checked(system.cat_file(path)))
            return
        done = 0
        with self._failing(), system.open(path, "rb", **({"block_size": 0} if _is_web(self.address) else {})) as file:
            while data := self._next(file, done):
                done += len(data)
                yield data
        if self.size is not None and done != self.size:
            raise self._broken(done)

    def _next(self, file: IO[bytes], done: int) -> bytes:
        try:
            return file.read(RANGE)
        except Exception:
            raise self._broken(done) from None

    def _broken(self, done: int) -> DataError:
        of = f" of {self.size}" if self.size is not None else ""
        message = f"{self.address}: the connection broke after {done}{of} bytes, and the server cannot resume"
        return DataError(message, "try again, or copy the file to this machine")

    def opened(self) -> io.BufferedReader:
        """Return a seekable file; needs ranges."""
        return io.BufferedReader(_SeekableFile(self), FIRST)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn any error of a backend into a DataError: each library raises its own kinds."""
        try:
            yield
        except (ActcliError, GeneratorExit):
            raise
        except Exception as error:
            raise self._error(error) from None

    def _error(self, error: Exception) -> DataError:
        # fsspec turns every web error into FileNotFoundError, and keeps the true one as its cause.
        cause = (_is_web(self.address) and isinstance(error, FileNotFoundError) and error.__cause__) or error
        status = getattr(cause, "status", None)
        if isinstance(cause, FileNotFoundError) or status == 404:
            return DataError(f"{self.address}: no such file")
        if isinstance(cause, PermissionError) or status in (401, 403) or "redentials" in type(cause).__name__:
            hint = "the fsspec backend reads credentials from the environment"
            return DataError(f"{self.address}: access denied: {_first_line(cause)}", hint)
        hint = "is the address right, and the server up?"
        return DataError(f"{self.address}: cannot be read: {_first_line(cause)}", hint)


def _stamp(info: dict[str, Any]) -> tuple[object, ...]:
    names = ("ETag", "etag", "Last-Modified", "LastModified", "mtime", "updated", "generation", "sha256")
    return (info.get("size"), *(str(info[name]) for name in names if name in info))


def _is_transient(error: Exception) -> bool:
    """Return whether the same request may succeed when repeated."""
    if isinstance(error, FileNotFoundError | PermissionError | ValueError | TypeError | NotImplementedError):
        return False
    status = getattr(error, "status", None)
    return not (isinstance(status, int) and 400 <= status < 500 and status not in (408, 429))


def _first_line(error: BaseException) -> str:
    if hasattr(error, "status") and hasattr(error, "message"):  # of aiohttp
        return f"{error.status} {error.message}"
    return str(error).partition("\n")[0] or type(error).__name__


class _Pieces:
    """Pieces of bytes as a readable file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readinto(self, target: Any, /) -> int:
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        count = min(len(target), len(self._left))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _SeekableFile(io.RawIOBase):
    """A seekable remote file; each read requests a range."""

    def __init__(self, remote: Remote) -> None:
        self._remote, self._at = remote, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._remote.size or 0}[whence]
        return self._at

    def readinto(self, target: Any, /) -> int:
        count = max(0, min(len(target), (self._remote.size or 0) - self._at))
        if count:
            target[:count] = self._remote.exactly(count, self._at)
        self._at += count
        return count
