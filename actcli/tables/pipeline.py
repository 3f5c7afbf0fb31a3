"""The one pipeline: blocks are read in order, processed by threads, and returned in order."""

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
    """The result for one block."""

    result: T
    end: int  # as in Block
    skipped: Skipped | None


class Watch(Protocol):
    """Passes parts on as they come, and may show progress."""

    def __call__(self, parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]: ...


def unwatched(parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]:
    """Return the parts without showing progress."""
    return parts


def map_blocks(table: Table, work: Callable[[Block], T], threads: int | None = None) -> Iterator[Part[T]]:
    """Yield `work` of every block, in order, with at most two more blocks than threads in flight.

    The first failing block in the table's order decides the error. Nothing keeps running afterwards, even if the
    caller stops half-way.
    """
    tasks = _tasks(table)
    keep_freed()
    # One extra thread, which waits for the disk or the consumer while the others work.
    try:
        yield from in_order(partial(_run, work), tasks, threads or default_threads() + 1)
    finally:
        tasks.close()


def _run(work: Callable[[Block], T], task: Task) -> Part[T]:
    block = task()
    return Part(work(block), block.end, block.skipped)


def _tasks(table: Table) -> Generator[Task, None, None]:
    """Yield the table's tasks; a read error becomes a task, so that it is raised after the blocks before it."""
    try:
        yield from table.tasks()
    except ActcliError as error:
        yield partial(_fail, error)


def _fail(error: ActcliError) -> Block:
    raise error
