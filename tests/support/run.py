"""The data that ships with the project, and two ways to run the command line: here, and in a process of its own."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from support import forked

from actcli.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
LAYER = str(DATA / "relu_trained" / "layer2.csv")

# Variables that the code reads while it runs, not when Python or a module starts.
READ_WHILE_RUNNING = {"ACTCLI_FUNCTIONS", "COLUMNS", "LINES", "NO_COLOR", "SOURCE_DATE_EPOCH", "TERM"}
# Variables read at the start that have the same effect in a forked process.
OF_A_START = {
    "ACTCLI_DEBUG", "COMP_LINE", "COMP_POINT", "COMP_WORD", "COMP_WORDBREAKS", "PYTHONIOENCODING", "XDG_CONFIG_HOME",
    "_ACTCLI_COMPLETE",
}  # fmt: skip


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test if this program is missing; fail in CI, which installs them all."""
    missing = shutil.which(program) is None and os.environ.get("CI") != "true"
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


def rows(text: str) -> list[dict[str, str]]:
    """The rows of CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def surroundings(changes: dict[str, str]) -> dict[str, str]:
    """The environment of a run, independent of the width of the terminal that runs the tests."""
    own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**own, **changes}


class Cli:
    """Runs `actcli` in this process, bytes in and bytes out, which saves the 0.2 s of a start."""

    def __call__(
        self, *args: str, stdin: bytes | None = None, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        assert environment.keys() <= READ_WHILE_RUNNING, "this needs a process of its own"
        with _in(cwd, surroundings(environment)), _streams(stdin) as (stdout, stderr):
            status = run(args)
        return subprocess.CompletedProcess([*args], status, stdout.getvalue(), stderr.getvalue())

    def ok(self, *args: str, stdin: bytes | None = None, cwd: Path = ROOT, **environment: str) -> str:
        """Standard output of a run that must succeed and print nothing on standard error."""
        done = self(*args, stdin=stdin, cwd=cwd, **environment)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
        return done.stdout.decode()

    def fails(self, status: int, *args: str, stdin: bytes | None = None, cwd: Path = ROOT) -> str:
        """Standard error, at most two lines, of a run that must fail with this status and print no result."""
        done = self(*args, stdin=stdin, cwd=cwd)
        assert done.returncode == status, (done.returncode, done.stderr.decode())
        assert done.stdout == b""
        message = done.stderr.decode()
        assert message.startswith("actcli: "), message
        assert message.count("\n") <= 2
        assert "Traceback" not in message
        return message


class Process(Cli):
    """Runs `actcli` as a person would: in its own process, with its own streams and environment."""

    def __call__(
        self, *args: str, stdin: bytes | None = None, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        usual = environment.keys() <= READ_WHILE_RUNNING | OF_A_START
        return subprocess.run(
            [*([forked.program()] if usual else [sys.executable, "-m", "actcli"]), *args],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
            env=surroundings({"PYTHONPATH": str(ROOT), **environment}),
            timeout=120,
            check=False,
        )


@contextmanager
def _in(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Work in this folder and environment; both are restored afterwards."""
    before, kept = os.getcwd(), {**os.environ}
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)


@contextmanager
def _streams(content: bytes | None) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """With a pipe that contains `content` (or nothing) as standard input, and both outputs captured."""
    kept = sys.stdin, sys.stdout, sys.stderr
    outputs = io.BytesIO(), io.BytesIO()
    with open(os.devnull, "rb") if content is None else _pipe(content) as source:
        try:
            sys.stdin = io.TextIOWrapper(source, encoding="utf-8")
            sys.stdout, sys.stderr = (io.TextIOWrapper(output, "utf-8", write_through=True) for output in outputs)
            yield outputs
        finally:
            for stream in (sys.stdin, sys.stdout, sys.stderr):
                with suppress(ValueError):  # closed by what was run
                    stream.detach()
            sys.stdin, sys.stdout, sys.stderr = kept


@contextmanager
def _pipe(content: bytes) -> Iterator[IO[bytes]]:
    """The reading end of a pipe that a thread fills."""
    reader, writer = os.pipe()

    def fill() -> None:
        with suppress(BrokenPipeError), open(writer, "wb", buffering=0) as file:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]

    thread = threading.Thread(target=fill)
    thread.start()
    with open(reader, "rb") as source:
        yield source
    thread.join()
