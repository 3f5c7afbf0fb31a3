"""Small files that ask for much: refused at once, with the limit that they break."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.tables import read

from actcli.errors import DataError


def failure(path: Path, **options: Any) -> DataError:
    """The error of reading a file."""
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return caught.value


def a_nest(depth: int) -> pl.Series:
    """A list within a list and so on."""
    value: Any = 1.0
    dtype: Any = pl.Float64
    for _ in range(depth):
        value, dtype = [value], pl.List(dtype)
    return pl.Series("b", [value], dtype=dtype)


def test_values_within_values_have_a_limit(tmp_path: Path) -> None:
    """Which is looked at before anything walks them on the stack, also in columns that are only passed through."""
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


BOMBS = {
    "blanks.csv.gz": (b"a,b\n1,2\n" + b"\n" * (66 << 20), "blank lines for 64 MB"),
    "blanks.jsonl.gz": (b'{"a": 1}\n' + b"\n" * (66 << 20) + b'{"a": 2}\n', "blank lines for 64 MB"),
    "first.csv.gz": (b"\n" * (1 << 17) + b"a\n1\n", "begins with blank lines"),
    "comments.csv.gz": (b"#\n" * 100_001 + b"1,2\n", "more than 100,000 comments"),
    "quote.csv.gz": (b'a,b\n1,"' + b"x\n" * (34 << 20), "line 2: this quote is never closed"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", BOMBS)
def test_much_of_nothing_ends_at_once(tmp_path: Path, name: str) -> None:
    """A small file that unpacks to more than any line or gap may have."""
    content, message = BOMBS[name]
    path = tmp_path / name
    path.write_bytes(gzip.compress(content, 1, mtime=0))
    assert message in failure(path).message


def test_an_array_of_more_columns_than_a_table_has_is_none(tmp_path: Path) -> None:
    """Whatever its head declares, nothing is set aside for it."""
    for shape in ((0, 10**9), (1, 10**6), (2**40, 2**40), (2, 3, 10**6)):
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
        (tmp_path / "a.npy").write_bytes(head.getvalue() + bytes(8))
        message = failure(tmp_path / "a.npy").message
        assert "at most 100000" in message or "is not a complete NumPy file" in message
