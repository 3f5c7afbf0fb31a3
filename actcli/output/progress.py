"""Show the progress of reading a table, or of training, on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.tables.pipeline import Part
    from actcli.tables.table import Table
    from actcli.training.experiment import Watch

T = TypeVar("T")


def watched(parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]:
    """Yield the parts as they come. After a second, show a progress bar if standard error is a terminal.

    A dumb terminal gets no bar, because it could not be erased and would leave an empty line.
    """
    if not _is_terminal():
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


@contextmanager
def training_watch(functions: Sequence[Function], seeds: int, epochs: int) -> Iterator[Watch | None]:
    """Provide the callback that shows the progress of each function on a terminal; None elsewhere."""
    if not _is_terminal():
        yield None
        return
    from actcli.reports.console import TrainingTable

    with TrainingTable([function.label for function in functions], seeds, epochs) as table:
        yield lambda function, seed, epoch: table.update(function.label, seed, epoch.epoch, epoch.scores.quality)


def _is_terminal() -> bool:
    """Return whether standard error is a terminal that can erase a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
