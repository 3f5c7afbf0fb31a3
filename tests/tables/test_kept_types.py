"""Columns that pass through keep their values, however they are split into blocks and files."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.run import Cli

from actcli.output.filtering import filter_tables
from actcli.tables.options import ReadOptions

DAY = datetime.date(2020, 1, 2)
NOON = datetime.datetime(2020, 1, 2, 12)
WIDER: list[tuple[Any, Any, Any]] = [
    ([1, 2], [1.5, 2.9], [1.0, 2.0, 1.5, 2.9]),
    (pl.Series([16777216.0], dtype=pl.Float32), [16777217], [16777216.0, 16777217.0]),
    (pl.Series([1], dtype=pl.Int8), pl.Series([200], dtype=pl.UInt8), [1, 200]),
    (pl.Series([-1], dtype=pl.Int32), pl.Series([1 << 31], dtype=pl.UInt32), [-1, 1 << 31]),
    ([DAY], [NOON], [datetime.datetime(2020, 1, 2), NOON]),
    ([{"a": 1}], [{"a": 2, "b": 3}], [{"a": 1, "b": None}, {"a": 2, "b": 3}]),
    ([[1]], [[1.5]], [[1.0], [1.5]]),
    ([None], [DAY], [None, DAY]),
    (["a"], [None], ["a", None]),
    (pl.Series(["a"], dtype=pl.Categorical), ["b"], ["a", "b"]),
]


@pytest.mark.parametrize(("one", "other", "expected"), WIDER, ids=range(len(WIDER)))
def test_parquet_holds_the_values_of_both_files(
    cli: Cli, tmp_path: Path, one: Any, other: Any, expected: list[Any]
) -> None:
    """The type is the narrowest that holds both, in either order."""
    for i, other_column in enumerate((one, other)):
        pl.DataFrame({"x": [1.0] * len(other_column), "id": other_column}).write_parquet(tmp_path / f"{i}.parquet")
    files = [str(tmp_path / "0.parquet"), str(tmp_path / "1.parquet")]
    for order, values in ((files, expected), (files[::-1], expected[len(one) :] + expected[: len(one)])):
        cli.ok("eval", "relu", "-c", "x", *order, "-o", str(tmp_path / "out.parquet"))
        assert pl.read_parquet(tmp_path / "out.parquet")["id"].to_list() == values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([True], [1]),
        ([1], ["a"]),
        ([(1 << 53) + 1], [1.5]),
        (pl.Series([1], dtype=pl.UInt64), [-1]),
        ([{"a": 1}], [[1]]),
        ([DAY], [1]),
        ([(1 << 63) - 1], [1.5]),
    ],
    ids=range(7),
)
def test_parquet_refuses_what_no_type_holds(cli: Cli, tmp_path: Path, one: Any, other: Any) -> None:
    """The error names the file and the column, and the old output stays."""
    files = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for path, column in zip(files, (one, other), strict=True):
        pl.DataFrame({"x": [1.0], "id": column}).write_parquet(path)
    out = tmp_path / "out.parquet"
    out.write_text("old")
    message = cli.fails(1, "eval", "relu", "-c", "x", *map(str, files), "-o", str(out))
    assert f"{files[1]}: column 'id' contains" in message
    assert out.read_text() == "old"


LINES = [
    '{"a": 1.0, "b": 1, "id": 383, "n": [1, NaN], "t": "x", "m": 1}',
    '{"a": 1.0, "b": 1.5, "id": 384, "n": {"k": [Infinity, -1e-07]}, "t": "1", "m": "1"}',
    '{"a": 1.0, "b": -0, "id": 100000000000000000000, "n": null, "t": "\\u0001\\"é", "m": true}',
    '{"a": 1.0, "b": 1e-07, "id": null, "n": [], "t": null, "m": null}',
]
KEPT = [
    {"a": 1.0, "b": 1, "id": 383, "n": [1, "NaN"], "t": "x", "m": 1},
    {"a": 1.0, "b": 1.5, "id": 384, "n": {"k": ["Infinity", -1e-07]}, "t": "1", "m": "1"},
    {"a": 1.0, "b": -0.0, "id": 10**20, "n": None, "t": '\1"é', "m": True},
    {"a": 1.0, "b": 1e-07, "id": None, "n": [], "t": None, "m": None},
]


@pytest.mark.parametrize("format", ["jsonl", "csv", "json", "markdown"])
def test_json_lines_pass_alike_at_any_block_size(tmp_path: Path, format: str) -> None:
    """The bytes are the same, and so are the values and types in JSON."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    written = []
    for block in (1, 12, 1000):
        out = tmp_path / f"{block}.{format if format != 'markdown' else 'md'}"
        filter_tables("relu", [str(path)], str(out), reading=ReadOptions(columns=("a",), block_values=block))
        written.append(out.read_bytes())
    assert len(set(written)) == 1
    if format == "jsonl":
        found = [json.loads(line) for line in written[0].splitlines()]
        assert repr(found) == repr(KEPT)


def test_json_lines_widen_into_parquet(tmp_path: Path) -> None:
    """Integers followed by floats become floats; numbers with texts are rejected."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1, "b": 1}\n{"a": 1, "b": 1.5}\n{"a": 1, "b": null}\n')
    for block in (1, 1000):
        reading = ReadOptions(columns=("a",), block_values=block)
        filter_tables("relu", [str(path)], str(tmp_path / "out.parquet"), reading=reading)
        assert pl.read_parquet(tmp_path / "out.parquet")["b"].to_list() == [1.0, 1.5, None]


def test_npy_refuses_integers_that_it_would_round(cli: Cli, tmp_path: Path) -> None:
    """NPY stores doubles."""
    pl.DataFrame({"x": [1.0], "id": [(1 << 53) + 1]}).write_parquet(tmp_path / "a.parquet")
    message = cli.fails(1, "eval", "relu", "-c", "x", str(tmp_path / "a.parquet"), "-o", str(tmp_path / "a.npy"))
    assert "column 'id'" in message
    pl.DataFrame({"x": [1.0], "id": [1 << 53]}).write_parquet(tmp_path / "a.parquet")
    cli.ok("eval", "relu", "-c", "x", str(tmp_path / "a.parquet"), "-o", str(tmp_path / "a.npy"))
    assert np.load(tmp_path / "a.npy")[0, 1] == 1 << 53


def test_lists_and_structs_keep_what_json_lacks(cli: Cli, tmp_path: Path) -> None:
    """NaN and the infinities become strings at any depth, and missing values null."""
    nested = [{"a": [1.5, float("nan"), None], "b": 1}, {"a": None, "b": None}, None]
    pl.DataFrame({"x": [1.0, 1.0, 1.0], "n": nested}).write_parquet(tmp_path / "a.parquet")
    rows = cli.ok("eval", "relu", "-c", "x", str(tmp_path / "a.parquet"), "-f", "jsonl").splitlines()
    found = [json.loads(row)["n"] for row in rows]
    assert found == [{"a": [1.5, "NaN", None], "b": 1}, {"a": None, "b": None}, None]


def test_a_key_twice_and_minus_zero(cli: Cli, tmp_path: Path) -> None:
    """A repeated key is an error that names line and key; minus zero keeps its sign."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1, "b": -0}\n{"a": 1, "a": 2}\n')
    assert "line 2: the key 'a' appears twice" in cli.fails(1, "eval", "relu", str(path))
    assert cli.ok("eval", "identity", "-f", "csv", stdin=b'{"a": -0}\n') == "a\n-0.0\n"
