"""The system's limits on threads, open files and address space. If they are tight, polars is told to use less; if they
are too tight for it, it is not started, because it would abort the process or hang."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from actcli.errors import DataError

# The least that polars and this program need to read a table and write a result.
THREADS = 16
FILES = 8
ADDRESSES = 400  # MB
AMPLE = 4e9  # bytes of address space that make sparing unnecessary
MOST_PROBED = 64  # threads: larger machines are assumed to allow the rest


def watch() -> None:
    """Check the limits when polars is imported, wherever that happens."""
    sys.meta_path.insert(0, _Watch())


class _Watch:
    """A module finder that finds nothing, but notices the import of polars."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname == "polars":
            make_room()
            sys.meta_path.remove(self)


def make_room() -> None:
    """Make polars use less if the limits are tight. Raises DataError if they are too tight for it."""
    from actcli.numerics.threads import available

    addresses = _addresses()
    if addresses < AMPLE:
        _spare()  # before starting threads, each of which would reserve more
    wanted = min(MOST_PROBED, 2 * THREADS + 4 * int(os.environ.get("POLARS_MAX_THREADS") or os.cpu_count() or 1))
    threads, files = available(wanted), _files()
    if threads < wanted:
        _spare()
    for found, needed, what, way_out in (
        (min(addresses / 1e6, 10**6), ADDRESSES, "MB of address space", "ulimit -v"),
        (threads, THREADS, "threads", "ulimit -u, or the container's limit on processes"),
        (files, FILES, "open files", "ulimit -n"),
    ):
        if found < needed:
            problem = f"reading tables needs {needed} {what}, but the system allows only {found:.0f} more"
            raise DataError(problem, f"raise the limit: {way_out}")


def _spare() -> None:
    """Make polars start few threads, and stop the C library from reserving 64 MB of address space for each."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    os.environ["_RJEM_MALLOC_CONF"] = "background_thread:false"
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # a system without this function
        library: Any = ctypes.CDLL(None)
        library.mallopt(-8, 1)  # M_ARENA_MAX


def _files() -> int:
    """How many more files may be opened, counted up to the number needed."""
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
    """The bytes of address space left to this process."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return float("inf")
        with open("/proc/self/statm", encoding="ascii") as file:
            return limit - int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):  # a system without this limit
        return float("inf")
