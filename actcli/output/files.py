"""Results go to standard output or to a file that is written whole or not at all."""

from __future__ import annotations

import itertools
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import Queue
from threading import Event
from typing import IO, Any, TypeAlias

from actcli.errors import DataError


@contextmanager
def open_output(path: str | None) -> Iterator[IO[bytes]]:
    """A binary file to write results into; None is standard output.

    A regular file appears, or is replaced, only when all is written. A device or fifo is written directly.
    """
    with _naming(path or "standard output"):
        if path is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif _is_special(path):
            with open(path, "wb") as file:
                yield file
        else:
            with _replacing(path) as file:
                yield file


def write_files(outputs: Iterable[tuple[str | None, Iterable[bytes]]]) -> None:
    """Each output, a path (None is standard output) and the parts of its content, as `open_output` writes them.

    No regular file is replaced before all the files are written; standard output comes after them.
    """
    with ExitStack() as files:
        last = []
        for path, parts in outputs:
            if path is None:
                last.append(parts)
            else:
                _write(files.enter_context(open_output(path)), path, parts)
    for parts in last:
        with open_output(None) as file:
            file.writelines(parts)


Stream: TypeAlias = "tuple[str | None, Callable[[IO[bytes], Iterator[Any]], None]]"  # path, and the writer of its parts


def write_streams(streams: Sequence[Stream], blocks: Iterator[Sequence[Any]]) -> None:
    """Each block, which has a part for each stream, to all of them as it comes; none is replaced before all are
    written. The blocks are read once, in constant memory: each of several writers has a thread of its own.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(open_output(path)) for path, _ in streams]
        if len(streams) == 1:
            streams[0][1](files[0], (part for (part,) in blocks))
            return
        from concurrent.futures import ThreadPoolExecutor  # 5 ms, which one writer saves

        pool = stack.enter_context(ThreadPoolExecutor(len(streams), thread_name_prefix="actcli"))
        queues: list[Queue[Any]] = [Queue(2) for _ in streams]
        failed = Event()
        written = [
            pool.submit(_write_queue, stream, file, queue, failed)
            for stream, file, queue in zip(streams, files, queues, strict=True)
        ]
        try:
            for parts in itertools.takewhile(lambda _: not failed.is_set(), blocks):
                for queue, part in zip(queues, parts, strict=True):
                    queue.put(part)
        finally:
            for queue in queues:
                queue.put(None)
        for each in written:
            each.result()


def _taken(queue: Queue[Any]) -> Iterator[Any]:
    while (part := queue.get()) is not None:
        yield part


def _write_queue(stream: Stream, file: IO[bytes], queue: Queue[Any], failed: Event) -> None:
    path, write = stream
    parts = _taken(queue)
    try:
        with _naming(path or "standard output"):
            write(file, parts)
            file.flush()
    except BaseException:
        failed.set()
        raise
    finally:
        for _ in parts:  # what it does not want must not hold up the others
            pass


def _write(file: IO[bytes], path: str, parts: Iterable[bytes]) -> None:
    with _naming(path):
        file.writelines(parts)
        file.flush()


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """A failure to write is an error that names the output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        hint = f"there is no folder {os.path.dirname(os.path.realpath(name))}: make it first" if missing else ""
        raise DataError(f"{name}: cannot be written: {error.strerror or error}", hint) from error


def _is_special(path: str) -> bool:
    return os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)


@contextmanager
def _replacing(path: str) -> Iterator[IO[bytes]]:
    import tempfile

    target = os.path.realpath(path)  # a symbolic link stays, what it points to is replaced
    folder = os.path.dirname(target)
    with tempfile.NamedTemporaryFile("wb", dir=folder, prefix=".actcli-", delete=False) as file:
        try:
            yield file
            file.flush()
            os.chmod(file.name, _mode(target))
            os.replace(file.name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(file.name)
            raise


def _mode(target: str) -> int:
    """The mode that writing the file directly would leave it with."""
    if os.path.exists(target):
        return stat.S_IMODE(os.stat(target).st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
