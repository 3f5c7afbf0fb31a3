"""Bad tables: each is a single error that names the place, never anything else."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run import Cli
from support.sweep import part
from support.zstd import zstd

from actcli.errors import ActcliError, DataError, UsageError
from actcli.tables.format import names
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import map_blocks


def read(path: Path | str, **options: Any) -> list[list[float]]:
    """Return all rows of all tables of a file."""
    tables = open_tables([str(path)], ReadOptions(**options))
    return [row for table in tables for part in map_blocks(table, lambda b: b.values.tolist()) for row in part.result]


def failure(path: Path | str, **options: Any) -> DataError:
    """Return the error that reading a file raises."""
    with pytest.raises(DataError) as caught:
        read(path, **options)
    assert "\n" not in caught.value.message
    return caught.value


def outcome(path: Path, **options: Any) -> str:
    """Return the rows as text, or empty for an error, which must name the file."""
    try:
        return str(read(path, **options))
    except ActcliError as error:
        return "" if str(path) in error.message else pytest.fail(error.message)


CELLS = [
    ("a,b\n1,2\n3,abc\n", "line 3, column 2 (b): 'abc' is not a number"),
    ("a,b\nx,2\n3,4\n", "line 2, column 1 (a): 'x' is not a number"),
    ("1,2\n3,abc\n", "line 2, column 2: 'abc' is not a number"),
    ("a\n1\n2\n3x\n", "line 4, column 1 (a): '3x' is not a number"),
    ("a,b\n1,1_000\n", "line 2, column 2 (b): '1_000' is not a number"),
    ("a,b\n1,0x1f\n", "line 2, column 2 (b): '0x1f' is not a number"),
    ("a,b\n1,1d5\n", "line 2, column 2 (b): '1d5' is not a number"),
    ('a,b\n1,"1,5"\n', "line 2, column 2 (b): '1,5' is not a number"),
    ("a,b\n1,\u0661\n", "line 2, column 2 (b): '\u0661' is not a number"),
    ("a,b\n1, x y \n", "line 2, column 2 (b): 'x y' is not a number"),
    ("a,b\n1,true\n", "line 2, column 2 (b): 'true' is not a number"),
    ("a,b\r\n1,2\r\n\r\n", None),
    ("a,b\r\n1,2\r\n3,x\r\n", "line 3, column 2 (b): 'x' is not a number"),
    ("a,b\n1,NA\n", "line 2, column 2 (b): 'NA' is not a number"),
    ("a,b\n,\n1,x\ny,1\n", "line 3, column 2 (b): 'x' is not a number"),
    ("\ufeffa,b\n1,x\n", "line 2, column 2 (b): 'x' is not a number"),
    (f"a,b\n1,{'x' * 100}\n", f"line 2, column 2 (b): '{'x' * 39}…' is not a number"),
]
ROWS = [
    ("a,b,c\n1,2,3\n4,5\n", "line 3: 2 cells where the header has 3"),
    ("a,b,c\n1,2,3\n4\n6,7,8\n", "line 3: 1 cell where the header has 3"),
    ("a,b,c\n1,2\n4,5,6\n", "line 2: 2 cells where the header has 3"),
    ("a,b,c\n1,2,3,4\n", "line 2: 4 cells where the header has 3"),
    ("a,b,c\n1,2,3\n4,5,6,\n", "line 3: 4 cells where the header has 3"),
    ("1,2,3\n4,5\n", "line 2: 2 cells where the first line has 3"),
    ("a,b\n1,2\n\n3,4\n", "line 3: a blank line where the header has 2"),
    ("a,b\r\n1,2\r\n\r\n3,4\r\n", "line 3: a blank line where the header has 2"),
    ("a,b\n\n1,2\n", "line 2: a blank line where the header has 2"),
    ("a,b\n1,2\n   \n", "line 3: 1 cell where the header has 2"),
    ("a,b,c\n1,2\n3,4,5,6\n", "line 2: 2 cells where the header has 3"),
    ("a,b,c\n1,,\n,,3\n1,2\n", "line 4: 2 cells where the header has 3"),
    ("a\n1\n2,3\n", "line 3: 2 cells where the header has 1"),
    ('a,b\n1,"2\n', "line 2: this quote is never closed"),
    ('a,b\n1,2"3\n', "line 2: this quote is never closed"),
    ('a,b\n1,2\n"2" x,3\n1,2\n', "line 3: misplaced quote"),
]


@pytest.mark.sweep
@pytest.mark.parametrize("block", part([1, 5, 20, 4 << 20], 3))
@pytest.mark.parametrize(("content", "message"), CELLS + ROWS)
def test_the_place_is_named(tmp_path: Path, content: str, message: str | None, block: int) -> None:
    """A wrong cell is named by line, column and content, a wrong row by line, whatever the block size."""
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    if message is None:
        read(path, block_values=block)
    else:
        assert failure(path, block_values=block).message == f"{path}: {message}"
        path = tmp_path / "a.tsv"
        path.write_bytes(content.replace(",", "\t").encode())
        message = message.replace("'1,5'", r"'1\t5'")
        assert failure(path, block_values=block).message == f"{path}: {message}"


def test_the_hint_says_what_to_do(tmp_path: Path) -> None:
    """A word may mean missing, or be in a column that was not meant to be read."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,n/a\n2,not known\n")
    assert failure(path).hint == "leave the column out with -c '!b', or name missing values with --null n/a"
    assert "--null 'not known'" in failure(path, nulls=("n/a",)).hint


def test_late_blocks_know_their_lines(tmp_path: Path) -> None:
    """The line number is right in any block, also after quoted line breaks and CRLF."""
    rows = ['"two\nlines",1,2\r\n' if i % 3 else "one,1,2\n" for i in range(600)]
    for bad, message in (("x,1,y\n", "column 3 (b): 'y' is not a number"), ("x,1\n", "2 cells where")):
        path = tmp_path / "a.csv"
        path.write_bytes(("t,a,b\n" + "".join(rows) + bad + "x,1,2\n").encode())
        line = 2 + sum(row.count("\n") for row in rows)
        for block in (50, 1000, 4 << 20):
            error = failure(path, columns=("a,b",), block_values=block)
            assert f"a.csv: line {line}" in error.message
            assert message in error.message


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_first_error_is_reported(tmp_path: Path, threads: int) -> None:
    """The first of several errors in the file is reported, however many threads there are."""
    packed = gzip.compress(("a\n" + "1\n" * 500 + "x\n" + "1\n" * 500 + "y\n" + "1\n" * 500_000).encode(), mtime=0)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(packed[:-200])
    (table,) = open_tables([str(path)], ReadOptions(block_values=10_000))
    with pytest.raises(DataError, match="line 502"):
        list(map_blocks(table, lambda b: b, threads))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\r\n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text, not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "is UTF-16 text, not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-be"), "is UTF-16 text, not UTF-8"),
        (b"a,b\r1,2\r3,4\r", "its lines end in bare carriage returns"),
        (b"a,b\n1,2\n1,\x002\n", "line 3: a NUL byte: this is not text"),
        (b"a,b\n1,2\n1,\xff2\n", "line 3: the byte 0xff is not UTF-8 text"),
        (b"a,\xe9\n1,2\n", "line 1: the byte 0xe9 is not UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\x00\x02abcdefgh", "line 1: a NUL byte: this is not text"),
    ],
)
@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl"])
def test_data_that_is_not_text(tmp_path: Path, content: bytes, message: str, format: str) -> None:
    """The error names the byte that is not UTF-8 text."""
    path = tmp_path / f"a.{format}"
    if format == "jsonl":
        content = content.replace(b"a,b", b"[1]").replace(b"1,2\n", b"[2]\n").replace(b"a,\xe9", b'["\xe9"]')
    path.write_bytes(content)
    error = failure(path)
    assert error.message == f"{path}: {message}"
    if "UTF-16" in message:
        assert error.hint == f"convert it: iconv -f UTF-16 -t UTF-8 {path}"


@pytest.mark.parametrize("format", [f".{name}" for name in names("open")] + ["", ".csv.gz"])
def test_no_file(tmp_path: Path, format: str) -> None:
    """A missing file, an empty folder, and an unreadable file."""
    missing = tmp_path / f"missing{format}"
    assert failure(missing).message == f"{missing}: no such file"
    folder = tmp_path / f"folder{format}"
    folder.mkdir()
    assert failure(folder).message == f"{folder}: contains no part file"
    if os.geteuid():
        path = tmp_path / f"a{format}"
        path.touch(mode=0)
        assert failure(path).message == f"{path}: Permission denied"


def test_wrong_usage(tmp_path: Path) -> None:
    """Standard input twice, and an unknown format."""
    with pytest.raises(UsageError):
        open_tables(["-", "-"], ReadOptions())
    with pytest.raises(UsageError, match="csv, tsv, jsonl"):
        open_tables([str(tmp_path)], ReadOptions(format="xlsx"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"a": 2, "b": 3}\n', "line 2: the key 'b' is not in line 1"),
        ('{"a": 1}\n\n{"a": "x"}\n', "line 3, column 1 (a): 'x' is not a number"),
        ('{"a": 1}\n{"a": true}\n', "line 2, column 1 (a): 'true' is not a number"),
        ('{"a": 1}\n{"a": [1]}\n', "line 2, column 1 (a): '[1]' is not a number"),
        ('{"a": 1}\n{"a": "1_0"}\n', "line 2, column 1 (a): '1_0' is not a number"),
        ("[1, 2]\n[1]\n", "line 2: 1 value where line 1 has 2"),
        ("[1, 2]\n{}\n", "line 2: an object where line 1 has an array"),
        ('{"a": 1}\n[1]\n', "line 2: an array where line 1 has an object"),
        ('{"a": 1}\n{"a": \n', "line 2: not JSON: Expecting value at character 7"),
        ("1\n2\n", "line 1: is neither an object nor an array"),
        ("{}\n", "has no columns"),
        ("[]\n", "has no columns"),
    ],
)
@pytest.mark.parametrize("block", [1, 1000])
def test_jsonl(tmp_path: Path, content: str, message: str, block: int) -> None:
    """The error names the invalid line of JSON Lines."""
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    assert failure(path, block_values=block).message == f"{path}: {message}"


def test_jsonl_too_deep(tmp_path: Path) -> None:
    """Nesting beyond Python's depth is an error like any other."""
    path = tmp_path / "a.jsonl"
    path.write_text("[" * 200_000)
    assert "line 1" in failure(path).message


@pytest.mark.parametrize(
    ("array", "message", "hint"),
    [
        (np.array(1.0), "is a single number, not an array", "give the number"),
        (np.array([None, 1]), "contains Python objects, not numbers", "save it as floats"),
        (np.array(["a"]), "contains <U1, not real numbers", ""),
        (np.array([1j]), "contains complex128, not real numbers", ""),
        (np.array([True]), "contains bool, not real numbers", ""),
        (np.zeros(2, [("x", "f8")]), "not real numbers", ""),
        (np.zeros((2, 0)), "has no columns", ""),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_arrays_that_are_not_tables(tmp_path: Path, array: Any, message: str, hint: str, packed: bool) -> None:
    """Arrays of other types or dimensions."""
    path = tmp_path / ("a.npz" if packed else "a.npy")
    np.savez(path, h=array) if packed else np.save(path, array, allow_pickle=True)
    error = failure(path)
    assert error.message.startswith(f"{path}: {'array h: ' * packed}")
    assert message in error.message
    assert hint in error.hint


def test_parquet_of_text(tmp_path: Path) -> None:
    """A picked column that is not numeric is reported before any work."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"x": [1.0], "t": ["a"]}).write_parquet(path)
    assert failure(path).message == f"{path}: column 2 (t) contains String, not numbers"
    assert read(path, columns=("x",)) == [[1.0]]


def an_npz() -> bytes:
    """A small NPZ."""
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(1000.0))
    return file.getvalue()


def saved(write: Callable[[Any], object]) -> bytes:
    """Return what a writer writes."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


FRAME = pl.DataFrame({"a": np.arange(1000.0), "b": np.arange(1000.0)})
WHOLE = {
    "csv.gz": gzip.compress(FRAME.write_csv().encode(), mtime=0),
    "csv.zst": zstd.compress(FRAME.write_csv().encode()),
    "parquet": saved(FRAME.write_parquet),
    "arrow": saved(FRAME.write_ipc),
    "npy": saved(lambda file: np.save(file, FRAME.to_numpy())),
    "npz": an_npz(),
}


@pytest.mark.parametrize("format", WHOLE)
def test_truncated(tmp_path: Path, format: str) -> None:
    """A file truncated anywhere is an error that names it."""
    path = tmp_path / f"a.{format}"
    whole = WHOLE[format]
    path.write_bytes(whole)
    assert len(read(path)) == 1000
    for length in [*range(1, 30), *range(30, len(whole), max(1, len(whole) // 40)), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert failure(path).message.startswith(f"{path}: ")


# Not parquet and arrow: a flipped bit there may ask polars for so much memory that it aborts the process.
@pytest.mark.parametrize("format", ["csv.gz", "csv.zst", "npy", "npz"])
@given(data=st.data())
def test_damaged(tmp_path: Path, format: str, data: st.DataObject) -> None:
    """A file with some bytes changed is either read or rejected."""
    content = bytearray(WHOLE[format])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"a.{format}"
    path.write_bytes(content)
    outcome(path)


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl"])
@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(st.sampled_from(list('1,\t"\n\r x{}[]:.ae')), max_size=30).map(lambda t: "".join(t).encode()),
    ),
    st.integers(1, 20),
    st.sampled_from([(), ("#1",)]),
)
def test_anything(tmp_path: Path, format: str, content: bytes, block: int, columns: tuple[str, ...]) -> None:
    """Any bytes are a table or an error that names the file, at any block size."""
    path = tmp_path / f"a.{format}"
    path.write_bytes(content)
    assert outcome(path, block_values=block, columns=columns) == outcome(path, columns=columns)


def test_npz_without_arrays(tmp_path: Path) -> None:
    """A ZIP without NPY files is rejected."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.txt", "x")
    assert failure(tmp_path / "a.npz").message.endswith("contains no arrays")


@pytest.mark.parametrize("block", [1, 3, 1 << 17])
def test_bad_rows_can_be_skipped(tmp_path: Path, block: int) -> None:
    """Short, long and blank rows, and rows with invalid cells, are left out and counted; the others stay in order."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,x\n4\n5,6\n7,8,9\n\ny,1\n10,11\n")
    (table,) = open_tables([str(path)], ReadOptions(on_error="skip", block_values=block))
    parts = list(map_blocks(table, lambda b: b.values.tolist()))
    assert [row for part in parts for row in part.result] == [[1, 2], [5, 6], [10, 11]]
    skipped = [part.skipped for part in parts if part.skipped]
    assert sum(found.rows for found in skipped) == 5
    if block == 1:
        places = [found.first.message.split(": ")[1] for found in skipped]
        assert places == ["line 3, column 2 (b)", "line 4", "line 6", "line 7", "line 8, column 1 (a)"]


def test_bad_lines_of_json_can_be_skipped(tmp_path: Path) -> None:
    """Lines that are not JSON, not objects or not numbers are left out and counted."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": \n[1]\n{"a": "x"}\n{"b": 1}\n{"a": 2}\n')
    (table,) = open_tables([str(path)], ReadOptions(on_error="skip"))
    (part,) = map_blocks(table, lambda b: b.values.tolist())
    assert part.result == [[1], [2]]
    assert part.skipped is not None
    assert part.skipped.rows == 4


def test_skipped_rows_are_reported_on_standard_error(cli: Cli, tmp_path: Path) -> None:
    """The message has their number and the place of the first; the result is unaffected."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,x\n4\n5,6\n")
    done = cli("eval", "relu", str(path), "--on-error", "skip")
    assert (done.returncode, done.stdout.decode()) == (0, "a,b\n1.0,2.0\n5.0,6.0\n")
    assert "2 rows left out, such as" in done.stderr.decode()
    assert "line 4" in done.stderr.decode()
    assert cli("saturation", "relu", str(path), "--on-error", "skip").returncode == 0
    assert cli("saturation", "relu", str(path)).returncode == 1
