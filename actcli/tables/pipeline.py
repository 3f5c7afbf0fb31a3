"""The one pipeline: blocks are read in order, worked on by threads, and come out in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from actcli.errors import ActcliError
from actcli.numerics.blockwise import keep_freed
from actcli.numerics.threads import Pool, default_threads
from actcli.tables.table import Block, Skipped, Table, Task

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What has become of a block."""

    result: T
    end: int  # as in Block
    skipped: Skipped | None


def map_blocks(table: Table, work: Callable[[Block], T], threads: int | None = None) -> Iterator[Part[T]]:
    """`work` of every block, in order, with at most two blocks more than threads under way.

    The first failing block, in the table's order, decides the error. However this ends, even by the caller
    giving up half-way, nothing keeps running behind it.
    """
    threads = threads or default_threads() + 1  # one waits for the disk, or for the consumer, while the others work
    tasks = _tasks(table)
    keep_freed()
    if threads == 1:
        for task in tasks:
            yield _run(work, task)
        return
    pool = Pool(threads)
    pending: deque[Future[Part[T]]] = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(_run, work, task))
            del task  # it holds the block's bytes
            if len(pending) == threads + 2:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        tasks.close()


def _run(work: Callable[[Block], T], task: Task) -> Part[T]:
    block = task()
    return Part(work(block), block.end, block.skipped)


def _tasks(table: Table) -> Generator[Task, None, None]:
    """The table's tasks; a failure to read takes its place behind the blocks read before it."""
    try:
        yield from table.tasks()
    except ActcliError as error:
        yield partial(_fail, error)


def _fail(error: ActcliError) -> Block:
    raise error
