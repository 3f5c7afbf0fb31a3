"""Mistakes of new users: each error names a way out, and that way works."""

from __future__ import annotations

import json
import math
import os
import shlex
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.run import Cli

import actcli
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

LABELLED = "step,label,h0\n0,cat,1\n1,dog,-2\n"


def way(message: str) -> str:
    """The second line of an error."""
    return message.splitlines()[1].strip()


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "labelled.csv"
    path.write_text(LABELLED)
    return str(path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_of_labels_is_left_out_as_the_error_says(cli: Cli, table: str, suffix: str) -> None:
    """In text and Parquet alike; the numbers are left."""
    path = str(Path(table).with_suffix(suffix))
    if suffix == ".parquet":
        pl.read_csv(table).write_parquet(path)
    hint = way(cli.fails(1, "saturation", "relu", path))
    choice = shlex.split(hint.partition(" with ")[2].partition(", or")[0])
    assert choice == ["-c", "!label"]
    assert len(cli.ok("saturation", "relu", path, *choice, "--by", "neuron").splitlines()) == 3


@pytest.mark.parametrize(
    ("header", "choice"), [("a:b,h", "!#1"), ("label,label", "!#1"), ("1x,h", "!#1"), ("l_2,h", "!l_2")]
)
def test_a_name_that_reads_as_something_else_is_left_out_by_number(cli: Cli, header: str, choice: str) -> None:
    """A range, a name that appears twice, or a digit."""
    message = cli.fails(1, "saturation", "relu", stdin=f"{header}\ncat,1\n".encode())
    assert way(message).startswith(f"leave the column out with -c '{choice}'")


def test_a_glob_of_the_shell_is_not_taken_for_a_function(cli: Cli, table: str) -> None:
    """`-i *.csv` gives the first file to -i and the others to FUNCTION."""
    assert "is a file, not a function" in (message := cli.fails(2, "compare", "relu", "-i", table, table))
    assert "-i a.csv -i b.csv" in way(message)
    assert "FUNCTION comes before the files" in cli.fails(2, "saturation", table)
    assert "is a file" not in cli.fails(2, "saturation", "no_such_function")


def test_framework_names_as_they_are_imported(cli: Cli) -> None:
    """With @FRAMEWORK each means what its last part does; without, the error says how to write it."""
    for activation in ACTIVATIONS:
        for dialect in activation.dialects:
            if dialect.short is not None:
                whole = specs.get(f"{dialect.name}@{dialect.framework}")
                assert whole == specs.get(f"{dialect.short}@{dialect.framework}")
    assert specs.get("torch.nn.Softplus@torch").parameters["threshold"] == 20.0
    for written in ("torch.nn.SiLU", "nn.SiLU", "F.silu"):
        spec = way(cli.fails(2, "show", written)).removeprefix("write ")
        assert specs.get(spec).name == "silu"
    assert "attributes are not allowed" in cli.fails(2, "show", "x.real")


def test_options_before_the_command(cli: Cli) -> None:
    """They are unknown there; the error says where they belong."""
    assert "actcli COMMAND --functions" in cli.fails(2, "--functions", "my.toml", "list")


def test_names_of_outputs_that_mean_something_else(cli: Cli, tmp_path: Path) -> None:
    """A page is a report, and results are not compressed; nothing is written."""
    out = tmp_path / "out"
    assert f"--report {out}.html" in way(cli.fails(2, "saturation", "relu", "-o", f"{out}.html"))
    assert "| zstd" in way(cli.fails(2, "eval", "relu", "1", "-o", f"{out}.csv.zst"))
    assert not os.listdir(tmp_path)


def test_json_is_told_from_csv_by_its_first_bytes(cli: Cli, tmp_path: Path) -> None:
    """One object per line is read, also from a pipe; an array of objects used to be read as a header of odd names."""
    assert cli.ok("eval", "relu", stdin=b'{"a": -1, "b": 2}\n{"a": 3}\n') == "a,b\n0.0,2.0\n3.0,\n"
    path = tmp_path / "a.json"
    path.write_text('[{"a": -1}, {"a": 3}]')
    assert "on each line" in way(cli.fails(1, "eval", "relu", str(path)))


def test_feature_maps_are_channels_on_images(cli: Cli, tmp_path: Path) -> None:
    """Only channel 1 is dead, as certain as five images make it, not their twenty positions."""
    maps = np.ones((5, 3, 2, 2))
    maps[:, 1] = -1.0
    np.save(path := tmp_path / "maps.npy", maps)
    of = ("saturation", "relu", "-f", "jsonl")
    done = cli(*of, str(path), "--by", "neuron")
    assert b"axis 1 of shape (5, 3, 2, 2) counts neurons" in done.stderr
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert [row["dead"] for row in rows] == [False, True, False]
    assert [row["samples"] for row in rows] == [20] * 3
    assert rows[1]["dead_upper_bound"] == pytest.approx(1 - 0.05 ** (1 / 5))
    layer = json.loads(cli.ok(*of, str(path), "--by", "layer", "--axis", "1"))
    assert layer["samples"] == 5
    assert "1 of 3 neurons is dead on 5 inputs" in layer["reasons"]
    np.savez(tmp_path / "last.npz", h=np.moveaxis(maps, 1, -1), d=maps[:, :, 0, 0])
    both = cli.ok(*of, str(tmp_path / "last.npz"), "--by", "layer", "--axis", "-1").splitlines()
    assert [(one["samples"], one["dead_neurons"]) for one in map(json.loads, both)] == [(5, 1)] * 2
    assert "give 1 to 3" in way(cli.fails(2, "saturation", "relu", str(path), "--axis", "4"))


def test_a_remedy_is_in_a_row_once(cli: Cli, tmp_path: Path) -> None:
    """Even if it helps against several measures of a layer."""
    path = tmp_path / "dead.csv"
    path.write_text("h0,h1\n" + "-1,-2\n" * 100)
    row = json.loads(cli.ok("saturation", "relu", str(path), "--by", "layer", "-f", "jsonl"))
    remedies = row["remedies"].split("; ")
    assert len(remedies) == len(set(remedies)) > 1


def test_library_functions_accept_names() -> None:
    """A name gives the same result as its function; an unknown one raises the library's own error."""
    gelu = actcli.get("gelu")
    assert actcli.vanishing_regions("gelu") == actcli.vanishing_regions(gelu, 1e-3)
    assert actcli.mean_field("relu").mean_square == pytest.approx(0.5)
    assert actcli.mean_field("softmax").mean is None
    for value in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(actcli.UsageError, match="q is a number above 0"):
            actcli.mean_field("relu", value)
        with pytest.raises(actcli.UsageError, match="epsilon is a number above 0"):
            actcli.vanishing_regions("relu", value)
        with pytest.raises(actcli.UsageError, match="epsilon is a number above 0"):
            actcli.diagnose({"a": np.ones((2, 2))}, "relu", epsilon=value)


def test_near_misses_of_numbers_and_formats_are_named(cli: Cli, tmp_path: Path) -> None:
    """A share in percent, a framework after the parameters, an Arrow stream."""
    assert "write 10 % as 0.1" in cli.fails(2, "saturation", "relu", "--max-dead", "10%")
    assert "before the colon" in way(cli.fails(2, "eval", "leaky_relu:0.3@keras", "-1"))
    assert cli.ok("eval", "leaky_relu@keras:0.3", "-1").splitlines()[1] == "-1.0,-0.3"
    stream, file = str(tmp_path / "stream.arrow"), str(tmp_path / "file.arrow")
    pl.DataFrame({"h": [1.0]}).write_ipc_stream(stream)
    pl.DataFrame({"h": [1.0]}).write_ipc(file)
    assert "write an Arrow file" in way(cli.fails(1, "eval", "relu", stream))
    assert cli.ok("eval", "relu", file) == "h\n1.0\n"


SUGGESTED = [
    ("show", "ln(x)"),
    ("show", "np.tanh(x)"),
    ("show", "np.maximum(0, x) + torch.nn.functional.gelu(x)"),
    ("show", "swish:beta=2"),
]


@pytest.mark.parametrize("line", SUGGESTED, ids=" ".join)
def test_what_an_error_says_to_write_is_read(cli: Cli, line: tuple[str, ...]) -> None:
    """The suggested text is read as it is, in place of what was written."""
    said = way(cli.fails(2, *line)).removeprefix("write ")
    assert shlex.split(said) != [*line[1:]]
    cli.ok(line[0], *shlex.split(said))


def test_a_function_in_place_of_a_command(cli: Cli) -> None:
    """The error names the command that was meant, and that command works."""
    message = cli.fails(2, "relu", "-1", "2")
    assert cli.ok(*shlex.split(way(message).removeprefix("write actcli "))) == "x,f\n-1.0,0.0\n2.0,2.0\n"
    assert "is a function" not in cli.fails(2, "no_such_thing")


def test_a_file_in_place_of_a_function_need_not_exist(cli: Cli) -> None:
    """Its name shows that it is a file."""
    for name in ("layer9.csv", "runs/layer9.npz", "a.csv.gz"):
        assert "is a file's name" in cli.fails(2, "saturation", name)
    assert "attributes" in cli.fails(2, "saturation", "x.csv(x)")


def test_archives_without_arrays(cli: Cli, tmp_path: Path) -> None:
    """The error names what is in them; weights must be exported."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("layers/a.csv", "1,2")
    assert "such as layers/a.csv" in way(cli.fails(1, "saturation", "relu", str(tmp_path / "a.zip")))
    (tmp_path / "a.zip").rename(tmp_path / "a.pt")
    for line in (("relu", str(tmp_path / "a.pt")), (str(tmp_path / "a.pt"),), ("--model", str(tmp_path / "a.pt"), "1")):
        done = cli("saturation", *line)
        assert done.returncode in (1, 2)
        assert b"torch.onnx.export" in done.stderr


@pytest.mark.parametrize("dtype", [[("a", "f8"), ("b", "i4")], [("a", "f8"), ("t", "U3"), ("b", "f4")]])
def test_records_become_columns_as_the_error_says(cli: Cli, tmp_path: Path, dtype: list[tuple[str, str]]) -> None:
    """The suggested line of Python runs, and its output is read."""
    path = tmp_path / "a.npy"
    np.save(path, a := np.ones(3, dtype))
    hint = way(cli.fails(1, "saturation", "relu", str(path)))
    array = eval(hint.partition("FILE, ")[2].removesuffix(")"), {"numpy": np, "a": a})  # noqa: S307 - our own text
    np.save(path, array)
    assert cli.ok("eval", "relu", str(path)) == "1.0,1.0\n" * 3


def test_one_thing_is_not_several(cli: Cli) -> None:
    """In verdicts, comparisons and errors."""
    one = cli.ok("saturation", "relu", "-f", "jsonl", "--by", "layer", stdin=b"h\n-1\n")
    assert "1 samples" not in one
    assert "dead on 1 sample " in one
    assert "(1 times)" not in cli.ok("compare", "tanh", "tanh@torch", "-f", "json", "-i", "-", stdin=b"h\n1\n2.5\n")
    assert "1 number cannot be split" in cli.fails(1, "eval", "swiglu", "1")


@pytest.mark.parametrize(
    ("words", "option"), [(("fit", "relu"), "--to"), (("train", "relu", "-i", "tests/data/digits.csv"), "--target")]
)
def test_an_option_that_must_be_given_is_named(cli: Cli, words: tuple[str, ...], option: str) -> None:
    assert f"Missing option '{option}'" in cli.fails(2, *words)


@pytest.mark.parametrize("words", [("saturation",), ("saturation", "relu"), ("eval", "relu")])
def test_what_actcli_has_measured_is_shown_by_trend(cli: Cli, words: tuple[str, ...]) -> None:
    """New users give a watched training to `saturation` first."""
    message = cli.fails(2, *words, "tests/data/run.jsonl")
    assert way(message) == "show it with actcli trend tests/data/run.jsonl"
    assert b"layers over" in cli(*way(message).split()[-3:][1:], "-f", "table").stdout


def test_the_last_of_many_columns_is_named(cli: Cli) -> None:
    """The target of a table is often the last column."""
    message = cli.fails(2, "train", "relu", "-i", "tests/data/digits.csv", "--target", "class")
    assert way(message) == "its 65 columns: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, …, digit"


def test_a_pipeline_of_scikit_learn_is_taken_apart() -> None:
    class Pipeline:
        """Like that of sklearn.pipeline, which need not be installed here."""

    with pytest.raises(actcli.UsageError, match=r"actcli\.inspect\(model\[-1\], model\[:-1\]\.transform\(x\)\)"):
        actcli.inspect(Pipeline(), np.zeros((2, 2)))


def test_a_frame_of_pandas_is_one_note(cli: Cli) -> None:
    """Its row labels also show that the numbers above them are names."""
    done = cli("saturation", "relu", stdin=b",0,1\n0,-1,2\n1,-2,3\n")
    assert done.stderr.decode() == "actcli: standard input: column 1 is left out (row labels); -c '*' includes it\n"


@pytest.mark.parametrize(
    "words",
    [("plot",), ("compare", "relu", "gelu"), ("saturation",), ("show",), ("trend",), ("fit", "elu", "--to"),
     ("plot", "relu", "-i"), ("eval", "relu"), ("train", "relu", "--target", "y", "-i")],
)  # fmt: skip
def test_a_model_in_another_place_shows_how_to_run_it(cli: Cli, words: tuple[str, ...]) -> None:
    """In place of a function or of a table."""
    message = cli.fails(2, *words, "tests/data/digits.onnx")
    assert "tests/data/digits.onnx is a model, not a" in message
    assert way(message) == "run it on inputs: actcli saturation --model tests/data/digits.onnx INPUT..."


def test_a_glob_in_quotes_is_one_state(cli: Cli, tmp_path: Path) -> None:
    """Tables are read as one layer; files written by actcli are an error. Without quotes each file is a state."""
    for step in (1, 2):
        (tmp_path / f"t_{step}.csv").write_text("a,b\n-1,2\n2,3\n")
        (tmp_path / f"s_{step}.json").write_text(
            cli.ok("saturation", "relu", str(tmp_path / f"t_{step}.csv"), "-f", "json")
        )
    done = cli("trend", "relu", str(tmp_path / "t_*.csv"), "-f", "table")
    assert b"t_*.csv: all matching files form one state; without quotes each file is a state of its own" in done.stderr
    assert b"There is only one state" in done.stdout
    assert way(cli.fails(1, "trend", str(tmp_path / "s_*.json"))) == "without quotes the shell gives each file"
    each = cli("trend", "relu", str(tmp_path / "t_1.csv"), str(tmp_path / "t_2.csv"), "-f", "table")
    assert b"one state" not in each.stderr + each.stdout
