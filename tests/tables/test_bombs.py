"""Small files that demand huge resources: rejected at once, with the limit that they exceed."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.sweep import part
from support.tables import read

from actcli.errors import DataError


def failure(path: Path, **options: Any) -> DataError:
    """Return the error that reading a file raises."""
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return caught.value


def a_nest(depth: int) -> pl.Series:
    """Return nested lists."""
    value: Any = 1.0
    dtype: Any = pl.Float64
    for _ in range(depth):
        value, dtype = [value], pl.List(dtype)
    return pl.Series("b", [value], dtype=dtype)


def test_the_depth_of_nested_values_is_limited(tmp_path: Path) -> None:
    """The limit is checked before anything recurses into the values, also in columns that only pass through."""
    for suffix in ("parquet", "arrow", "jsonl"):
        for depth, fits in ((60, True), (150, False)):
            path = tmp_path / f"a.{suffix}"
            frame = pl.DataFrame([pl.Series("x", [1.0]), a_nest(depth)])
            if suffix == "jsonl":
                path.write_text(f'{{"x": 1, "b": {"[" * depth}1{"]" * depth}}}\n')
            else:
                frame.write_parquet(path) if suffix == "parquet" else frame.write_ipc(path)
            if fits:
                assert read(path, columns=("x",))[1].tolist() == [[1.0]]
            else:
                assert "more than 64 levels" in failure(path, columns=("x",)).message


BOMBS = {  # what is before, and how often, and after it
    "blanks.csv.gz": ((b"a,b\n1,2\n", b"\n", 66 << 20, b""), "blank lines for 64 MB"),
    "blanks.jsonl.gz": ((b'{"a": 1}\n', b"\n", 66 << 20, b'{"a": 2}\n'), "blank lines for 64 MB"),
    "first.csv.gz": ((b"", b"\n", 1 << 17, b"a\n1\n"), "begins with blank lines"),
    "comments.csv.gz": ((b"", b"#\n", 100_001, b"1,2\n"), "more than 100,000 comments"),
    "quote.csv.gz": ((b'a,b\n1,"', b"x\n", 34 << 20, b""), "line 2: this quote is never closed"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", part([*BOMBS], 2))
def test_much_of_nothing_ends_at_once(tmp_path: Path, name: str) -> None:
    """A small file that unpacks to more than any line or gap may have is rejected quickly."""
    (before, again, times, after), message = BOMBS[name]
    path = tmp_path / name
    path.write_bytes(gzip.compress(before + again * times + after, 1, mtime=0))
    assert message in failure(path).message


def test_an_array_with_too_many_columns_is_rejected(tmp_path: Path) -> None:
    """No memory is allocated, whatever its header declares."""
    for shape in ((0, 10**9), (1, 10**6), (2**40, 2**40), (2, 3, 10**6)):
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
        (tmp_path / "a.npy").write_bytes(head.getvalue() + bytes(8))
        message = failure(tmp_path / "a.npy").message
        assert "at most 100000" in message or "is not a complete NumPy file" in message
