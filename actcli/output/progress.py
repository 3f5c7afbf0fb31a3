"""How far the reading of a table is, on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
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
    bar = None
    try:
        for part in parts:
            if bar is None and time.monotonic() - start > 1.0:
                from actcli.reports.console import progress_bar

                bar = progress_bar(table.name, table.size)
                bar.start()
            if bar is not None:
                bar.update(bar.task_ids[0], completed=part.end)
            yield part
    finally:
        if bar is not None:
            bar.stop()
