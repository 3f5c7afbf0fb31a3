"""Write results to standard output, or to files that are written whole or not at all."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Event
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from actcli.output.drafts import Draft, begin, publish
from actcli.output.places import descriptor, is_direct, is_special, naming
from actcli.output.streams import standard_output, writer

if TYPE_CHECKING:
    from queue import Queue


@contextmanager
def open_outputs(paths: Sequence[str | None]) -> Iterator[list[IO[bytes]]]:
    """Open a binary file for each path; None is standard output.

    Regular files appear, or are replaced, once everything is written. A device, a fifo or an open file such as
    /dev/fd/3 is written directly.
    """
    with ExitStack() as stack:
        drafts: list[Draft] = []
        files = []
        for path in paths:
            with naming(path):
                files.append(_open(path, stack, drafts))
        yield files
        for path, file in zip(paths, files, strict=True):
            with naming(path):
                file.flush()
        publish(drafts)


def _open(path: str | None, stack: ExitStack, drafts: list[Draft]) -> IO[bytes]:
    if path is None:
        return standard_output()
    if (number := descriptor(path)) is not None:
        return _direct(os.dup(number), stack)
    if is_special(path):
        return _direct(os.open(path, os.O_WRONLY), stack)
    drafts.append(begin(path, stack))
    return drafts[-1].file


def _direct(number: int, stack: ExitStack) -> IO[bytes]:
    def close() -> None:
        with suppress(OSError):  # it was flushed, or has failed, before
            file.close()

    file = writer(number)
    stack.callback(close)
    return file


def write_files(outputs: Iterable[tuple[str | None, Iterable[bytes]]]) -> None:
    """Write each output, a path (None is standard output) and the parts of its content, as `open_outputs` does.

    Standard output comes last, so that it stays empty if a file cannot be written.
    """
    given = [*outputs]
    named = sorted(((path, parts) for path, parts in given if path is not None), key=lambda each: is_direct(each[0]))
    with open_outputs([path for path, _ in named]) as files:
        for file, (path, parts) in zip(files, named, strict=True):
            with naming(path):
                file.writelines(parts)
                file.flush()
    for parts in (parts for path, parts in given if path is None):
        with open_outputs([None]) as (file,), naming(None):
            file.writelines(parts)


Stream: TypeAlias = "tuple[str | None, Callable[[IO[bytes], Iterator[Any]], None]]"  # path, and the writer of its parts


def write_streams(streams: Sequence[Stream], blocks: Iterator[Sequence[Any]]) -> None:
    """Write blocks, each with one part per stream, to all streams as they come; no file is replaced before all are
    written. The blocks are read once, in constant memory: if there are several writers each has its own thread.
    """
    with ExitStack() as stack:
        files = stack.enter_context(open_outputs([path for path, _ in streams]))
        if len(streams) == 1:
            with naming(streams[0][0]):
                streams[0][1](files[0], (part for (part,) in blocks))
            return
        from concurrent.futures import ThreadPoolExecutor  # these take 5 ms, which a single writer saves
        from queue import Queue

        pool = stack.enter_context(ThreadPoolExecutor(len(streams), thread_name_prefix="actcli"))
        queues: list[Queue[Any]] = [Queue(2) for _ in streams]
        failed = Event()
        written = []
        try:
            for stream, file, queue in zip(streams, files, queues, strict=True):
                written.append(pool.submit(_write_queue, stream, file, queue, failed))
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
        with naming(path):
            write(file, parts)
            file.flush()
    except BaseException:
        failed.set()
        raise
    finally:
        for _ in parts:  # drain the queue, which would block the others
            pass
