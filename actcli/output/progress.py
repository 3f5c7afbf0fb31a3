"""How far the reading of a table is, on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

    from actcli.tables.pipeline import Part
    from actcli.tables.table import Table

T = TypeVar("T")


def watched(parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]:
    """The parts as they come. A terminal on standard error shows how far the reading is, once a second has gone by.

    Not a dumb one, on which the bar could not go away: it would leave an empty line.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield from parts
        return
    start = time.monotonic()
    progress = task = None
    try:
        for part in parts:
            if progress is None and time.monotonic() - start > 1.0:
                progress = _progress()
                task = progress.add_task(table.name, total=table.size)
                progress.start()
            if progress is not None and task is not None:
                progress.update(task, completed=part.end)
            yield part
    finally:
        if progress is not None:
            progress.stop()


def _progress() -> Progress:
    """Name, bar, bytes, rate and time left; it goes away when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True)
