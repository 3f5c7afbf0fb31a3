"""A Dask cluster beside threads: throughput, cost per part and per unit, bytes that travel, time of the tree merge.

    pip install -e '.[dask]'
    python tests/benchmarks/cluster.py [--folder FOLDER] [--size MB] [--parts COUNT] [--runs COUNT]

The data is made in FOLDER and kept for the next run. Clusters are processes on this machine, with one thread each; the
time of a start is excluded, and printed separately.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from actcli.diagnosis.diagnose import criteria
from actcli.measuring import spread
from actcli.measuring.choice import Choice
from actcli.measuring.cluster import Cluster, Merged, connected
from actcli.measuring.files import file_layers
from actcli.measuring.layer import measure
from actcli.measuring.probe import Thresholds
from actcli.registry import specs
from actcli.tables.options import ReadOptions

PROBE = criteria(Thresholds(), "default", None).probe(specs.get("relu"))
NEURONS, PARTIALS = 4096, 1000


def part(path: Path, rows: int, columns: int) -> None:
    """A part of numbers, as CSV or NPY."""
    path.parent.mkdir(parents=True, exist_ok=True)
    x = np.random.default_rng(int(path.stem.rpartition("-")[2])).standard_normal((rows, columns))
    if path.suffix == ".npy":
        np.save(path, x)
    else:
        np.savetxt(path, x, "%.7g", ",", header=",".join(f"h{i}" for i in range(columns)), comments="")


def folder_of(folder: Path, end: str, parts: int, rows: int, columns: int) -> Path:
    for number in range(parts):
        if not (path := folder / f"part-{number}.{end}").exists():
            part(path, rows, columns)
    return folder


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def measured(folder: Path, cluster: Cluster | None) -> None:
    layers = file_layers([str(folder)], specs.get("relu"), Choice(), ReadOptions(), cluster=cluster)
    measure(layers, [[PROBE]])


def timed(work: Callable[[], Any], runs: int) -> float:
    """The median of the wall times."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return median(found)


@contextmanager
def started(workers: int) -> Iterator[tuple[Cluster, float]]:
    """A cluster of this many processes with the libraries loaded, and the seconds of its start."""
    with connected(f"local:{workers}") as cluster:
        start = time.perf_counter()
        jobs = [[_small(2)] for _ in range(4 * workers)]
        for _ in cluster.reduced(_made, spread._merge, jobs):
            pass
        yield cluster, time.perf_counter() - start


def _small(neurons: int) -> tuple[int, int]:
    return neurons, 100


@cache
def _made(unit: tuple[int, int]) -> spread.Found:
    """A partial; each worker makes it only once."""
    neurons, rows = unit
    x = np.random.default_rng(0).standard_normal((rows, neurons))
    return spread.Found((PROBE.measure(x),))


def throughput(folder: Path, runs: int) -> None:
    """Print the MB/s of a layer in parts, on threads and on clusters."""
    total = size(folder)
    alone = timed(partial(measured, folder, None), runs)
    print(f"{folder.name:8}{'threads':>10}{alone:9.2f}{total / alone:9.0f}{'':9}{'':9}{cpu():9.1f}")
    for workers in (1, 2, 4):
        with started(workers) as (cluster, start):
            took = timed(partial(measured, folder, cluster), runs)
        print(f"{folder.name:8}{workers:>10}{took:9.2f}{total / took:9.0f}{alone / took:9.2f}{start:9.1f}{cpu():9.1f}")


_before = 0.0


def cpu() -> float:
    """CPU seconds of this process and of children that have ended, since the last call."""
    global _before
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(use.ru_utime + use.ru_stime for use in uses)
    spent, _before = total - _before, total
    return spent


def small_parts(folder: Path, count: int) -> None:
    with started(2) as (cluster, _):
        for name, where in (("threads", None), ("2", cluster)):
            took = timed(partial(measured, folder, where), 1)
            print(
                f"{count:,} parts of {1e3 * size(folder) / count:.1f} kB, {name:>7}: {1e3 * took / count:.2f} ms each"
            )
        units = [(2, 1)] * 2000
        took = timed(lambda: [None for _ in cluster.reduced(_made, spread._merge, [units])], 1)
        print(f"a unit that does nothing: {1e3 * took / len(units):.2f} ms")


def bytes_travelling(folder: Path) -> None:
    layers = file_layers([str(folder)], specs.get("relu"), Choice(), ReadOptions(), cluster=object())  # type: ignore[arg-type]
    away: Any = layers[0].blocks.run  # type: ignore[union-attr]
    unit = away._units(away._tables[0], [PROBE])[0]
    print(f"a unit of {len(unit.pieces)} pieces: {len(pickle.dumps(unit)) / 1e3:.1f} kB to a worker")
    for neurons in (16, 256, NEURONS):
        found = len(pickle.dumps(_made((neurons, 100))))
        print(f"a partial of {neurons:5} neurons: {found / 1e3:7.1f} kB, {found / neurons:.0f} bytes a neuron")


def tree(runs: int) -> None:
    found = _made((NEURONS, 100))
    one = timed(lambda: spread._merge([found] * 16), 5) / 15
    print(f"merge of two partials of {NEURONS} neurons: {1e3 * one:.2f} ms; {PARTIALS} one after the other: ", end="")
    print(f"{one * PARTIALS:.2f} s")
    for workers in (1, 2, 4):
        with started(workers) as (cluster, _):
            took = timed(partial(_reduce, cluster), runs)
        print(f"tree of {PARTIALS} on {workers} workers: {took:.2f} s")


def _reduce(cluster: Cluster) -> None:
    for event in cluster.reduced(_made, spread._merge, [[_small(NEURONS)] * PARTIALS]):
        if isinstance(event, Merged):
            assert event.result.partials[0].samples == 100 * PARTIALS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "actcli-cluster")
    parser.add_argument("--size", type=int, default=600, help="MB of CSV")
    parser.add_argument("--parts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    parts = max(2, asked.size // 30)
    csv = folder_of(asked.folder / "csv", "csv", parts, 190_000, 16)
    npy = folder_of(asked.folder / "npy", "npy", parts, 235_000, 16)
    small = folder_of(asked.folder / "small", "csv", asked.parts, 10, 16)
    print(f"{'':8}{'workers':>10}{'wall s':>9}{'MB/s':>9}{'speedup':>9}{'start s':>9}{'CPU s':>9}")
    cpu()
    throughput(csv, asked.runs)
    throughput(npy, asked.runs)
    small_parts(small, asked.parts)
    bytes_travelling(csv)
    tree(asked.runs)


if __name__ == "__main__":
    import cluster as this  # workers find its functions by name; those of __main__ would travel as code

    this.main()
