"""Signals that end a run: its temporary files are removed, and its status is the one of shells for the signal."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any


class Interrupt(SystemExit, KeyboardInterrupt):
    """Ctrl-C: work that is worth keeping ends with it, and what nobody catches is no traceback."""


_received: list[int] = []
_taken: list[int] = []


def listen() -> None:
    """End by Ctrl-C, by SIGTERM and, where there is one, by SIGHUP, but for those that the caller has ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
            _taken.append(number)
    sys.unraisablehook = _unraisable


def status() -> int | None:
    """The status of a run that was to end: a library may have made another error of the signal, or none."""
    return 128 + _received[0] if _received else None


def rest() -> None:
    """From here on a signal ends the process at once: its work is done."""
    for number in _taken:
        signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise (Interrupt if number == signal.SIGINT else SystemExit)(128 + number)


def _unraisable(unraisable: Any) -> None:
    """Of a signal that came where nothing can be raised there is nothing to say."""
    if not _received:
        sys.__unraisablehook__(unraisable)
