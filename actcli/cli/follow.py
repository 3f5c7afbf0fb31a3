"""Show a run while it is still being written, until Ctrl-C."""

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

EVERY = 0.5  # seconds between two reads


def followed(path: str) -> Trend:
    """The run as it is when Ctrl-C ends this; on a terminal, standard error shows each state until then.

    Raises DataError if the file has no state by then.
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
        raise DataError(f"{path}: no state has been written yet", "actcli.watch(...).save(path) writes them")
    return last


def _stamp(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        now = os.stat(path)
        return now.st_mtime_ns, now.st_size
    return None


@contextmanager
def _interrupting() -> Iterator[None]:
    """Within this context Ctrl-C raises KeyboardInterrupt instead of ending the process."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
