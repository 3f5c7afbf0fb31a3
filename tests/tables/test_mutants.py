"""Damaged files of every format: read as another reader reads the whole file, or one error."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import mutants, sweep
from support.run import ROOT, surroundings

SCRIPT = ROOT / "tests" / "support" / "mutants.py"
FALLS = ("parquet", "arrow")  # polars ends the process where a damaged file declares more than the memory holds
COUNT = 40, 1500  # mutants of a format


def fates(format: str, count: int) -> Counter[str]:
    """Return the outcome for each mutant, read by processes that may crash."""
    found: Counter[str] = Counter()
    first = 0
    while first < count:
        done = subprocess.run(
            [sys.executable, SCRIPT, format, str(first), str(count)],
            env=surroundings({"PYTHONPATH": str(ROOT)}), capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = [line.split(" ", 1)[1] for line in done.stdout.splitlines()]
        found.update(lines)
        first += len(lines)
        if first < count:
            assert "memory allocation of" in done.stderr, done.stderr[-2000:]
            found["fell"] += 1
            first += 1
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("format", mutants.WHOLE)
def test_no_damaged_file_is_misread(tmp_path: Path, format: str) -> None:
    count = sweep.number(*COUNT)
    if format in FALLS:
        found = fates(format, count)
    else:
        found = Counter(mutants.fate(format, seed, tmp_path) for seed in range(count))
    assert found.keys() <= {"equal", "refused", "fell"}, found
    assert found["equal"]
    assert found["refused"]
    assert found["fell"] <= count // 20, found
