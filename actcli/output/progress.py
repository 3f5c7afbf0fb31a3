"""How far the reading of a table is, on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def watched(parts: Iterator[T], position: Callable[[], int], size: int | None, name: str) -> Iterator[T]:
    """The parts as they come. A terminal on standard error shows how far the reading is, once a second has gone by.

    Not a dumb one, on which the bar could not go away: it would leave an empty line.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield from parts
        return
    start = time.monotonic()
    bar = None
    try:
        for part in parts:
            if bar is None and time.monotonic() - start > 1.0:
                from actcli.reports.console import progress_bar

                bar = progress_bar(name, size)
                bar.start()
            if bar is not None:
                bar.update(bar.task_ids[0], completed=position())
            yield part
    finally:
        if bar is not None:
            bar.stop()
