"""Tables as pandas and numpy write them: columns that are not neurons are left out, and every guess is noted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.run import Cli

from actcli.errors import UsageError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.table import Table


def opened(path: Path, **options: object) -> Table:
    (table,) = open_tables([str(path)], ReadOptions(**options))  # type: ignore[arg-type]
    return table


def picked(table: Table) -> list[str]:
    return [table.columns[i] for i in table.picked]


HEADS = [
    ("0,1,2\n-1,-2,-3\n-1,2,-3\n", ["0", "1", "2"], 2, "--no-header"),
    ("1,2,3\n-1,-2,-3\n-1,2,-3\n", ["1", "2", "3"], 2, "--no-header"),
    (",0,1\n0,-1,2\n1,-2,3\n", ["0", "1"], 2, "row labels"),
    (",a,b\n0,-1,2\n1,-2,3\n", ["a", "b"], 2, "row labels"),
    ('"","a","b"\n"r1",-1,2\n"r2",-2,3\n', ["a", "b"], 2, "row labels"),
    ("Unnamed: 0,a\n0,-1\n1,-2\n", ["a"], 2, "row labels"),
    ("a,b,\n-1,2,\n-2,3,\n", ["a", "b"], 2, "each line ends in a separator"),
    ("-1,2,\n-2,3,\n", ["0", "1"], 2, "each line ends in a separator"),
    ("1,2\n3,4\n", ["0", "1"], 2, ""),
    ("0,1\n-3,4\n", ["0", "1"], 2, "--header reads it as names"),
    ("0,1,2\n3,4,5\n6,7,8\n", ["0", "1", "2"], 3, ""),
    ("0\n1\n2\n", ["0"], 3, ""),
    ("0,1\n", ["0", "1"], 1, ""),
    ("0.5,1.5\n-1,2\n", ["0", "1"], 2, ""),
    ("a,,b\n1,2,3\n", ["a", "", "b"], 1, ""),
]


@pytest.mark.parametrize(("content", "neurons", "rows", "said"), HEADS)
def test_the_neurons_of_a_table(tmp_path: Path, content: str, neurons: list[str], rows: int, said: str) -> None:
    """The other columns are left out with a note."""
    path = tmp_path / "a.csv"
    path.write_text(content)
    table = opened(path)
    assert picked(table) == neurons
    assert sum(len(task().values) for task in table.tasks()) == rows
    assert said in "".join(table.notes)
    assert bool(said) == bool(table.notes)


def test_the_option_that_a_note_names_overrides_the_guess(tmp_path: Path) -> None:
    """Then nothing is guessed or noted."""
    path = tmp_path / "a.csv"
    path.write_text("0,1,2\n-1,-2,-3\n")
    table = opened(path, header=False)
    assert (len(table.picked), table.notes) == (3, ())
    path.write_text(",a\n0,-1\n")
    table = opened(path, columns=("*",))
    assert (table.picked, table.notes) == ((0, 1), ())
    assert picked(opened(path, columns=("!a", "#1"))) == [""]


def test_the_index_of_a_frame_of_pandas(tmp_path: Path) -> None:
    """Metadata of Parquet files name it; in Arrow files and JSON Lines it has a known name."""
    frame = pl.DataFrame({"x": [1.0, -1.0], "run": ["a", "b"]})
    said = json.dumps({"index_columns": ["run"], "columns": []})
    frame.write_parquet(tmp_path / "a.parquet", metadata={"pandas": said})
    assert picked(opened(tmp_path / "a.parquet")) == ["x"]
    frame.rename({"run": "__index_level_0__"}).write_ipc(tmp_path / "a.arrow")
    assert picked(opened(tmp_path / "a.arrow")) == ["x"]
    frame.select(pl.lit(1).alias("Unnamed: 0"), "x").write_ndjson(tmp_path / "a.jsonl")
    assert picked(opened(tmp_path / "a.jsonl")) == ["x"]


def test_a_number_that_could_be_two_columns(tmp_path: Path) -> None:
    """The error names both ways out, and these work."""
    path = tmp_path / "a.csv"
    path.write_text(",0,1\n0,-1,2\n")
    with pytest.raises(UsageError, match="is ambiguous: a name or a position") as caught:
        opened(path, columns=("!1",))
    assert "'=1'" in caught.value.hint
    assert "'#1'" in caught.value.hint
    assert picked(opened(path, columns=("!=1",))) == ["0"]
    assert picked(opened(path, columns=("#1",))) == [""]
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    assert opened(tmp_path / "a.npy").columns == ("0", "1", "2")
    with pytest.raises(UsageError, match="is ambiguous"):
        opened(tmp_path / "a.npy", columns=("1",))
    assert opened(tmp_path / "a.npy", columns=("#3", "=0")).picked == (2, 0)


def test_columns_come_in_the_order_asked_for(cli: Cli) -> None:
    """A gated function takes the first half as its values."""
    table = b"g0,g1,u0,u1\n1,2,3,4\n"
    assert cli.ok("eval", "swiglu", "-c", "u0,u1,g0,g1", "-f", "csv", stdin=table).startswith('"swiglu(u0,g0)"')


def test_every_command_notes_each_guess_once(cli: Cli, tmp_path: Path) -> None:
    """They go to standard error; the result is the same as without the column."""
    (tmp_path / "a.csv").write_text(",a,b\n0,-1,2\n1,-2,3\n")
    (tmp_path / "b.csv").write_text("a,b\n-1,2\n-2,3\n")
    for command in (("saturation", "relu", "-f", "csv"), ("compare", "relu", "-f", "csv", "-i"), ("eval", "relu")):
        done = cli(*command, str(tmp_path / "a.csv"))
        assert done.stderr.decode().count("is left out (row labels)") == 1
        if command[0] == "saturation":
            plain = cli.ok(*command, str(tmp_path / "b.csv"))
            assert done.stdout.decode().replace("a,relu", "b,relu") == plain


@pytest.mark.parametrize("dtype", [pl.List(pl.Float32), pl.Array(pl.Float64, 2), pl.List(pl.Int16)])
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_column_of_lists_holds_rows_of_neurons(tmp_path: Path, dtype: pl.DataType, suffix: str) -> None:
    """As the loggers of frameworks write them: each entry of a list is a neuron, a missing list a missing row."""
    path = tmp_path / f"a.{suffix}"
    frame = pl.DataFrame({"h": [[-1, 2], None, [-3, 4]], "step": [0, 1, 2]}, schema_overrides={"h": dtype})
    frame.write_parquet(path) if suffix == "parquet" else frame.write_ipc(path)
    table = opened(path, columns=("h",))
    assert picked(table) == ["h[0]", "h[1]"]
    (block,) = [task() for task in table.tasks()]
    assert block.missing is not None
    assert block.missing.tolist() == [[False, False], [True, True], [False, False]]
    assert block.values[[0, 2]].tolist() == [[-1, 2], [-3, 4]]
    assert block.rest is not None
    assert block.rest().rows() == [(0,), (1,), (2,)]
    assert picked(opened(path)) == ["h[0]", "h[1]", "step"]


def test_lists_of_several_lengths_are_rejected(tmp_path: Path, cli: Cli) -> None:
    """The error names the row."""
    pl.DataFrame({"h": [[1.0, 2.0], [3.0]]}).write_parquet(tmp_path / "a.parquet")
    message = cli.fails(1, "saturation", "relu", str(tmp_path / "a.parquet"))
    assert "column 1 (h) has 1 number in row 2, but 2 in the first" in message
