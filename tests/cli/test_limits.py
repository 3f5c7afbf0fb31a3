"""Few threads, files or little address space: a result, or one true sentence, within seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support import sweep
from support.run import ROOT

from actcli.errors import DataError
from actcli.numerics import threads
from actcli.output.files import write_streams

linux = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
root = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root becomes another user")
WORDS = [
    ["eval", "relu", "a.csv"],
    ["eval", "relu", "a.parquet", "-f", "jsonl"],
    ["eval", "relu", "a.arrow", "-o", "out.csv", "-o", "out.parquet"],
    ["saturation", "tanh", "a.csv", "--threads", "8", "-o", "out.png", "-f", "json"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table in several formats."""
    folder = tmp_path_factory.mktemp("limits")
    frame = pl.DataFrame(np.random.default_rng(0).normal(size=(400, 2)), ["a", "b"])
    frame.write_csv(folder / "a.csv")
    frame.write_parquet(folder / "a.parquet", row_group_size=50)
    frame.write_ipc(folder / "a.arrow", record_batch_size=50)
    return folder


def limited(folder: Path, words: list[str], limit: str) -> tuple[int, str]:
    """Status and standard error of a run under a limit set by `prlimit`."""
    other = "-all,+dac_override"  # root has no limit on processes: this user has one, and may read everything
    user = ["setpriv", "--reuid=54321", "--clear-groups", f"--inh-caps={other}", f"--ambient-caps={other}"]
    done = subprocess.run(
        [*(user if "nproc" in limit else []), "prlimit", limit, sys.executable, "-m", "actcli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.decode()


def end(folder: Path, words: list[str], limit: str, lack: str) -> bool:
    """Whether the run gave a result without a message; else the message names what is lacking, and there is no file."""
    for name in ("out.csv", "out.parquet", "out.png"):
        (folder / name).unlink(missing_ok=True)
    status, said = limited(folder, words, limit)
    if status:
        assert status == 1
        assert said.count("\n") <= 2
        assert lack in said
    else:
        assert said == ""
    left = [path for path in os.listdir(folder) if path.startswith((".actcli", "out"))]
    assert len(left) == (0 if status else words.count("-o"))
    return status == 0


@linux
@pytest.mark.sweep
@pytest.mark.parametrize("words", sweep.part(WORDS, 4), ids=" ".join)
@pytest.mark.parametrize("megabytes", [300, 500, 700] if sweep.full else [300])
def test_few_addresses(folder: Path, words: list[str], megabytes: int) -> None:
    done = end(folder, words, f"--as={megabytes << 20}", "MB of address space")
    assert megabytes == 500 or done == (megabytes == 700)  # at 500 it depends on what is loaded


@linux
@pytest.mark.sweep
@pytest.mark.parametrize("words", sweep.part(WORDS, 4), ids=" ".join)
@pytest.mark.parametrize("files", [5, 7, 9, 12, 16] if sweep.full else [9])
def test_few_open_files(folder: Path, words: list[str], files: int) -> None:
    done = end(folder, words, f"--nofile={files}", "open files")
    assert done or files < 16


class _Few:
    """A system that allows only this many threads."""

    def __init__(self, count: int) -> None:
        self.left = count

    def take(self) -> None:
        if not self.left:
            raise RuntimeError("can't start new thread")
        self.left -= 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Set how many threads may be started from here on."""
    start = threads.threading.Thread.start

    def allow(count: int) -> None:
        system = _Few(count)

        def limited(thread: threads.threading.Thread) -> None:
            system.take()
            start(thread)

        monkeypatch.setattr(threads.threading.Thread, "start", limited)

    yield allow
    monkeypatch.undo()


@pytest.mark.parametrize("allowed", [1, 2, 9])
def test_a_pool_goes_on_with_fewer(few: Callable[[int], None], allowed: int) -> None:
    few(allowed)
    with threads.Pool(4) as pool:
        assert list(pool.map(str, range(50))) == [str(i) for i in range(50)]


def test_a_pool_of_none_is_an_error(few: Callable[[int], None]) -> None:
    few(0)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        threads.Pool(4)


@pytest.mark.parametrize("allowed", [0, 3, 8])
def test_threads_are_counted(few: Callable[[int], None], allowed: int) -> None:
    few(allowed)
    assert threads.available(8) == allowed


def test_writers_without_their_threads_end(few: Callable[[int], None], tmp_path: Path) -> None:
    """A writer that has its thread does not wait for ever for blocks that nobody sends."""
    few(1)
    streams = [(str(tmp_path / name), lambda file, parts: file.writelines(parts)) for name in "ab"]
    with pytest.raises(RuntimeError, match="can't start new thread"):
        write_streams(streams, iter([(b"1", b"2")]))
    assert os.listdir(tmp_path) == []


@root
@pytest.mark.sweep
@pytest.mark.parametrize("allowed", [1, 3, 5, 8, 11, 12, 13, 14, 20, 30] if sweep.full else [14])
@pytest.mark.parametrize("words", sweep.part(WORDS, 4), ids=" ".join)
def test_few_processes(folder: Path, words: list[str], allowed: int) -> None:
    done = end(folder, words, f"--nproc={allowed}", "threads")
    assert done == (allowed > 16)


def test_too_few_threads_are_reported(few: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Before polars is imported; if some are left, it is told to use one."""
    from actcli.cli import limits

    for name in ("POLARS_MAX_THREADS", "_RJEM_MALLOC_CONF"):
        monkeypatch.setenv(name, "4")
    few(9)
    with pytest.raises(DataError, match="reading tables needs 16 threads, but the system allows only 9 more"):
        limits.make_room()
    few(20)
    limits.make_room()
    assert os.environ["POLARS_MAX_THREADS"] == "1"
