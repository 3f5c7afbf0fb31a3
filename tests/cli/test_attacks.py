"""Runs that end at any moment, and several that write one file: a whole result, the old one, or none."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import sweep
from support.run import DATA, LAYER, ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

XOR, MODEL, DIGITS = (str(DATA / name) for name in ("xor.csv", "digits.onnx", "digits.csv"))
COMMANDS = [
    ["eval", "relu", "--range", "0:2000", "-o", "o.json"],
    ["saturation", "relu", LAYER, "-o", "o.png", "-o", "o.json", "--report", "o.md"],
    ["grad", "gelu", LAYER, "-o", "o.parquet", "-o", "o.csv"],
    ["plot", "relu", "-o", "o.png"],
    ["compare", "relu", "gelu", "-i", LAYER, "-o", "o.json"],
    ["fit", "elu", "--to", "gelu", "-o", "o.json"],
    ["train", "relu", "-i", XOR, "--target", "xor", "--split", "0", "--epochs", "9", "-o", "o.json", "--save", "o.npz"],
    ["saturation", "--model", MODEL, DIGITS, "-c", "!digit", "-o", "o.json"],
    ["layers", MODEL, "-o", "o.json"],
    ["list", "-o", "o.json"],
    ["show", "relu", "-o", "o.json"],
]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def start(folder: Path, words: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "actcli", *words]
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.sweep
@pytest.mark.parametrize("words", sweep.part(COMMANDS, 9), ids=lambda words: " ".join(words[:2]))
def test_a_signal_at_any_moment(tmp_path: Path, words: list[str]) -> None:
    """The exit status is the signal's, nothing is printed, and no file is half written."""
    chance = random.Random(str(words))
    begun = time.monotonic()
    run = start(tmp_path, words)
    run.communicate(timeout=60)
    assert run.returncode == 0
    takes = time.monotonic() - begun
    whole = {path.name for path in tmp_path.iterdir()}
    for number in SIGNALS * sweep.number(1, 6):
        for path in tmp_path.iterdir():
            path.write_text("old")
        run = start(tmp_path, words)
        time.sleep(chance.random() * takes)
        run.send_signal(number)
        said = run.communicate(timeout=60)[1].decode()
        left = {path.name for path in tmp_path.iterdir()}
        if number != signal.SIGKILL:  # it leaves temporary files, and old files unchanged
            assert left == whole
            if number == signal.SIGINT and run.returncode in (1, 2) and "actcli" not in said.replace(str(ROOT), ""):
                continue  # Python's own start-up was interrupted, before the first line of actcli
            assert run.returncode in (0, -number, 128 + number)
            assert "Traceback" not in said
        if (tmp_path / "o.json").exists() and (text := (tmp_path / "o.json").read_text()) != "old":
            json.loads(text)
        for name in left - whole:
            (tmp_path / name).unlink()


@pytest.mark.sweep
def test_several_runs_write_one_file(tmp_path: Path) -> None:
    """The file is that of one of the runs, whole."""
    functions = ["relu", "gelu", "tanh", "elu", "selu", "mish", "silu", "sigmoid"][: sweep.number(2, 8)]
    runs = [start(tmp_path, ["eval", name, "--range", "-500:500", "-o", "o.csv"]) for name in functions]
    assert [run.wait(timeout=60) for run in runs] == [0] * len(functions)
    for run in runs:
        assert run.stderr is not None
        assert run.stderr.read() == b""
        run.stderr.close()
    assert os.listdir(tmp_path) == ["o.csv"]
    assert (tmp_path / "o.csv").read_text().count("\n") == 1002
