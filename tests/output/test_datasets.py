"""A folder of parts becomes a folder of parts, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.frameworks import marked, need
from support.run import Cli

import actcli


@pytest.fixture
def acts(tmp_path: Path) -> Path:
    for step in (1, 2):
        folder = tmp_path / "acts" / f"step={step}"
        folder.mkdir(parents=True)
        for part in (1, 2, 10):
            x = np.random.default_rng(part).standard_normal((20, 2)) * step
            np.savetxt(folder / f"part-{part}.csv", x, delimiter=",", header="a,b", comments="")
    return tmp_path / "acts"


def check(acts: Path, out: Path, suffix: str) -> None:
    """Assert that each part has its name and label, and the function of its numbers, and nothing else is there."""
    gelu = actcli.get("gelu")
    names = sorted(str(path.relative_to(acts).with_suffix("")) for path in acts.rglob("*.csv"))
    assert names == sorted(str(path.relative_to(out).with_suffix("")) for path in out.rglob("*.*") if path.is_file())
    for name in names:
        own, path = pl.read_csv(acts / f"{name}.csv"), (out / name).with_suffix(suffix)
        found = pl.read_parquet(path) if suffix == ".parquet" else pl.read_csv(path)
        np.testing.assert_array_equal(found.to_numpy(), gelu.f(own.to_numpy()))
    assert [path for path in out.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_parts_are_filtered_locally(suffix: str, acts: Path, cli: Cli) -> None:
    out = acts.parent / "out"
    form = [] if suffix == ".csv" else ["-f", "parquet"]
    done = cli("eval", "gelu", str(acts), "-o", f"{out}/", *form)
    assert (done.returncode, done.stdout) == (0, b"")
    check(acts, out, suffix)
    again = cli("eval", "gelu", str(acts), "-o", f"{out}/")
    assert (again.returncode, b"already exists" in again.stderr) == (2, True)


@marked
@pytest.mark.filterwarnings("default")  # of distributed
def test_parts_are_filtered_by_a_cluster(acts: Path, cli: Cli) -> None:
    need("distributed")
    out = acts.parent / "out"
    done = cli("eval", "gelu", str(acts), "-o", f"{out}/", "-f", "parquet", "--dask", "local:2")
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    check(acts, out, ".parquet")
    (acts / "step=2" / "part-2.csv").write_text("a,b\n1,2\n3,no\n")
    failed = cli("eval", "gelu", str(acts), "-o", f"{acts.parent / 'other'}/", "--dask", "local:1")
    assert b"step=2/part-2.csv: line 3, column 2 (b): 'no'" in failed.stderr
    assert sorted(path.name for path in acts.parent.iterdir()) == ["acts", "out"]


def test_inputs_that_are_not_folders_of_parts(acts: Path, cli: Cli) -> None:
    """A bad part leaves nothing behind; numbers, standard input and two outputs are errors."""
    (acts / "step=1" / "part-2.csv").write_text("a,b\n1,2\n3,no\n")
    where = ["-o", f"{acts.parent / 'out'}/"]
    done = cli("eval", "gelu", str(acts), *where)
    assert (done.returncode, done.stderr.count(b"line 3, column 2 (b): 'no'")) == (1, 1)
    assert [path.name for path in acts.parent.iterdir()] == ["acts"]
    assert "needs a folder of parts" in cli.fails(2, "eval", "gelu", "1", *where)
    assert "is not a folder of parts" in cli.fails(2, "eval", "gelu", *where, stdin=b"a\n1\n")
    assert "must be the only output" in cli.fails(2, "eval", "gelu", str(acts), *where, "-o", "b.csv")
    assert "slash at the end" in cli.fails(2, "eval", "gelu", str(acts), "--dask", "local")
