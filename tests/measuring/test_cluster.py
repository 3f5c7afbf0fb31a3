"""A Dask cluster gives the same results as threads, however files are cut and whichever worker dies."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.frameworks import framework, marked
from support.run import Cli

import actcli
from actcli.diagnosis.diagnose import criteria, diagnose
from actcli.errors import DataError
from actcli.measuring import cluster as clusters
from actcli.measuring import spread
from actcli.measuring.choice import Choice
from actcli.measuring.cluster import Cluster, Done, Merged, connected
from actcli.measuring.files import file_layers
from actcli.measuring.layer import measure
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Thresholds
from actcli.measuring.tallies import MOMENTS
from actcli.registry import specs
from actcli.tables.options import ReadOptions

distributed = framework("distributed")
pytestmark = [marked, pytest.mark.filterwarnings("default")]  # its own


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A cluster with two workers, each a process."""
    with clusters._quiet(), clusters._processes(distributed, 2) as found:
        yield found


@pytest.fixture(scope="module")
def cluster(scheduler: Any) -> Iterator[Cluster]:
    with connected(scheduler.scheduler_address) as found:
        yield found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pieces so small that there are many."""
    monkeypatch.setattr(spread, "PIECE", 1 << 13)
    monkeypatch.setattr(spread, "LEAST", 1 << 10)


@pytest.fixture(scope="module")
def acts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of parts per format, all with the same rows, including missing and infinite cells if the format can."""
    folder = tmp_path_factory.mktemp("acts")
    rng = np.random.default_rng(7)
    for part in (1, 2, 10):
        x = rng.standard_normal((700, 3)) * [1e-3, 1.0, 1e6] + [1e9, 0.0, -3e6]
        frame = pl.DataFrame({name: x[:, i] for i, name in enumerate("abc")})
        for kind in ("csv", "jsonl", "parquet", "arrow", "npy"):
            (folder / kind).mkdir(exist_ok=True)
        frame.write_csv(folder / "csv" / f"part-{part}.csv")
        frame.write_ndjson(folder / "jsonl" / f"part-{part}.jsonl")
        frame.write_parquet(folder / "parquet" / f"part-{part}.parquet", row_group_size=200)
        frame.write_ipc(folder / "arrow" / f"part-{part}.arrow", record_batch_size=200)
        np.save(folder / "npy" / f"part-{part}.npy", x)
    text = (folder / "csv" / "part-2.csv").read_text().splitlines()
    text[100] = ",inf,"
    (folder / "csv" / "part-2.csv").write_text("\n".join(text))
    return folder


def partials(folder: Path, function: str, cluster: Cluster | None, **by: Any) -> list[Partial]:
    how = criteria(Thresholds(), by.pop("rule", "default"), by.pop("dtype", None), **by)
    layers = file_layers([str(folder)], specs.get(function), Choice(), ReadOptions(), cluster=cluster)
    probes = [how.probe(specs.get(function)), how.probe(specs.get("softmax"))]
    return [one.partial for one in measure(layers, [probes])[0]]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow", "npy"])
def test_a_cluster_agrees_with_threads(kind: str, acts: Path, cluster: Cluster) -> None:
    """Counts, extremes and histograms to the last bit, moments to 1e-12; equal to the last bit for any cluster."""
    here = partials(acts / kind, "gelu", None, dtype="float16", histogram=True)
    there = partials(acts / kind, "gelu", cluster, dtype="float16", histogram=True)
    for one, other in zip(here, there, strict=True):
        assert one.samples == other.samples == 2100
        for a, b in zip(one.states, other.states, strict=True):
            assert type(a) is type(b)
            if isinstance(a, np.ndarray | int | None):
                np.testing.assert_array_equal(a, b)
            elif hasattr(a, "held"):
                np.testing.assert_array_equal(dataclasses.astuple(a), dataclasses.astuple(b))
        np.testing.assert_allclose(other[MOMENTS].mean(), one[MOMENTS].mean(), rtol=1e-12)
        np.testing.assert_allclose(other[MOMENTS].std(), one[MOMENTS].std(), rtol=1e-12)


def test_results_do_not_depend_on_the_workers(acts: Path, cluster: Cluster) -> None:
    """To the last bit: only sizes decide which results are merged."""
    again = partials(acts / "csv", "gelu", cluster)
    with connected("local:1") as single:
        alone = partials(acts / "csv", "gelu", single)
    for one, other in zip(again, alone, strict=True):
        np.testing.assert_array_equal(one[MOMENTS].deviation, other[MOMENTS].deviation)


def test_functions_travel_as_text(acts: Path, scheduler: Any, tmp_path: Path, cli: Cli) -> None:
    """An expression, a definition in a file, another system's rule; `compare` too; reports are the same to the byte."""
    (tmp_path / "own.toml").write_text('[bent]\nformula = "x * sigmoid(b * x)"\nparameters = { b = 1.5 }\n')
    where = ["--dask", scheduler.scheduler_address]
    folder = str(acts / "parquet")
    for words in (
        ["saturation", "max(0, x) + a*min(0, x):a=0.1", folder, "-f", "json"],
        ["saturation", "bent:b=2", folder, "-f", "json", "--functions", str(tmp_path / "own.toml")],
        ["saturation", "relu", folder, "-f", "json", "--rule", "sagemaker"],
        ["saturation", "relu", folder, str(acts / "npy"), "-f", "json", "--function", "npy=tanh"],
        ["compare", "relu", "silu", "-i", folder, "-f", "csv", "--digits", "9"],
    ):
        done, apart = cli(*words), cli(*words, *where)
        assert (done.returncode, apart.returncode, apart.stderr) == (0, 0, done.stderr)
        assert rounded(apart.stdout) == rounded(done.stdout)


def rounded(output: bytes) -> list[Any]:
    """The words and numbers of an output, numbers to 11 digits."""
    import re

    words = re.findall(r"[-+]?\d+\.\d+(?:e[-+]?\d+)?|[^\s,]+", output.decode())
    return [float(f"{float(word):.11g}") if re.fullmatch(r"[-+]?\d+\.\d.*", word) else word for word in words]


def test_a_killed_worker_only_costs_time(
    acts: Path, scheduler: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two workers is killed (-9) after some work."""
    monkeypatch.setattr(spread, "PIECE", 1 << 11)
    layers = file_layers([str(acts / "csv")], specs.get("relu"), Choice(), ReadOptions(), cluster=cluster)
    probe = criteria(Thresholds(), "default", None).probe(specs.get("relu"))
    away = layers[0].blocks.run  # type: ignore[union-attr]
    units = away._units(away._tables[0], [probe])
    assert len(units) > 2 * clusters.FAN
    killed = 0
    for event in cluster.reduced(spread._measure, spread._merge, [units]):
        if isinstance(event, Done) and event.unit == 3 and not killed:
            victim = [*scheduler.workers.values()][killed].pid
            os.kill(victim, signal.SIGKILL)
            killed += 1
        if isinstance(event, Merged):
            (found,) = event.result.partials
    assert killed == 1
    (expected, _) = partials(acts / "csv", "relu", None)
    for a, b in zip(expected.states, found.states, strict=True):
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)


def test_errors_name_the_line(acts: Path, tmp_path: Path, scheduler: Any, cli: Cli) -> None:
    """As without a cluster: the first of several bad rows; rows that are left out are counted, the first is named."""
    for part in (1, 2):
        lines = (acts / "csv" / f"part-{part}.csv").read_text().splitlines()
        lines[500] = lines[600] = f"no{part},1,2"
        (tmp_path / f"part-{part}.csv").write_text("\n".join(lines))
    where = ["--dask", scheduler.scheduler_address]
    said = cli.fails(1, "saturation", "relu", str(tmp_path), *where)
    assert said == cli.fails(1, "saturation", "relu", str(tmp_path))
    assert "part-1.csv: line 501, column 1 (a): 'no1'" in said
    skip = ["saturation", "relu", str(tmp_path), "-f", "csv", "--on-error", "skip"]
    done, apart = cli(*skip), cli(*skip, *where)
    assert b"4 rows left out, such as" in done.stderr
    assert b"line 501" in done.stderr
    assert apart.stderr == done.stderr


def test_files_that_a_worker_does_not_see_are_reported(acts: Path, cluster: Cluster, tmp_path: Path) -> None:
    """A path without a file on the worker, and one with another file."""
    folder = tmp_path / "fc1"
    folder.mkdir()
    (folder / "part-1.csv").write_bytes((acts / "csv" / "part-1.csv").read_bytes())
    for spoil, said in ((folder / "part-1.csv").unlink, "does not see it"), (
        partial((folder / "part-1.csv").write_text, "a\n1\n"), "it has 4 bytes on the worker",
    ):  # fmt: skip
        (folder / "part-1.csv").write_bytes((acts / "csv" / "part-1.csv").read_bytes())
        layers = file_layers([str(folder)], specs.get("relu"), Choice(), ReadOptions(), cluster=cluster)
        spoil()
        with pytest.raises(DataError, match=said):
            diagnose(layers, criteria(Thresholds(), "default", None))


def test_an_unusable_cluster(
    acts: Path, scheduler: Any, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not an address, no scheduler, no workers, workers of another version, no tables."""
    folder = str(acts / "npy")
    assert "not the address of a scheduler" in cli.fails(2, "saturation", "relu", folder, "--dask", "local:0")
    monkeypatch.setattr(clusters, "CONNECT", 0.5)
    assert "no Dask scheduler answers" in cli.fails(1, "saturation", "relu", folder, "--dask", "tcp://127.0.0.1:1")
    assert "no such file" in cli.fails(1, "saturation", "relu", "none.csv", "--dask", "tcp://127.0.0.1:1")
    assert "none are given" in cli.fails(2, "saturation", "relu", "--dask", "local")
    with clusters._quiet(), clusters._processes(distributed, 0) as empty:
        said = cli.fails(1, "saturation", "relu", folder, "--dask", empty.scheduler_address)
    assert "the scheduler has no workers" in said
    clusters.versions.cache_clear()
    monkeypatch.setattr(clusters, "__version__", "9.9")
    said = cli.fails(1, "saturation", "relu", folder, "--dask", scheduler.scheduler_address)
    clusters.versions.cache_clear()
    assert f"has actcli {actcli.__version__}, not 9.9 as here" in said


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 255, 256, 257, 1000])
def test_the_tree_keeps_the_order(count: int) -> None:
    tree = clusters._Tree(lambda found: [each for one in found for each in one])
    for number in range(count):
        tree.add([number])
    assert tree.root() == [*range(count)]
