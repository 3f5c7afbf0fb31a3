"""Signals that end a run: temporary files are removed, and the exit status is the shell's for the signal."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from actcli.errors import Ended


class Interrupt(Ended, KeyboardInterrupt):
    """Ctrl-C: callers may catch it to keep finished work; uncaught, it prints no traceback."""


_SOON = 0.02  # seconds after which to retry a signal whose exception could not be raised
_received: list[int] = []
_taken: list[int] = []


def listen() -> None:
    """End the run on Ctrl-C, SIGTERM and, if the system has it, SIGHUP, except those that the caller ignores."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
            _taken.append(number)
    sys.unraisablehook = _unraisable


def status() -> int | None:
    """The exit status if a signal came, even if a library has swallowed its exception or raised another."""
    return 128 + _received[0] if _received else None


def rest() -> None:
    """Let signals end the process at once from here on: its work is done."""
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
    """Retry a signal a little later if it came where no exception can be raised, such as in a finalizer."""
    if not _received:
        sys.__unraisablehook__(unraisable)
    elif isinstance(unraisable.exc_value, Ended) and hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _again)
        _again_in(_SOON)
