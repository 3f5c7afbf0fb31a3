"""Files that silently end early, or change while they are read: one error, never a shorter result."""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.run import Process

from actcli.errors import ActcliError, DataError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions

# What pyarrow.feather.write_feather makes of two columns named h, uncompressed.
TWO_OF_ONE_NAME = gzip.decompress(
    base64.b85decode(
        "ABzY8000000t3ZTI}XAy41J^_R8@uy6=Gy$Wn-f~0a6zh4#2TE0wZI`iW6`QZcttvBcOa%o@B>%;}^fAb<=FNOQ0tX00JTkcsPuaGa^QoIhf`"
        "2Ry|;7mBttLb7L0!ORY&OZBIMPcSHV?{SFgh40>Mbo4xfp+3TcY#K$>LdPaoDR44Vqh|CJl9CsAVy-Xdo>{O${0~X&A2J5f78Svsmo^V}j(55A"
        "?l&$UMo)WL8N+-%f(#A<w^b4Ii-qG=u=t;LS|M|^2`da?68<gn&3~B-Z00"
    )
)


def test_a_panic_is_not_the_end_of_the_table(process: Process, tmp_path: Path) -> None:
    """The error is one sentence, without output from the library."""
    path = tmp_path / "h.arrow"
    path.write_bytes(TWO_OF_ONE_NAME)
    done = process("eval", "relu", str(path), "-o", str(tmp_path / "out.csv"))
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        f"actcli: {path}: only 0 of its 2 rows can be read",
        "  it is damaged or has two columns of the same name: write it again",
    ]
    assert not (tmp_path / "out.csv").exists()


def rows(path: Path) -> int:
    return sum(len(task().values) for table in open_tables([str(path)], ReadOptions()) for task in table.tasks())


FRAME = pl.DataFrame(np.random.default_rng(0).normal(size=(3000, 2)), ["a", "b"])


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_a_damaged_byte_loses_no_rows(tmp_path: Path, format: str) -> None:
    """Wherever the byte is, either all rows are there or there is an error."""
    path = tmp_path / f"a.{format}"
    if format == "parquet":
        FRAME.write_parquet(path, row_group_size=100)
    else:
        FRAME.write_ipc(path, compression="lz4", record_batch_size=100)
    whole = path.read_bytes()
    failed = 0
    for at in range(8, len(whole) * 3 // 4, len(whole) // 30):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert rows(path) == 3000
        except ActcliError:
            failed += 1
    assert failed < 30


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"1,2\n")


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("change", [cut, grow, replace])
@pytest.mark.parametrize("format", ["csv", "jsonl", "npy", "npz", "arrow", "parquet"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, format: str, change: Callable[[Path], None]) -> None:
    """However it changes, everything read from it is rejected."""
    path = tmp_path / f"a.{format}"
    {
        "csv": FRAME.write_csv,
        "jsonl": FRAME.write_ndjson,
        "npy": lambda path: np.save(path, FRAME.to_numpy()),
        "npz": lambda path: np.savez(path, h=FRAME.to_numpy()),
        "arrow": FRAME.write_ipc,
        "parquet": FRAME.write_parquet,
    }[format](path)
    (table,) = open_tables([str(path)], ReadOptions(block_values=200))
    tasks = table.tasks()
    next(tasks)()
    change(path)
    with pytest.raises(DataError, match="changed while it was read"):
        [task() for task in tasks]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("block", [1, 7, 1 << 18])
def test_arrays_in_either_order_are_read_block_by_block(tmp_path: Path, order: str, block: int) -> None:
    """The numbers are those of numpy, which reads them whole."""
    array = np.asarray(FRAME.to_numpy()[:50], dtype=">f4", order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", array)
    (table,) = open_tables([str(tmp_path / "a.npy")], ReadOptions(block_values=block))
    assert np.array_equal(np.concatenate([task().values for task in table.tasks()]), array)


@pytest.mark.parametrize("shape", ["(0, 1000000000)", "(1, 1000000)", "(4000000000, 4000000000, )", "(-1, 2)"])
def test_declared_shapes_are_checked_first(tmp_path: Path, shape: str) -> None:
    """No memory is allocated for a shape larger than the file, or for too many columns."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(8_000_000))
    with pytest.raises(DataError, match=r"at most 100000|is not a complete NumPy file"):
        open_tables([str(path)], ReadOptions())
