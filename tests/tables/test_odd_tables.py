"""Tables that are valid but odd, or almost valid: read, or rejected with the way out."""

from __future__ import annotations

import datetime
import gzip
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from markdown_it import MarkdownIt
from support.run import Cli
from support.zstd import zstd

TABLE = b"a,b\n1,-2\n3,-4\n"
RESULT = "a,b\n1.0,0.0\n3.0,0.0\n"
HALVES = (b"a,b\n1,-2\n", b"3,-4\n")
zipped = partial(gzip.compress, mtime=0)
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0note"  # a frame of the Zstandard format (RFC 8878, 3.1.2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("members.csv.gz", b"".join(map(zipped, (b"", *HALVES, b"")))),
        ("padded.csv.gz", zipped(TABLE) + bytes(100)),
        ("frames.csv.zst", b"".join(map(zstd.compress, (b"", *HALVES, b"")))),
        ("skippable.csv.zst", SKIPPABLE + zstd.compress(TABLE)),
        ("no_ending.csv", zipped(TABLE)),
        ("other_ending.csv.gz", zstd.compress(TABLE)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_compressed_in_several_parts(cli: Cli, tmp_path: Path, name: str, content: bytes) -> None:
    """This works in a file and through a pipe; the content, not the name, determines the compression."""
    (tmp_path / name).write_bytes(content)
    assert cli.ok("eval", "relu", str(tmp_path / name)) == RESULT
    assert cli.ok("eval", "relu", stdin=content) == RESULT


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plain.csv.gz", TABLE, ["is not compressed, though its name says so", "rename"]),
        ("plain.csv.zst", TABLE, ["is not compressed, though its name says so", "rename"]),
        ("empty.csv.gz", b"", ["is empty"]),
        ("empty.csv.zst", b"", ["is empty"]),
        ("garbage.csv.gz", zipped(TABLE) + b"garbage", ["damaged", "create it again"]),
        ("sum.csv.gz", zipped(TABLE)[:-8] + bytes(8), ["damaged", "create it again"]),
        ("array.json", b'[{"a": 1}, {"a": 2}]\n', ["an array of objects", "jq -c '.[]'"]),
        ("pretty.json", b'[\n {"a": 1},\n {"a": 2}\n]\n', ["line 1", "jq -c '.[]'"]),
        ("half.jsonl", b'{"a": 1, "t": "x"}\n{"a": 1, "t": "\\ud800"}\n', ["line 2", "half a character"]),
        ("half_name.jsonl", b'{"a\\udc00": 1}\n', ["line 1", "half a character"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_almost_tables_are_rejected_with_the_way_out(
    cli: Cli, tmp_path: Path, name: str, content: bytes, words: list[str]
) -> None:
    """There is one error and no part of a result, even on standard output."""
    (tmp_path / name).write_bytes(content)
    message = cli.fails(1, "eval", "relu", str(tmp_path / name), "-c", "#1")
    for word in (name, *words):
        assert word in message


def test_json_lines_may_be_called_json(cli: Cli, tmp_path: Path) -> None:
    """Without a name, their first bytes identify them."""
    lines = b'{"a": -1, "t": "\\u00e9"}\n{"t": "\\ud83d\\ude00", "a": 2}\n'
    (tmp_path / "a.json").write_bytes(lines)
    expected = "a,t\n0.0,é\n2.0,😀\n"
    assert cli.ok("eval", "relu", "-c", "a", str(tmp_path / "a.json"), "-f", "csv") == expected
    assert cli.ok("eval", "relu", "-c", "a", stdin=lines) == expected
    assert "array of objects" in cli.fails(1, "eval", "relu", stdin=b'[{"a": 1}, {"a": 2}]\n')


ODD = {
    "list": [[1, 2], None],
    "struct": [{"Binary": 1}, None],
    "duration": [datetime.timedelta(days=1), None],
    "durations": [[datetime.timedelta(days=1)], None],
    "text": ["x|y", None],
}


def cells(markdown: str) -> list[str]:
    """Return the cells of a Markdown table as its readers see them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return ["".join(part.content for part in token.children or ()) for token in tokens if token.type == "inline"]


@pytest.mark.parametrize("name", ODD)
def test_other_columns_of_any_type_pass_into_text(cli: Cli, tmp_path: Path, name: str) -> None:
    """They are written as JSON; missing values are empty, and null in JSON."""
    path = str(tmp_path / "a.parquet")
    pl.DataFrame({"x": [1.0, -1.0], "other": ODD[name]}).write_parquet(path)
    rows = [json.loads(line) for line in cli.ok("eval", "relu", "-c", "x", path, "-f", "jsonl").splitlines()]
    assert [row["x"] for row in rows] == [1.0, 0.0]
    assert rows[1]["other"] is None
    value = rows[0]["other"]
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    quoted = '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
    assert cli.ok("eval", "relu", "-c", "x", path, "-f", "csv") == f"x,other\n1.0,{quoted}\n0.0,\n"
    markdown = cli.ok("eval", "relu", "-c", "x", path, "-f", "markdown")
    assert cells(markdown) == ["x", "other", "1", text, "0", ""]


BYTES: list[Any] = [b"\xff", [b"\xff"], {"a": b"\xff"}]


@pytest.mark.parametrize("value", BYTES, ids=["bytes", "list", "struct"])
@pytest.mark.parametrize("format", ["csv", "tsv", "json", "jsonl", "markdown"])
def test_bytes_are_not_text(cli: Cli, tmp_path: Path, value: Any, format: str) -> None:
    """They pass into parquet; in other formats they are one error, not a panic of polars."""
    path = str(tmp_path / "a.parquet")
    pl.DataFrame({"x": [1.0], "blob": [value]}).write_parquet(path)
    message = cli.fails(1, "eval", "relu", "-c", "x", path, "-f", format)
    assert "'blob'" in message
    assert "parquet" in message
    cli.ok("eval", "relu", "-c", "x", path, "-o", str(tmp_path / "o.parquet"))
    assert pl.read_parquet(tmp_path / "o.parquet")["blob"].to_list() == [value]


@pytest.mark.parametrize("other", [["x"], [[1.0]], [{"a": 1.0}]])
def test_npy_refuses_what_is_not_a_number(cli: Cli, tmp_path: Path, other: list[Any]) -> None:
    """The error names the column, also for lists, structs and categories."""
    path = str(tmp_path / "a.parquet")
    series = pl.Series("other", other)
    pl.DataFrame([pl.Series("x", [1.0]), series.cast(pl.Categorical) if other == ["x"] else series]).write_parquet(path)
    message = cli.fails(1, "eval", "relu", "-c", "x", path, "-o", str(tmp_path / "o.npy"))
    assert "column 2 (other)" in message
    assert os.listdir(tmp_path) == ["a.parquet"]


def test_an_empty_object_is_nothing_for_parquet(cli: Cli, tmp_path: Path) -> None:
    """Parquet cannot have columns without fields."""
    message = cli.fails(
        1, "eval", "relu", "-c", "a", "-o", str(tmp_path / "o.parquet"), stdin=b'{"a": 1, "meta": {}}\n'
    )
    assert "parquet" in message
    assert "write csv" in message
    assert os.listdir(tmp_path) == []


def test_a_first_block_that_fails_prints_nothing(cli: Cli) -> None:
    """Not even the header is printed, in any text format."""
    for format in ("csv", "tsv", "json", "jsonl", "markdown"):
        cli.fails(1, "eval", "relu", "-f", format, stdin=b"a,b\n1,oops\n")


def test_arrays_without_real_numbers_are_errors_with_the_way_out(cli: Cli, tmp_path: Path) -> None:
    """For example complex numbers or images next to the layers in an NPZ."""
    np.savez(tmp_path / "a.npz", layer=np.ones((2, 2)), waves=np.array([1j]), images=np.ones((2, 3, 3)))
    path = str(tmp_path / "a.npz")
    assert "array waves" in cli.fails(1, "eval", "relu", path)
    assert "--layer '!waves'" in cli.fails(1, "saturation", "relu", path)
    done = cli("saturation", "relu", path, "--layer", "!waves")
    assert (done.returncode, b"choose another with --axis" in done.stderr) == (0, True)
    cli.ok("saturation", "relu", path, "--layer", "!waves", "--layer", "!images")


def test_scalars_labels_and_texts_of_an_npz_are_left_out(cli: Cli, tmp_path: Path) -> None:
    """One line notes them; each can be asked for by name, and is then read or an error, as it is alone in a file."""
    path, scalar = str(tmp_path / "a.npz"), str(tmp_path / "b.npz")
    arrays = {"y": np.array([1, 2]), "epoch": np.array(3), "names": np.array(["a", "b"]), "mask": np.array([True])}
    np.savez(path, fc1=np.ones((2, 2)), fc2=np.array([1.5, -2.5]), **arrays)
    np.savez(scalar, epoch=np.array(3))

    def layers(*words: str) -> tuple[list[str], str]:
        done = cli("saturation", "relu", path, "-f", "csv", *words)
        return [line.split(",")[0] for line in done.stdout.decode().splitlines()[1:]], done.stderr.decode()

    names, said = layers()
    assert names == ["fc1", "fc2"]
    assert said == (
        f"actcli: {path}: left out: y (labels), epoch (a scalar), names (text), mask (booleans); "
        "--layer NAME includes one\n"
    )
    assert layers("--layer", "y")[0] == ["y"]
    assert layers("--layer", "fc*") == (["fc1", "fc2"], said)
    assert "contains <U1" in cli.fails(1, "saturation", "relu", path, "--layer", "names")
    assert "array epoch: is a single number" in cli.fails(1, "saturation", "relu", scalar)
    assert b"left out: y (labels)" in cli("eval", "relu", path, "-c", "#1").stderr


NOT_FINITE = [
    *([command, "relu", "--epsilon", value] for command in ("saturation", "compare", "plot")
      for value in ("nan", "inf")),
    *(["saturation", "relu", option, "nan", "1"] for option in ("--tau", "--alpha", "--max-dead", "--max-saturated",
                                                               "--max-vanishing", "--min-gradient")),
    *(["compare", "relu", option, value] for option in ("--q", "--sigma-w", "--sigma-b") for value in ("nan", "inf")),
    *(["eval", "relu", "--range", value] for value in ("0:1e400", "1e999999999:2", "0:nan", "0:1:inf")),
    ["plot", "relu", "--range", "0:1e400"],
    ["compare", "relu", "--sigma-w", "1e300"],
]  # fmt: skip


@pytest.mark.parametrize("args", NOT_FINITE, ids=" ".join)
def test_options_are_finite_numbers(cli: Cli, args: list[str]) -> None:
    """A limit of NaN would pass everything."""
    assert args[2] in cli.fails(2, *args)


def test_a_network_may_grow_beyond_the_doubles(cli: Cli) -> None:
    """It is followed as far as doubles reach."""
    cli.ok("compare", "relu", "--sigma-w", "10", "--depth", "1000")


def test_a_missing_folder_is_named(cli: Cli, tmp_path: Path) -> None:
    """The error tells to create it."""
    assert f"no folder {tmp_path}/no" in cli.fails(1, "eval", "relu", "1", "-o", str(tmp_path / "no" / "o.csv"))
