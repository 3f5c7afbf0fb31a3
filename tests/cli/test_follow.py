"""A run that grows while it is followed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.run import DATA, ROOT, Cli, surroundings


@pytest.mark.parametrize("early", [True, False], ids=["empty", "whole"])
def test_ctrl_c_prints_the_last_state(tmp_path: Path, early: bool) -> None:
    """A line that is not whole yet is left out; nothing but the result is on standard output; status 0."""
    lines = (DATA / "run.jsonl").read_text().splitlines(keepends=True)
    path = tmp_path / "run.jsonl"
    path.write_text("" if early else lines[0])
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "actcli", "trend", str(path), "--follow", "-f", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings({"PYTHONPATH": str(ROOT)}),
    )  # fmt: skip
    if early:
        _when_looking(process.pid)
    path.write_text("".join(lines[:3]) + lines[3][:200])
    _when_read(process.pid, path)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, b"")
    steps = {point["step"] for point in json.loads(stdout)["points"]}
    assert steps == {0.0, 100.0, 200.0}


def _when_looking(pid: int) -> None:
    """Waits until the process sleeps between two looks: it takes SIGINT by Python's own handler then."""
    _until(lambda: int(_status(pid)["SigCgt"], 16) >> 1 & 1 == 1)


def _when_read(pid: int, path: Path) -> None:
    os.utime(path, ns=(1, 1))  # an access time before any reading
    _when_looking(pid)
    time.sleep(1.2)


def _status(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def _until(condition: object) -> None:
    end = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_only_a_run_is_followed(cli: Cli) -> None:
    """One, and no function."""
    run = str(DATA / "run.jsonl")
    assert "--follow reads one run" in cli.fails(2, "trend", run, run, "--follow")
