"""The one pipeline: blocks are read in order, worked on by threads, and come out in order."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from actcli.errors import ActcliError
from actcli.numerics.memory import keep_freed
from actcli.numerics.threads import default_threads, in_order
from actcli.tables.table import Block, Skipped, Table, Task

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What has become of a block."""

    result: T
    end: int  # as in Block
    skipped: Skipped | None


class Watch(Protocol):
    """What passes parts on as they come, and may show how far the reading is."""

    def __call__(self, parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]: ...


def unwatched(parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]:
    """The parts alone."""
    return parts


def map_blocks(table: Table, work: Callable[[Block], T], threads: int | None = None) -> Iterator[Part[T]]:
    """`work` of every block, in order, with at most two blocks more than threads under way.

    The first failing block, in the table's order, decides the error. However this ends, even by the caller
    giving up half-way, nothing keeps running behind it.
    """
    tasks = _tasks(table)
    keep_freed()
    # One thread more: it waits for the disk, or for the consumer, while the others work.
    try:
        yield from in_order(partial(_run, work), tasks, threads or default_threads() + 1)
    finally:
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
