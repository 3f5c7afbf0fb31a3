"""The other formats, and how the format of standard input is detected."""

from __future__ import annotations

import gzip
import io
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.sweep import part
from support.tables import blocks_of, others, read, write
from support.zstd import zstd

from actcli.errors import DataError
from actcli.output.filtering import filter_tables
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("zst", zstd.compress)])
def test_compressed(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    """Text may be compressed; several members are one stream."""
    path = write(tmp_path / f"a.csv.{suffix}", pack(b"a,b\n1,2\n") + pack(b"3,4\n"))
    table, values, _ = read(path, block_values=3)
    assert table.name == "a"
    assert values.tolist() == [[1, 2], [3, 4]]


def test_jsonl_objects(tmp_path: Path) -> None:
    """In objects, a missing key or null is a missing value, and a string with a number is a number."""
    lines = [
        '{"a": 1, "b": "NaN", "t": [1]}',
        '{"b": "-Infinity"}',
        "",
        '{"t": "x", "b": 1e400, "a": null}',
        '{"a": " 1.5 ", "b": 1' + "0" * 400 + "}",
    ]
    for block in (1, 20, 1000):
        path = write(tmp_path / "a.jsonl", "\n".join(lines))
        table, values, missing = read(path, columns=("a,b",), block_values=block)
        assert table.columns == ("a", "b", "t")
        nan, inf = math.nan, math.inf
        np.testing.assert_array_equal(values, [[1, nan], [nan, -inf], [nan, inf], [1.5, inf]])
        np.testing.assert_array_equal(missing, [[False, False], [True, False], [True, False], [False, False]])


def test_jsonl_arrays(tmp_path: Path) -> None:
    """Columns of arrays are named by their number."""
    table, values, _ = read(write(tmp_path / "a.jsonl", "[1, 2]\n[3, null]\n"))
    assert (table.columns, table.has_header) == (("0", "1"), False)
    np.testing.assert_array_equal(values, [[1, 2], [3, math.nan]])


@pytest.mark.parametrize("format", ["parquet", "arrow"])
@pytest.mark.parametrize("block", [1, 100, 4 << 20])
def test_columnar(tmp_path: Path, format: str, block: int) -> None:
    """Parquet and Arrow: nulls are missing, NaN is a number, other columns keep their type."""
    frame = pl.DataFrame(
        {
            "t": ["a", None, "c"],
            "x": [1.5, None, math.nan],
            "i": [1, 2, None],
            "f": pl.Series([1.5, 2.5, 0.0], dtype=pl.Float32),
        }
    )
    path = tmp_path / f"a.{format}"
    frame.write_parquet(path) if format == "parquet" else frame.write_ipc(path)
    _, values, missing = read(path, columns=("x", "i", "f"), block_values=block)
    nan = math.nan
    np.testing.assert_array_equal(values, [[1.5, 1, 1.5], [nan, 2, 2.5], [nan, nan, 0]])
    np.testing.assert_array_equal(missing, [[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert [row["0"] for row in others(path, columns=("!t",), block_values=block)] == ["a", None, "c"]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", ">f8", ">i4", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path: Path, dtype: str, order: Any) -> None:
    """Arrays of any real type, in either order, become float64; columns that are not picked pass through."""
    array = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    for block in (1, 1000):
        table, values, _ = read(tmp_path / "a.npy", columns=("#3", "0"), block_values=block)
        assert table.columns == ("0", "1", "2")
        assert values.tolist() == [[3, 1], [6, 4]]
        assert others(tmp_path / "a.npy", columns=("!#2",), block_values=block) == [{"1": 2}, {"1": 5}]


def test_npy_of_one_dimension_and_without_rows(tmp_path: Path) -> None:
    """An array of one dimension is one column; without rows there are no blocks."""
    np.save(tmp_path / "a.npy", np.arange(3.0))
    assert read(tmp_path / "a.npy")[1].tolist() == [[0], [1], [2]]
    np.save(tmp_path / "b.npy", np.empty((0, 3)))
    table, values, _ = read(tmp_path / "b.npy")
    assert table.columns == ("0", "1", "2")
    assert values.shape == (0, 3)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save: Callable[..., None]) -> None:
    """Each array of an NPZ is a separate layer."""
    save(tmp_path / "a.npz", layer1=np.ones((2, 2)), layer2=np.asfortranarray([[1, 2], [3, 4]]))
    one, two = open_tables([str(tmp_path / "a.npz")], ReadOptions())
    assert (one.name, two.name) == ("layer1", "layer2")
    (block,) = blocks_of(two)
    assert block.values.tolist() == [[1, 2], [3, 4]]


def test_arrays_of_an_npz_are_named_in_errors(tmp_path: Path) -> None:
    """An error names the array and not only the file, because arrays may differ in width."""
    path = tmp_path / "odd.npz"
    np.savez(path, one=np.ones((2, 2)), two=np.ones((2, 3)))
    with pytest.raises(DataError) as caught:
        filter_tables("relu", [str(path)], str(tmp_path / "b.csv"))
    assert caught.value.message == f"{path}: array two has other columns than {path}: array one"
    assert not (tmp_path / "b.csv").exists()
    np.savez(tmp_path / "even.npz", one=np.ones((2, 2)), two=np.ones((2, 2)))
    both = open_tables([str(path), str(tmp_path / "even.npz")], ReadOptions())
    assert len({table.name for table in both}) == 4


def test_names_of_layers_are_distinct(tmp_path: Path) -> None:
    """Files with the same stem in two folders are named by their paths."""
    for folder in "pq":
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a.csv", "x\n1\n")
    paths = [str(tmp_path / "p/a.csv"), str(tmp_path / "q/a.csv"), str(write(tmp_path / "b.c.tsv", "x\n1\n"))]
    assert [t.name for t in open_tables(paths, ReadOptions())] == [*paths[:2], "b.c"]


READ_STDIN = """
import sys
from actcli.tables.options import ReadOptions
from actcli.tables.open import open_tables
from actcli.tables.pipeline import map_blocks
(table,) = open_tables(["-"], ReadOptions(block_values=5))
print(table.name, sum(part.result for part in map_blocks(table, lambda b: b.values.sum())))
"""


@pytest.mark.sweep
@pytest.mark.parametrize("format", part(["csv", "csv.gz", "csv.zst", "parquet", "arrow", "npy"], 3))
def test_the_format_of_standard_input_is_detected(tmp_path: Path, format: str) -> None:
    """The first bytes of a pipe determine its format."""
    array = np.arange(20.0).reshape(10, 2)
    frame = pl.DataFrame(array)
    file = io.BytesIO()
    match format:
        case "parquet":
            frame.write_parquet(file)
        case "arrow":
            frame.write_ipc(file)
        case "npy":
            np.save(file, array)
        case _:
            pack = {"csv": bytes, "csv.gz": gzip.compress, "csv.zst": zstd.compress}[format]
            file.write(pack(frame.write_csv().encode()))
    run = subprocess.run([sys.executable, "-c", READ_STDIN], input=file.getvalue(), capture_output=True, check=True)
    assert run.stdout.split() == [b"stdin", b"190.0"]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_pipe_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    """A second pass over a pipe fails instead of finding no rows; a spooled pipe can be read again."""
    file = io.BytesIO()
    frame = pl.DataFrame({"x": [1.0, 2.0]})
    frame.write_parquet(file) if format == "parquet" else frame.write_csv(file)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.getvalue())))
    (table,) = open_tables(["-"], ReadOptions())
    assert [block.values.tolist() for block in blocks_of(table)] == [[[1], [2]]]
    if format == "parquet":
        assert len(blocks_of(table)) == 1
    else:
        with pytest.raises(DataError, match="only once"):
            blocks_of(table)


def test_polars_is_not_imported_early() -> None:
    """Importing the package loads no heavy library."""
    code = "import actcli.tables, actcli.output.files, sys; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("format", ["csv", "npy", "npz", "parquet", "arrow"])
def test_the_position_goes_from_nothing_to_the_whole_file(tmp_path: Path, format: str) -> None:
    """It grows step by step for every reader, as a progress bar needs."""
    path = tmp_path / f"a.{format}"
    frame = pl.DataFrame({"a": np.arange(400_000.0)})
    writers = {
        "csv": frame.write_csv,
        "npy": lambda file: np.save(file, frame.to_numpy()),
        "npz": lambda file: np.savez(file, a=frame.to_numpy()),
        "parquet": frame.write_parquet,
        "arrow": frame.write_ipc,
    }
    writers[format](path)
    (table,) = open_tables([str(path)], ReadOptions(block_values=40_000))
    positions = [block.end for block in blocks_of(table)]
    assert positions == sorted(set(positions))
    assert len(positions) == 10
    assert 0 < positions[0] < 0.2 * path.stat().st_size
    assert positions[-1] >= path.stat().st_size - 1  # all but a last line break
