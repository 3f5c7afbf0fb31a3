"""A run that grows while it is followed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.run import DATA, ROOT, Cli, surroundings

from actcli.cli.follow import EVERY


def test_ctrl_c_prints_the_last_state(tmp_path: Path) -> None:
    """An unfinished line is left out; standard output has only the result; status 0."""
    lines = (DATA / "run.jsonl").read_text().splitlines(keepends=True)
    path = tmp_path / "run.jsonl"
    path.write_text(lines[0])
    process = subprocess.Popen(
        [sys.executable, "-m", "actcli", "trend", str(path), "--follow", "-f", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings({"PYTHONPATH": str(ROOT)}),
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == f"actcli: {path} is read as it grows; Ctrl-C ends it\n".encode()
    path.write_text("".join(lines[:3]) + lines[3][:200])
    time.sleep(4 * EVERY)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, b"")
    assert {point["step"] for point in json.loads(stdout)["points"]} == {0.0, 100.0, 200.0}


def test_only_a_run_is_followed(cli: Cli) -> None:
    """One run, without a function."""
    run = str(DATA / "run.jsonl")
    assert "--follow reads one run" in cli.fails(2, "trend", run, run, "--follow")
