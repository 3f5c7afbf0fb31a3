"""A run that is still written, shown as it grows until Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from actcli.cli.messages import note
from actcli.diagnosis.states import recorded, trend
from actcli.diagnosis.trends import Trend
from actcli.errors import DataError

EVERY = 0.5  # seconds between two looks


def followed(path: str) -> Trend:
    """The last state of a run when Ctrl-C ends it; on a terminal standard error shows each state before.

    Raises DataError where there is no run in the file by then.
    """
    from actcli.reports.console import LivePage
    from actcli.reports.trends import live_lines

    last: Trend | None = None
    stamp = None
    with _interrupting(), suppress(KeyboardInterrupt), LivePage() as page:
        note(f"{path} is read as it grows; Ctrl-C ends it")
        while True:
            now = _stamp(path)
            if now is not None and now != stamp and recorded(path):
                stamp, last = now, trend([path])
                page.show(live_lines(last))
            time.sleep(EVERY)
    if last is None:
        raise DataError(f"{path}: there is no state in it yet", "actcli.watch(...).save(path) writes one")
    return last


def _stamp(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        now = os.stat(path)
        return now.st_mtime_ns, now.st_size
    return None


@contextmanager
def _interrupting() -> Iterator[None]:
    """Within, Ctrl-C is an exception of this process and not the end of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
