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


def default_threads() -> int:
    """Reading and a consumer in order keep no more than four threads busy either."""
    return min(4, os.cpu_count() or 1)


class Pool(ThreadPoolExecutor):
    """Goes on with fewer threads where the system allows no more. Raises RuntimeError where it allows none."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="actcli")
        self.submit(bool)  # one thread is had before the libraries take theirs

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


def in_order(work: Callable[[S], T], items: Iterable[S], threads: int | None = None) -> Iterator[T]:
    """`work` of each item, in order, with at most two items more than threads under way; a lone one on no thread, which
    takes half the processor's time where there are many such.

    However this ends, even by the caller giving up half-way, nothing keeps running behind it.
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
            del item  # it may hold much
            if len(pending) == threads + 2:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(items: deque[S]) -> Iterator[S]:
    """The items, of which none is kept."""
    while items:
        yield items.popleft()


def available(most: int) -> int:
    """How many threads may be started now, up to `most`: limits are of a user, of a container, or of the machine."""
    before = _running()
    end = threading.Event()
    started: list[threading.Thread] = []
    stack = threading.stack_size(1 << 16)  # which nothing needs, and addresses may be few
    try:
        for _ in range(most):
            thread = threading.Thread(target=end.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:  # there are no more
        pass
    finally:
        threading.stack_size(stack)
        end.set()
    for thread in started:
        thread.join()
    late = time.monotonic() + 1.0
    while _running() > before and time.monotonic() < late:  # the system counts a thread a little longer
        time.sleep(0.001)
    return len(started)


def _running() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # not Linux
        return 0
