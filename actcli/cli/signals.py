"""Signals that end a run: its temporary files are removed, and its status is the one of shells for the signal."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from actcli.errors import Ended


class Interrupt(Ended, KeyboardInterrupt):
    """Ctrl-C: work that is worth keeping ends with it, and what nobody catches is no traceback."""


_SOON = 0.02  # seconds after which a signal that nothing could be raised for is tried again
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
    _again_in(0.0)
    for number in _taken:
        signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise (Interrupt if number == signal.SIGINT else Ended)(128 + number)


def _again(number: int, frame: FrameType | None) -> None:
    _end(_received[-1], frame)


def _again_in(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _unraisable(unraisable: Any) -> None:
    """A signal that came where nothing can be raised, as in what a library calls when an object is freed, ends the run
    a little later."""
    if not _received:
        sys.__unraisablehook__(unraisable)
    elif isinstance(unraisable.exc_value, Ended) and hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _again)
        _again_in(_SOON)
