"""Wall time and peak memory of whole commands beside their peers', in one run, as ratios of medians.

    pip install -e '.[benchmark]'
    python tests/benchmarks/throughput.py [--folder FOLDER] [--size MB] [--runs COUNT] [CASE ...]

It makes its data in FOLDER (3 GB at the default of 600 MB a file; 6 GB more for the case `memory`) and leaves it there
for the next run. The peer of `saturation` is a lazy polars script on the streaming engine that computes the same
figures of each column, that of `eval` is polars' own `scan_csv ... sink_csv` with the same formula. Sides take turns.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

PYTHON = sys.executable
ACTCLI = str(Path(PYTHON).with_name("actcli"))

FIGURES = """
import sys, polars as pl
path, spec = sys.argv[1:]
x = pl.all()
slope = (x > 0).cast(pl.Float64) if spec == "relu" else x.tanh() ** 2 * -1 + 1
low = x <= 0 if spec == "relu" else x <= -2.0922957200349393
high = pl.all().is_infinite() if spec == "relu" else x >= 2.0922957200349393
figures = {"vanishing": (slope < 1e-3).mean(), "low": low.mean(), "high": high.mean(), "slope": slope.mean(),
           "min": x.min(), "max": x.max(), "mean": x.mean(), "std": x.std(ddof=0)}
frame = pl.scan_csv(path).select(f.name.suffix("_" + name) for name, f in figures.items()).collect(engine="streaming")
print(frame.width)
"""
SILU = """
import sys, polars as pl
x = pl.all()
pl.scan_csv(sys.argv[1]).select(x / (1 + (-x).exp())).sink_csv(sys.argv[2])
"""
NUMPY_SUM = """
import sys, numpy as np
from concurrent.futures import ThreadPoolExecutor
import os
x = np.load(sys.argv[1], mmap_mode="r")
with ThreadPoolExecutor(os.cpu_count()) as pool:
    print(sum(pool.map(np.sum, np.array_split(x, os.cpu_count()))))
"""


@dataclass(frozen=True)
class Case:
    """Two command lines for the shell, and the largest ratio of their times that is asked for."""

    name: str
    ours: str
    theirs: str
    at_most: float
    memory: float | None = None  # MB that ours may take, or the share of theirs where below 1


def python(code: str, *args: object) -> str:
    return shlex.join([PYTHON, "-c", code, *map(str, args)])


def make(folder: Path, size: int) -> dict[str, Path]:
    """The data: CSV of normal numbers with 9 digits, narrow and wide, and the narrow one in other formats."""
    rng = np.random.default_rng(0)
    paths = {}
    for name, columns, of_size in (("narrow", 16, size), ("wide", 2048, size), ("small", 16, size // 10)):
        path = paths[name] = folder / f"{name}{of_size}.csv"
        if not path.exists():
            with open(path, "wb") as file:
                file.write((",".join(f"h{i}" for i in range(columns)) + "\n").encode())
                while file.tell() < of_size * 1e6:
                    block = pl.DataFrame(rng.normal(0, 3, (max(1, 400_000 // columns), columns)))
                    block.write_csv(file, include_header=False)
    paths["ten"] = folder / "ten.csv"
    with open(paths["narrow"]) as source:
        paths["ten"].write_text("".join(next(source) for _ in range(11)))
    for suffix in (".csv.gz", ".csv.zst", ".parquet", ".arrow", ".npy", ".npz"):
        path = paths[suffix] = folder / f"narrow{size}{suffix}"
        if not path.exists():
            convert(paths["narrow"], path)
    return paths


def convert(source: Path, path: Path) -> None:
    if path.name.endswith(".gz"):
        subprocess.run(f"gzip -1 -c {source} > {path}", shell=True, check=True)
    elif path.name.endswith(".zst"):
        subprocess.run(f"zstd -q -1 -o {path} {source}", shell=True, check=True)
    elif path.suffix == ".parquet":
        pl.scan_csv(source).sink_parquet(path)
    elif path.suffix == ".arrow":
        pl.scan_csv(source).sink_ipc(path)
    else:
        numbers = pl.read_csv(source).to_numpy()
        np.save(path, numbers) if path.suffix == ".npy" else np.savez(path, layer=numbers)


def cases(paths: dict[str, Path], out: Path) -> Iterator[Case]:
    narrow, wide = paths["narrow"], paths["wide"]
    for spec in ("relu", "tanh"):
        yield Case(f"{spec} narrow", f"{ACTCLI} saturation {spec} {narrow}", python(FIGURES, narrow, spec), 1.0, 250)
        yield Case(f"{spec} wide", f"{ACTCLI} saturation {spec} {wide}", python(FIGURES, wide, spec), 0.6, 400)
    ours = f"{ACTCLI} eval silu {narrow} -o {out}/a.csv"
    yield Case("eval silu", ours, python(SILU, narrow, f"{out}/b.csv"), 1.0, 0.5)
    from_file = f"{ACTCLI} saturation relu {narrow}"
    yield Case("from a pipe", f"cat {narrow} | {ACTCLI} saturation relu", from_file, 1.2)
    for suffix in (".csv.gz", ".csv.zst", ".parquet", ".arrow", ".npz"):
        yield Case(f"narrow{suffix}", f"{ACTCLI} saturation relu {paths[suffix]}", from_file, float("inf"))
    npy = paths[".npy"]
    yield Case("narrow.npy", f"{ACTCLI} saturation relu {npy}", python(NUMPY_SUM, npy), 3.0)
    yield Case("4 threads", f"{from_file} --threads 4", f"{from_file} --threads 1", 1 / 3)
    yield Case("--help", f"{ACTCLI} --help", python("import click"), 1.25)
    yield Case("eval relu 1", f"{ACTCLI} eval relu 1", python("import click, numpy"), 1.25)
    ten = f"{ACTCLI} saturation relu {paths['ten']}"
    yield Case("ten lines", ten, python("import click, numpy, polars"), 1.25)


def run(command: str, out: Path) -> tuple[float, float]:
    """Seconds, and the peak memory in MB of the largest process. Outputs of an earlier run are taken away before: to
    free a file of 600 MB takes a second of its own."""
    for path in out.iterdir():
        path.unlink()
    os.sync()
    start = time.perf_counter()
    child = subprocess.Popen(command, shell=True, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command}: exit status {child.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def compare(case: Case, runs: int, out: Path) -> None:
    turns = [(run(case.ours, out), run(case.theirs, out)) for _ in range(runs + 1)][1:]
    ours, theirs = zip(*turns, strict=True)
    (a, a_peak), (b, b_peak) = ([median(values) for values in zip(*side, strict=True)] for side in (ours, theirs))
    print(f"{case.name:14}{a:9.3f}{b:9.3f}{a / b:8.2f}{case.at_most:8.2f}{a_peak:9.0f}{b_peak:9.0f}", flush=True)


def memory(paths: dict[str, Path], folder: Path, out: Path) -> None:
    """The peak on 60 MB, 600 MB and 6 GB."""
    huge = folder / "huge.csv"
    if not huge.exists():
        rows = f"for i in 1 2 3 4 5 6 7 8 9 10; do tail -n +2 {paths['narrow']}; done"
        subprocess.run(f"(head -n 1 {paths['narrow']}; {rows}) > {huge}", shell=True, check=True)
    for path in (paths["small"], paths["narrow"], huge):
        seconds, peak = run(f"{ACTCLI} saturation relu {path}", out)
        print(f"memory on {path.stat().st_size / 1e6:6.0f} MB: {peak:5.0f} MB, {seconds:.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "actcli-throughput")
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("names", nargs="*", metavar="CASE")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    paths = make(options.folder, options.size)
    print(f"{os.cpu_count()} cores, polars {pl.__version__}, numpy {np.__version__}, medians of {options.runs}")
    print(f"{'case':14}{'ours s':>9}{'peer s':>9}{'ratio':>8}{'asked':>8}{'ours MB':>9}{'peer MB':>9}")
    with tempfile.TemporaryDirectory(dir=options.folder) as out:
        for case in cases(paths, Path(out)):
            if not options.names or any(name in case.name for name in options.names):
                compare(case, options.runs, Path(out))
        if not options.names or "memory" in options.names:
            memory(paths, options.folder, Path(out))


if __name__ == "__main__":
    main()
