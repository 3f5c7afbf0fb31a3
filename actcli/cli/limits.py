"""What the system allows of threads, open files and addresses. Where there is little of them polars makes do with less;
where there is too little it is not started at all: it would end the process, or wait for ever."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from actcli.errors import DataError

# What polars and this program need at least to read a table and write a result.
THREADS = 16
FILES = 8
ADDRESSES = 400  # MB
AMPLE = 4e9  # bytes of addresses, with which none need be spared
MOST_PROBED = 64  # threads: what is beyond is for larger machines, and taken as there


def watch() -> None:
    """Look at the limits when polars is imported, wherever that is."""
    sys.meta_path.insert(0, _Watch())


class _Watch:
    """A finder of modules, which finds none."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname == "polars":
            make_room()
            sys.meta_path.remove(self)


def make_room() -> None:
    """Raises DataError where there is too little."""
    from actcli.numerics.threads import available

    addresses = _addresses()
    if addresses < AMPLE:
        _spare()  # before threads are started, each of which would reserve more
    wanted = min(MOST_PROBED, 2 * THREADS + 4 * int(os.environ.get("POLARS_MAX_THREADS") or os.cpu_count() or 1))
    threads, files = available(wanted), _files()
    if threads < wanted:
        _spare()
    for found, needed, what, way_out in (
        (min(addresses / 1e6, 10**6), ADDRESSES, "MB of addresses", "ulimit -v"),
        (threads, THREADS, "threads", "ulimit -u, or the limit of processes of the container"),
        (files, FILES, "open files", "ulimit -n"),
    ):
        if found < needed:
            problem = f"tables take {needed} {what}, and the system allows {found:.0f} more"
            raise DataError(problem, f"allow more: {way_out}")


def _spare() -> None:
    """Have polars start few threads, and the C library reserve no 64 MB of addresses for each."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    os.environ["_RJEM_MALLOC_CONF"] = "background_thread:false"
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # a system that has no such function
        library: Any = ctypes.CDLL(None)
        library.mallopt(-8, 1)  # M_ARENA_MAX


def _files() -> int:
    """How many files may be opened now, up to those that are needed."""
    opened = []
    try:
        for _ in range(FILES):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    finally:
        for number in opened:
            os.close(number)
    return len(opened)


def _addresses() -> float:
    """The bytes of addresses that are left to this process."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return float("inf")
        with open("/proc/self/statm", encoding="ascii") as file:
            return limit - int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):  # a system that has no such limit
        return float("inf")
