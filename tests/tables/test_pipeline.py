"""Blocks on threads: their order, and how they end."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from support.tables import write

from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import map_blocks
from actcli.tables.table import Block


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_order_is_kept(tmp_path: Path, threads: int) -> None:
    """Results come in the table's order even if later blocks finish first; few are in flight at once."""
    path = write(tmp_path / "a.csv", "x\n" + "".join(f"{i:03}\n" for i in range(200)))
    under_way, most = 0, 0
    lock = threading.Lock()

    def work(block: Block) -> float:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.002 if block.values[0, 0] % 5 == 0 else 0)
        with lock:
            under_way -= 1
        return float(block.values[0, 0])

    (table,) = open_tables([str(path)], ReadOptions(block_values=1))
    assert [part.result for part in map_blocks(table, work, threads)] == list(range(200))
    assert most <= threads


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_failure_stops_all(tmp_path: Path, threads: int) -> None:
    """An error in the work is raised at once, and no thread outlives it."""
    path = write(tmp_path / "a.csv", "x\n" + "1\n" * 1000)
    done = []

    def work(block: Block) -> None:
        done.append(block.first_line)
        if block.first_line >= 20:
            raise KeyboardInterrupt

    before = threading.active_count()
    (table,) = open_tables([str(path)], ReadOptions(block_values=2))
    with pytest.raises(KeyboardInterrupt):
        list(map_blocks(table, work, threads))
    assert threading.active_count() == before
    assert len(done) < 60


def test_giving_up_half_way_stops_all(tmp_path: Path) -> None:
    """A consumer that stops leaves no thread behind."""
    path = write(tmp_path / "a.csv", "x\n" + "1\n" * 1000)
    before = threading.active_count()
    (table,) = open_tables([str(path)], ReadOptions(block_values=2))
    results = map_blocks(table, lambda b: b, 4)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
