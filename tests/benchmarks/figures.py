"""Wall time of a plot of three functions compared with importing matplotlib, and of figures of a large table.

    python -m compileall -q actcli
    python tests/benchmarks/figures.py [--rows COUNT] [--runs COUNT]

Medians of alternating runs; PYTHONDONTWRITEBYTECODE must not be set. The large table has 16 columns, as .npy.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

IMPORT = [sys.executable, "-c", "import matplotlib.figure, matplotlib.backends.backend_agg"]
ACTCLI = str(Path(sys.executable).with_name("actcli"))


def seconds(command: list[str]) -> tuple[float, float]:
    """Wall time, and the peak memory in MB of this and all earlier commands."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=11)
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        plot = [ACTCLI, "plot", "relu", "gelu", "tanh", "--grad", "-o", f"{folder}/plot.png"]
        seconds(plot)
        times = [(seconds(IMPORT)[0], seconds(plot)[0]) for _ in range(arguments.runs)]
        ratio = median(ours / theirs for theirs, ours in times)
        print(f"import of matplotlib {median(theirs for theirs, _ in times):.3f} s")
        print(f"plot of three        {median(ours for _, ours in times):.3f} s, {ratio:.2f} times (asked: 1.5)")
        table = f"{folder}/table.npy"
        np.save(table, np.random.default_rng(0).normal(size=(arguments.rows, 16)))
        for name, more in (("saturation, JSON", ["-f", "json", "-o", f"{folder}/a.json"]),
                           ("saturation, figure", ["-o", f"{folder}/a.png"])):  # fmt: skip
            runs = [seconds([ACTCLI, "saturation", "gelu", table, *more]) for _ in range(3)]
            print(
                f"{name:<20} {median(time for time, _ in runs):.3f} s, peak {max(memory for _, memory in runs):.0f} MB"
            )


if __name__ == "__main__":
    main()
