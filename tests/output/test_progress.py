"""The progress bar."""

from __future__ import annotations

import io
import sys

import pytest

from actcli.output import progress
from actcli.tables.pipeline import Part
from actcli.tables.table import Table


def test_progress_is_for_terminals_and_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows a bar after a second, a dumb one none; the parts pass unchanged."""
    table = Table("layer1", "layer1.csv", ("x",), (0,), True, 100, lambda: iter(()))
    parts = [Part(letter, 50, None) for letter in "abc"]

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown(stderr: io.StringIO, seconds: float) -> str:
        clock = iter(seconds * i for i in range(100))
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
        assert list(progress.watched(iter(parts), table)) == parts
        return stderr.getvalue()

    monkeypatch.setenv("TERM", "xterm")
    assert shown(Terminal(), 0.1) == ""
    assert shown(io.StringIO(), 2.0) == ""
    assert "layer1" in shown(Terminal(), 2.0)
    monkeypatch.setenv("TERM", "dumb")
    assert shown(Terminal(), 2.0) == ""
