"""Threads, as many as the system allows."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor


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
