"""Wall time, CPU time and peak memory of whole commands compared with their peers, in one run, as ratios of medians.

    pip install -e '.[benchmark]'
    python tests/benchmarks/throughput.py [--folder FOLDER] [--size MB] [--runs COUNT] [CASE ...]
    python tests/benchmarks/throughput.py --before OTHER/bin/actcli    compare with another version in the same run

The data is made in FOLDER (3 GB at the default of 600 MB per file; 6 GB more for the case `memory`) and kept for the
next run. The peer of `saturation` is a lazy polars script on the streaming engine that computes the same measures of
each column; the peer of `eval` is polars' own `scan_csv ... sink_csv` with the same formula. The sides alternate, and
their outputs are removed before each run. Where a size grows (columns of a table with the same number of bytes, files,
layers in a report, functions in `compare`), the peer is the same command on the smaller size, and the goal is to be no
worse than linear.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from statistics import median

PYTHON = sys.executable
ACTCLI = str(Path(PYTHON).with_name("actcli"))
SLOW = 20  # seconds after which a command of the version before is run only once

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


READ = "import sys, polars as pl; print(pl.{}(sys.argv[1]).sum().width)"
LAYERS, FUNCTIONS, WIDEST = 1000, 500, 50_000


@dataclass(frozen=True)
class Case:
    """Two shell commands, and the goal: the largest acceptable ratio of their times."""

    name: str
    ours: str
    theirs: str
    at_most: float


@dataclass(frozen=True)
class Cost:
    """The cost of a command: wall seconds, CPU seconds, and the peak memory in MB of its largest process."""

    wall: float
    cpu: float
    peak: float

    @classmethod
    def median(cls, runs: Sequence[Cost]) -> Cost:
        return cls(*(median(getattr(run, name) for run in runs) for name in ("wall", "cpu", "peak")))


def python(code: str, *args: object) -> str:
    return shlex.join([PYTHON, "-c", code, *map(str, args)])


def make(folder: Path, size: int) -> dict[str, Path]:
    """Make the data: normal random numbers as CSV, narrow and wide, and the narrow table in other formats."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    paths = {}
    tables = (("narrow", 16, size), ("wide", 2048, size), ("widest", WIDEST, size), ("small", 16, size // 10))
    for name, columns, of_size in tables:
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
    paths["layers"] = folder / "layers"
    if not paths["layers"].exists():
        paths["layers"].mkdir()
        for i in range(LAYERS):
            layer = pl.DataFrame(rng.normal(rng.normal(-0.3, 0.7), 1.0, (64, 16)))
            layer.write_csv(paths["layers"] / f"layer{i:04}.csv")
    for suffix in (".csv.gz", ".csv.zst", ".parquet", ".arrow", ".npy", ".npz", ".jsonl"):
        path = paths[suffix] = folder / f"narrow{size}{suffix}"
        if not path.exists():
            convert(paths["narrow"], path)
    return paths


def convert(source: Path, path: Path) -> None:
    import numpy as np
    import polars as pl

    if path.name.endswith(".gz"):
        subprocess.run(f"gzip -1 -c {source} > {path}", shell=True, check=True)
    elif path.name.endswith(".zst"):
        subprocess.run(f"zstd -q -1 -o {path} {source}", shell=True, check=True)
    elif path.suffix == ".parquet":
        pl.scan_csv(source).sink_parquet(path)
    elif path.suffix == ".jsonl":
        pl.scan_csv(source).sink_ndjson(path)
    elif path.suffix == ".arrow":
        pl.scan_csv(source).sink_ipc(path)
    else:
        numbers = pl.read_csv(source).to_numpy()
        np.save(path, numbers) if path.suffix == ".npy" else np.savez(path, layer=numbers)


def cases(paths: dict[str, Path], out: Path) -> Iterator[Case]:
    narrow, wide = paths["narrow"], paths["wide"]
    for spec in ("relu", "tanh"):
        yield Case(f"{spec} narrow", f"{ACTCLI} saturation {spec} {narrow}", python(FIGURES, narrow, spec), 1.1)
        yield Case(f"{spec} wide", f"{ACTCLI} saturation {spec} {wide}", python(FIGURES, wide, spec), 0.35)
    ours = f"{ACTCLI} eval silu {narrow} -o {out}/a.csv"
    yield Case("eval silu", ours, python(SILU, narrow, f"{out}/b.csv"), 1.2)
    from_file = f"{ACTCLI} saturation relu {narrow}"
    yield Case("from a pipe", f"cat {narrow} | {ACTCLI} saturation relu", from_file, 1.2)
    for suffix, reader, at_most in ((".csv.gz", "read_csv", 1.2), (".jsonl", "read_ndjson", 1.5)):
        ours = f"{ACTCLI} saturation relu {paths[suffix]}"
        yield Case(f"{suffix} read", ours, python(READ.format(reader), paths[suffix]), at_most)
    for suffix in (".csv.gz", ".csv.zst", ".parquet", ".arrow", ".npz", ".jsonl"):
        yield Case(f"narrow{suffix}", f"{ACTCLI} saturation relu {paths[suffix]}", from_file, float("inf"))
    npy = paths[".npy"]
    yield Case("narrow.npy", f"{ACTCLI} saturation relu {npy}", python(NUMPY_SUM, npy), 3.0)
    yield Case("4 threads", f"{from_file} --threads 4", f"{from_file} --threads 1", 1 / 3)
    yield Case("--help", f"{ACTCLI} --help", python("import click"), 1.25)
    yield Case("eval relu 1", f"{ACTCLI} eval relu 1", python("import click, numpy"), 1.25)
    ten = f"{ACTCLI} saturation relu {paths['ten']}"
    yield Case("ten lines", ten, python("import click, numpy, polars"), 1.25)
    yield from growing(paths, out)


def growing(paths: dict[str, Path], out: Path) -> Iterator[Case]:
    """The same work on larger data; `at_most` is the ratio of the sizes, or a little more."""
    for command in ("saturation relu", f"eval relu -o {out}/a.csv", "eval logsumexp"):
        wide, widest = (f"{ACTCLI} {command} {paths[name]}" for name in ("wide", "widest"))
        yield Case(f"{command.split(' -')[0]} {WIDEST}", widest, wide, 1.5)
    files = f"{ACTCLI} saturation relu {paths['layers']}"
    report = f"--report {out}/a.html"
    for name, more in (("files", ""), ("report", report)):
        few, some, many = f"{files}/layer0000.csv {more}", f"{files}/layer00*.csv {more}", f"{files}/*.csv {more}"
        yield Case(f"{name} 100", some, few, 100)
        yield Case(f"{name} {LAYERS}", many, some, LAYERS / 100)
    specs = [f"leaky_relu:{i / FUNCTIONS}" for i in range(1, FUNCTIONS + 1)]
    few, many = (f"{ACTCLI} compare {' '.join(some)} -i {paths['ten']}" for some in (specs[: FUNCTIONS // 2], specs))
    yield Case(f"compare {FUNCTIONS}", many, few, 2)
    jacobian = f"{ACTCLI} grad softmax --jacobian {paths['layers']}"
    yield Case("jacobian 100", f"{jacobian}/layer00*.csv", f"{jacobian}/layer0000.csv", 100)


def run(command: str, out: Path, *, may_fail: bool = False) -> Cost:
    """Run a command and return its cost, NaN if it may fail and does. Outputs of earlier runs are removed first:
    freeing a file of 600 MB takes a second, and overwriting one in the page cache is unfairly fast."""
    for path in out.iterdir():
        path.unlink()
    os.sync()
    start = time.perf_counter()
    child = subprocess.Popen(command, shell=True, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode and may_fail:
        return Cost(*[float("nan")] * 3)
    if child.returncode:
        raise SystemExit(f"{command}: exit status {child.returncode}")
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compare(case: Case, runs: int, out: Path, before: str | None) -> str:
    """The row of a case. The sides alternate, after one round that is not counted."""
    commands = [case.ours, case.theirs, *([case.ours.replace(ACTCLI, before)] if before else [])]
    costs: list[list[Cost]] = [[] for _ in commands]
    for _ in range(runs + 1):
        for place, (command, of_side) in enumerate(zip(commands, costs, strict=True)):
            if place < 2 or not of_side or of_side[0].wall < SLOW:
                of_side.append(run(command, out, may_fail=place == 2))
    a, b, *c = (Cost.median(side[1:] or side) for side in costs)
    wall, cpu, peak = ([getattr(cost, name) for cost in (*c, a, b)] for name in ("wall", "cpu", "peak"))
    ratios = f"{a.wall / b.wall:8.2f}{case.at_most:8.2f}", f"{a.cpu / b.cpu:8.2f}"
    return (
        f"{case.name:22}{''.join(f'{v:9.3f}' for v in wall)}{ratios[0]}"
        f"{''.join(f'{v:9.2f}' for v in cpu)}{ratios[1]}{''.join(f'{v:9.0f}' for v in peak)}"
    )


def head(before: str | None) -> str:
    old = f"{'before':>9}" * bool(before)
    return (
        f"{'case':22}{old}{'wall s':>9}{'peer':>9}{'ratio':>8}{'asked':>8}"
        f"{old}{'CPU s':>9}{'peer':>9}{'ratio':>8}{old}{'MB':>9}{'peer':>9}"
    )


def memory(paths: dict[str, Path], folder: Path, out: Path) -> None:
    """Print the peak memory on 60 MB, 600 MB and 6 GB."""
    huge = folder / "huge.csv"
    if not huge.exists():
        rows = f"for i in 1 2 3 4 5 6 7 8 9 10; do tail -n +2 {paths['narrow']}; done"
        subprocess.run(f"(head -n 1 {paths['narrow']}; {rows}) > {huge}", shell=True, check=True)
    for path in (paths["small"], paths["narrow"], huge):
        cost = run(f"{ACTCLI} saturation relu {path}", out)
        name = f"memory, {path.stat().st_size / 1e6:.0f} MB"
        print(f"{name:22}{cost.wall:9.3f} s{cost.cpu:9.2f} s of CPU{cost.peak:9.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "actcli-throughput")
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--before", metavar="COMMAND")
    parser.add_argument("names", nargs="*", metavar="CASE")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # a command's peak is at least that of its parent
        paths = pool.submit(make, options.folder, options.size).result()
    versions = ", ".join(f"{name} {version(name)}" for name in ("polars", "numpy"))
    print(f"{os.cpu_count()} cores, {versions}, medians of {options.runs}")
    print(head(options.before))
    with tempfile.TemporaryDirectory(dir=options.folder) as out:
        for case in cases(paths, Path(out)):
            if not options.names or any(name in case.name for name in options.names):
                print(compare(case, options.runs, Path(out), options.before), flush=True)
        if not options.names or "memory" in options.names:
            memory(paths, options.folder, Path(out))


if __name__ == "__main__":
    main()
