"""The data that ships with the project, and a way to run the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"


class Cli:
    """Runs `actcli` as a person would: a process of its own, with bytes in and bytes out."""

    def __call__(
        self, *args: str, stdin: bytes | None = None, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        return subprocess.run(
            [sys.executable, "-m", "actcli", *args],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
            env={**own, "PYTHONPATH": str(ROOT), **environment},
            timeout=120,
            check=False,
        )

    def ok(self, *args: str, stdin: bytes | None = None, **rest: str) -> str:
        """Standard output of a run that must succeed and say nothing on standard error."""
        done = self(*args, stdin=stdin, **rest)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
        return done.stdout.decode()

    def fails(self, status: int, *args: str, stdin: bytes | None = None) -> str:
        """Standard error of a run that must fail with this status, in at most two lines, and print no result."""
        done = self(*args, stdin=stdin)
        assert done.returncode == status, (done.returncode, done.stderr.decode())
        assert done.stdout == b""
        message = done.stderr.decode()
        assert message.startswith("actcli: ")
        assert message.count("\n") <= 2
        assert "Traceback" not in message
        return message


def lines(text: str) -> Sequence[str]:
    return text.splitlines()
