"""Threads, as many as the system allows."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

MOST = 4  # threads by default: reading, and consuming in order, keep no more busy


def default_threads() -> int:
    """The number of processors, at most MOST."""
    return min(MOST, os.cpu_count() or 1)


class Pool(ThreadPoolExecutor):
    """Makes do with fewer threads if the system allows no more. Raises RuntimeError if it allows none."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="actcli")
        self.submit(bool)  # start one thread before the libraries start theirs

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


def in_order(work: Callable[[S], T], items: Iterable[S], threads: int | None = None) -> Iterator[T]:
    """Yield `work(item)` for each item, in order, with at most two more items under way than threads. A single item
    runs on no other thread: many such calls then take half the CPU time.

    However this ends, even if the caller stops half-way, nothing keeps running in the background.
    """
    threads, items = threads or default_threads(), iter(items)
    first = deque(islice(items, 2)) if threads > 1 else deque()
    if len(first) < 2:
        yield from map(work, chain(_taken(first), items))
        return
    pool = Pool(threads)
    pending: deque[Future[T]] = deque()
    try:
        for item in chain(_taken(first), items):
            pending.append(pool.submit(work, item))
            del item  # it may be large
            if len(pending) == threads + 2:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(items: deque[S]) -> Iterator[S]:
    """Yield the items, keeping none of them."""
    while items:
        yield items.popleft()


def available(most: int) -> int:
    """How many threads can be started now, up to `most`, whoever sets the limit: user, container or machine."""
    before = _running()
    end = threading.Event()
    started: list[threading.Thread] = []
    stack = threading.stack_size(1 << 16)  # these threads need none, and address space may be short
    try:
        for _ in range(most):
            thread = threading.Thread(target=end.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:  # the limit
        pass
    finally:
        threading.stack_size(stack)
        end.set()
    for thread in started:
        thread.join()
    late = time.monotonic() + 1.0
    while _running() > before and time.monotonic() < late:  # the system still counts a thread shortly after it ended
        time.sleep(0.001)
    return len(started)


def _running() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # not Linux
        return 0
