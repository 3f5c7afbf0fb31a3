"""The command line as a person or a script meets it: a process, bytes in, bytes out, an exit status."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import mpmath
import numpy as np
import polars as pl
import pytest
from markdown_it import MarkdownIt
from support.program import commands
from support.run import DATA, ROOT, Cli

from actcli.cli.main import COMMANDS
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

LAYER = str(DATA / "relu_trained" / "layer2.csv")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# eval and grad on numbers


def test_a_column_in_a_pipe_gives_csv(cli: Cli) -> None:
    """The example of the issue, to the byte."""
    assert cli.ok("eval", "relu", stdin=b"x\n-1\n0\n2\n") == "x\n0.0\n0.0\n2.0\n"


def test_a_formula_may_begin_with_a_minus(cli: Cli) -> None:
    """Its first letter may be that of an option, but of none of this command."""
    assert cli.ok("eval", "-i*x:i=2", "3") == "x,f\n3.0,-6.0\n"
    assert "*x: there is no such file" in cli.fails(1, "compare", "relu", "-i*x")


def test_negative_numbers_need_no_dashes(cli: Cli) -> None:
    """-1, -1e-3, -.5 and -inf are inputs, before and behind options, and after --."""
    expected = ["-1.0", "-0.001", "-0.5", "-inf"]
    for args in (
        ["-1", "-1e-3", "-.5", "-inf"],
        ["-1", "-1e-3", "-f", "csv", "-.5", "-inf"],
        ["--", "-1", "-1e-3", "-.5", "-inf"],
    ):
        assert [row["x"] for row in rows(cli.ok("eval", "identity", *args))] == expected


def test_eval_keeps_every_digit(cli: Cli) -> None:
    """CSV gives back exactly the double that the library computes."""
    x = [1e-300, 0.1, -3.7, 39.0, -745.0]
    found = rows(cli.ok("eval", "sigmoid", *map(repr, x)))
    assert [float(row["f"]) for row in found] == specs.get("sigmoid").f(x).tolist()


def test_grad_columns(cli: Cli) -> None:
    """x,f,df; with --order 2 also d2f; with --wrt the derivative by the parameter in place of df."""
    assert cli.ok("grad", "sigmoid", "39") == "x,f,df\n39.0,1.0,1.1548224173015786e-17\n"
    assert cli.ok("grad", "tanh", "--order", "2", "0") == "x,f,df,d2f\n0.0,0.0,1.0,-0.0\n"
    assert cli.ok("grad", "elu", "--wrt", "alpha", "1", "0") == "x,f,df/dalpha\n1.0,1.0,0.0\n0.0,0.0,0.0\n"


def test_range_steps_are_exact_decimals(cli: Cli) -> None:
    """-1:1:0.1 has 21 numbers, 0.3 among them and not 0.30000000000000004; it runs down as well."""
    found = [row["x"] for row in rows(cli.ok("eval", "relu", "--range", "-1:1:0.1"))]
    assert len(found) == 21
    assert "0.3" in found
    assert [row["x"] for row in rows(cli.ok("eval", "relu", "--range", "2:0"))] == ["2.0", "1.0", "0.0"]


def test_softmax_takes_the_numbers_as_its_row(cli: Cli) -> None:
    """Numbers are one row, of which the Jacobian is given whole (values of mpmath)."""
    found = rows(cli.ok("eval", "softmax", "1", "2", "3"))
    total = sum(mpmath.exp(i) for i in (1, 2, 3))
    assert [float(row["f"]) for row in found] == pytest.approx([float(mpmath.exp(i) / total) for i in (1, 2, 3)])
    jacobian = rows(cli.ok("grad", "softmax", "--jacobian", "1", "2", "3"))
    assert list(jacobian[0]) == ["row", "output", "d/d1", "d/d2", "d/d3"]
    s = [float(row["f"]) for row in found]
    for i, row in enumerate(jacobian):
        for j in range(3):
            assert float(row[f"d/d{j + 1}"]) == pytest.approx(s[i] * ((i == j) - s[j]), rel=1e-12)


def test_jacobian_of_a_table_has_a_line_a_row_and_output(cli: Cli) -> None:
    """Rows are counted on through the blocks."""
    found = rows(cli.ok("grad", "softmax", "--jacobian", stdin=b"a,b\n0,0\n1,3\n"))
    assert [(row["row"], row["output"]) for row in found] == [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")]
    assert found[0]["d/da"] == "0.25"


# eval and grad on tables


def test_a_table_keeps_rows_columns_and_order(cli: Cli) -> None:
    """Each number is replaced by its value; the names stay."""
    source = np.loadtxt(LAYER, delimiter=",", skiprows=1)
    text = cli.ok("eval", "gelu", LAYER)
    assert text.splitlines()[0] == Path(LAYER).read_text().splitlines()[0]
    np.testing.assert_array_equal(np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1), specs.get("gelu").f(source))


def test_grad_of_a_table_is_the_derivative_asked_for(cli: Cli) -> None:
    """df, d2f with --order 2, the derivative by a parameter with --wrt."""
    stdin = b"a,b\n-1,2\n0.5,-3\n"
    x = np.array([[-1, 2], [0.5, -3]])
    elu = specs.get("elu")
    for options, expected in (
        ([], elu.df(x)),
        (["--order", "2"], elu.d2f(x)),
        (["--wrt", "alpha"], elu.derivative_by("alpha", x)),
    ):
        text = cli.ok("grad", "elu", *options, stdin=stdin)
        np.testing.assert_array_equal(np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1), expected)


def test_append_keeps_the_inputs(cli: Cli) -> None:
    """The results follow as relu(h0) and so on."""
    text = cli.ok("eval", "relu", "--append", stdin=b"h0,h1\n-1,2\n")
    assert text == "h0,h1,relu(h0),relu(h1)\n-1.0,2.0,0.0,2.0\n"
    assert cli.ok("grad", "elu:0.5", "--append", stdin=b"x\n1\n").startswith("x,elu:alpha=0.5'(x)\n")


def test_columns_that_are_not_picked_pass_through(cli: Cli) -> None:
    """Text, dates and leading zeros stay as they were."""
    stdin = b'id,h0,label\n007,-1.50,"a, b"\n008,2,2026-11-20\n'
    assert cli.ok("eval", "relu", "-c", "h*", stdin=stdin) == 'id,h0,label\n007,0.0,"a, b"\n008,2.0,2026-11-20\n'


def test_missing_cells_stay_empty(cli: Cli) -> None:
    """Empty cells and those named by --null pass through as empty; in softmax they empty their row."""
    stdin = b"a,b\n1,\nNA,-2\n"
    assert cli.ok("eval", "relu", "--null", "NA", stdin=stdin) == "a,b\n1.0,\n,0.0\n"
    assert cli.ok("eval", "softmax", stdin=b"a,b\n1,\n0,0\n") == "a,b\n,\n0.5,0.5\n"


def test_no_header(cli: Cli) -> None:
    """A first row of numbers is data, unless --header says otherwise; text is a header, unless --no-header says so."""
    assert cli.ok("eval", "relu", stdin=b"1,-2\n3,4\n") == "1.0,0.0\n3.0,4.0\n"
    assert cli.ok("eval", "relu", "--header", stdin=b"1,-2\n3,4\n") == "1,-2\n3.0,4.0\n"
    assert "line 1" in cli.fails(1, "eval", "relu", "--no-header", stdin=b"x\n1\n")


def test_several_tables_are_written_one_below_the_other(cli: Cli, tmp_path: Path) -> None:
    """Tables of the same columns; others are refused."""
    for name, text in {"a": "x\n-1\n", "b": "x\n2\n", "c": "y\n2\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    a, b, c = (str(tmp_path / f"{name}.csv") for name in "abc")
    assert cli.ok("eval", "relu", a, b) == "x\n0.0\n2.0\n"
    assert "other columns" in cli.fails(1, "eval", "relu", a, c)


@pytest.mark.parametrize("format", ["csv", "tsv", "json", "jsonl", "parquet", "npy"])
def test_every_output_format_is_read_back(cli: Cli, tmp_path: Path, format: str) -> None:
    """What eval writes, eval reads: the same numbers, NaN and infinity among them."""
    file = str(tmp_path / f"out.{format}")
    cli.ok("eval", "identity", "-o", file, stdin=b"a,b\n1,0.1\nNaN,-inf\n-2,1e-300\n")
    if format == "json":
        found = [[float(value) for value in row.values()] for row in json.loads(Path(file).read_text())]
    elif format == "npy":
        found = np.load(file).tolist()
    else:
        found = [[float(value) for value in row.values()] for row in rows(cli.ok("eval", "identity", file))]
    np.testing.assert_array_equal(found, [[1, 0.1], [math.nan, -math.inf], [-2, 1e-300]])


# output


def test_output_files_are_whole_or_absent(cli: Cli, tmp_path: Path) -> None:
    """A failing run leaves the old file as it was, and nothing beside it."""
    file = tmp_path / "out.csv"
    file.write_text("old")
    cli.fails(1, "eval", "relu", "-o", str(file), stdin=b"x\n1\nword\n")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.csv"]
    cli.ok("eval", "relu", "-o", str(file), stdin=b"x\n1\n")
    assert file.read_text() == "x\n1.0\n"


def test_a_format_unknown_by_name_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    """out.foo needs -f."""
    assert "-f" in cli.fails(2, "eval", "relu", "1", "-o", str(tmp_path / "out.foo"))
    assert "saturation" not in os.listdir(tmp_path)


def test_the_full_disk_is_an_error(cli: Cli) -> None:
    """Writing to /dev/full fails with status 1, for small results and for streams."""
    for args in (["eval", "relu", "1"], ["eval", "relu", LAYER], ["saturation", "relu", LAYER, "-f", "json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "actcli", *args],
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        assert done.returncode == 1
        assert b"No space left" in done.stderr


def test_a_closed_pipe_ends_the_run_quietly() -> None:
    """`| head -1` gives status 141 and no message."""
    run = f"{shlex.quote(sys.executable)} -m actcli eval relu --range 0:1000000 2>&3 | head -1; echo ${{PIPESTATUS[0]}}"
    command = f"exec 3>&1; {run}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().split() == ["x,f", "141"]


def test_an_interrupt_stops_with_130(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a stream ends it soon, with no traceback and no file left."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "actcli", "eval", "relu", "-o", str(tmp_path / "out.csv")],
        stdin=reader,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    os.close(reader)
    os.write(writer, b"x\n" + b"1.5\n" * 5000)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=20)
    os.close(writer)
    assert process.returncode == 130
    assert b"Traceback" not in message
    assert os.listdir(tmp_path) == []


def test_standard_output_carries_results_only(cli: Cli) -> None:
    """Help and version succeed; a usage error prints on standard error alone."""
    assert "saturation" in cli.ok("--help")
    assert cli.ok("--version").startswith("actcli 0.")
    cli.fails(2, "eval")
    cli.fails(2, "eval", "relu")
    assert "Did you mean 'eval'?" in cli.fails(2, "evaluate", "relu")
    cli.fails(2, "eval", "relu", "--order", "2")


@pytest.mark.parametrize("command", ["eval", "grad", "plot", "saturation", "compare", "list", "show"])
def test_help_fits_80_columns(cli: Cli, command: str) -> None:
    """Every command has help, no line of it longer than 80."""
    text = cli.ok(command, "--help", COLUMNS="200")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["eval", "rleu", "1"], ["did you mean", "relu"]),
        (["eval", "elu:alhpa=1", "1"], ["alpha"]),
        (["eval", "relu", "1", LAYER], ["not both"]),
        (["eval", "relu", "--range", "1:2:-1"], ["step"]),
        (["eval", "relu", "--range", "a:b"], ["START:STOP"]),
        (["eval", "relu", "1", "--range", "1:2"], ["--range"]),
        (["grad", "relu", "--wrt", "alpha", "1"], ["no parameter"]),
        (["grad", "relu", "--jacobian", "1"], ["diagonal"]),
        (["grad", "softmax", "--jacobian", "--order", "2", "1"], ["one of them"]),
        (["saturation", "relu", "--max-dead", "0.1"], ["no layer"]),
        (["saturation", "relu", "--epsilon", "-1"], ["epsilon"]),
        (["eval", "relu", LAYER, "-c", "h99"], ["h99"]),
        (["plot", "relu", "-o", "x.gif"], [".png"]),
        (["plot", "relu", "--range", "3:1"], ["START:STOP"]),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_to_do(cli: Cli, args: list[str], words: list[str]) -> None:
    """One error of at most two lines that names the way out."""
    message = cli.fails(2, *args)
    for word in words:
        assert word in message


# saturation, compare, plot, list, show


def test_saturation_without_inputs_gives_the_regions(cli: Cli) -> None:
    """With no input, or an empty standard input, the rows are regions."""
    for stdin in (None, b""):
        assert cli.ok("saturation", "relu6", stdin=stdin) == "from,to,kind\n-inf,0.0,zero\n6.0,inf,zero\n"


def test_saturation_rows(cli: Cli) -> None:
    """One row a layer by default, else a neuron or a region, under the names of the JSON."""
    document = json.loads(cli.ok("saturation", "relu", LAYER, "-f", "json"))
    assert document["schema"] == "actcli.saturation/1"
    assert document["regions"] == [{"from": None, "to": 0.0, "kind": "zero"}]
    assert document["thresholds"]["tau"] == pytest.approx(0.0591)
    (layer,) = rows(cli.ok("saturation", "relu", LAYER))
    assert list(layer) == list(document["layers"][0])
    assert float(layer["vanishing_ratio"]) == document["layers"][0]["vanishing_ratio"]
    neurons = rows(cli.ok("saturation", "relu", LAYER, "--by", "neuron"))
    assert list(neurons[0]) == list(document["neurons"][0])
    assert [n["neuron"] for n in neurons if n["dead"] == "true"] == ["h13", "h21"]
    assert rows(cli.ok("saturation", "relu", LAYER, "--by", "region"))[0]["kind"] == "zero"


def test_saturation_of_numbers_is_one_neuron(cli: Cli) -> None:
    """Bare numbers are the samples of a neuron x."""
    (layer,) = rows(cli.ok("saturation", "relu", "-1", "2", "-3", "-4"))
    assert (layer["samples"], layer["neurons"], layer["vanishing_ratio"]) == ("4", "1", "0.75")


def test_gates(cli: Cli) -> None:
    """A gate that fails gives status 3 and a line on standard error; the result is printed all the same."""
    done = cli("saturation", "relu", LAYER, "--max-dead", "0.05", "--max-vanishing", "0.9")
    assert done.returncode == 3
    assert done.stderr.decode() == "actcli: layer2: dead_neuron_ratio is 0.0625, above 0.05\n"
    assert done.stdout.startswith(b"name,samples")
    cli.ok("saturation", "relu", LAYER, "--max-dead", "0.0625")
    done = cli("saturation", "relu", LAYER, "--min-gradient", "0.5", "--max-saturated", "0.5")
    assert done.returncode == 3
    assert [line.split(" is ")[0] for line in done.stderr.decode().splitlines()] == [
        "actcli: layer2: saturated_ratio",
        "actcli: layer2: mean_abs_gradient",
    ]
    assert "below 0.5" in done.stderr.decode()
    nothing = cli("saturation", "relu", "inf", "--min-gradient", "0.1")
    assert (nothing.returncode, b"there are no values" in nothing.stderr) == (3, True)
    done = cli("saturation", "relu", LAYER, "--min-gradient", "0.5", "--max-saturated", "0.5")
    assert done.returncode == 3
    assert [line.split(" is ")[0] for line in done.stderr.decode().splitlines()] == [
        "actcli: layer2: saturated_ratio",
        "actcli: layer2: mean_abs_gradient",
    ]
    assert "below 0.5" in done.stderr.decode()
    nothing = cli("saturation", "relu", "inf", "--min-gradient", "0.1")
    assert (nothing.returncode, b"there are no values" in nothing.stderr) == (3, True)


def test_compare_alone_and_on_inputs(cli: Cli) -> None:
    """One row a function; with inputs one row a function and layer, with the figures of `saturation`."""
    document = json.loads(cli.ok("compare", "relu", "gelu", "-f", "json"))
    assert [f["name"] for f in document["functions"]] == ["relu", "gelu"]
    assert document["functions"][0]["range"] == [0.0, None]
    assert document["functions"][0]["he_gain"] == pytest.approx(math.sqrt(2))
    assert document["layers"] == []
    found = rows(cli.ok("compare", "relu", "tanh", "-i", LAYER))
    assert [(row["function"], row["layer"]) for row in found] == [("relu", "layer2"), ("tanh", "layer2")]
    (alone,) = rows(cli.ok("saturation", "tanh", LAYER))
    for name in ("vanishing_ratio", "saturated_low_ratio", "dead_neurons", "verdict"):
        assert found[1][name] == alone[name]


def test_plot_writes_a_figure_or_a_chart(cli: Cli, tmp_path: Path) -> None:
    """-o gives the format of its name; without it a chart no wider than the terminal."""
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        file = tmp_path / f"figure{suffix}"
        assert cli.ok("plot", "relu", "gelu", "--grad", "-o", str(file)) == ""
        assert file.read_bytes().startswith(magic)
    chart = cli.ok("plot", "relu", "tanh", COLUMNS="60", LINES="20")
    assert max(map(len, chart.splitlines())) <= 60
    assert "\x1b" not in chart


def test_list_and_show(cli: Cli) -> None:
    """list names every function; show tells formula, parameters, convention and source of one."""
    assert [row["name"] for row in rows(cli.ok("list"))] == [a.name for a in ACTIVATIONS]
    for activation in ACTIVATIONS:
        card = {row["field"]: row["value"] for row in rows(cli.ok("show", activation.name))}
        assert (card["f(x)"], card["source"]) == (activation.formula, activation.source)


def test_tables_carry_no_markup(cli: Cli) -> None:
    """A column named [red] or <b> shows as it is, in every format that a person reads."""
    text = cli.ok("saturation", "relu", "--by", "neuron", "-f", "table", stdin=b"[red],<b>|x\n1,2\n")
    assert "[red]" in text
    assert "<b>" in text


@pytest.mark.parametrize(("command", "at"), [(("saturation", "--by", "neuron"), 0), (("eval", "-c", "n"), 1)])
@pytest.mark.parametrize("text", ["<b>x</b>", "*x*", "__x__", "`x`", "[x](y)", "a|b", "a\\|b", "~~x~~", "&lt;", "\x07"])
def test_markdown_shows_names_and_cells_as_they_are(cli: Cli, command: tuple[str, ...], at: int, text: str) -> None:
    """To a reader of CommonMark, whatever they hold; neurons as cells, columns that pass through as both."""
    first, *options = command
    stdin = f"{text},n\n{text},2\n" if at else f"{text},n\n1,2\n"
    written = cli.ok(first, "relu", *options, "--header", "-f", "markdown", stdin=stdin.encode())
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(written)
    shown = [
        "".join("\n" if child.type != "text" else child.content for child in token.children or [])
        for token in tokens
        if token.type == "inline"
    ]
    assert shown.count(text.replace("\x07", r"\x07")) == at + 1


def test_tables_in_a_pipe_are_not_cut(cli: Cli) -> None:
    """-f table in a pipe is as wide as it needs to be, with no escape codes."""
    text = cli.ok("saturation", "relu", LAYER, "-f", "table", "--by", "neuron")
    assert "rms_gradient" in text
    assert "…" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("args", "absent"),
    [
        (["--help"], {"numpy", "polars", "matplotlib", "rich", "plotille"}),
        (["eval", "gelu", "1"], {"actcli.tables.source", "polars", "matplotlib", "rich", "scipy", "plotille"}),
        (["saturation", "tanh", LAYER], {"matplotlib", "rich", "scipy", "plotille"}),
        (["plot", "relu"], {"polars", "matplotlib", "rich"}),
    ],
)
def test_heavy_modules_are_loaded_only_where_used(args: list[str], absent: set[str]) -> None:
    """What a command does not need, it does not import."""
    code = "import sys; from actcli.cli.main import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, cwd=ROOT, stdin=subprocess.DEVNULL, check=True
    )
    assert not absent & set(done.stderr.decode().split())


def test_progress_is_for_terminals_and_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar after a second, none before it, none where it cannot go away; the parts pass unchanged."""
    from actcli.output import progress
    from actcli.tables.pipeline import Part
    from actcli.tables.table import Table

    table = Table("layer1", "layer1.csv", ("x",), (0,), True, 100, lambda: iter(()))
    parts = [Part(letter, 50, None) for letter in "abc"]

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown(stderr: io.StringIO, seconds: float) -> str:
        clock = iter(seconds * i for i in range(100))
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
        assert list(progress.watched(iter(parts), table)) == parts
        return stderr.getvalue()

    monkeypatch.setenv("TERM", "xterm")
    assert shown(Terminal(), 0.1) == ""
    assert shown(io.StringIO(), 2.0) == ""
    assert "layer1" in shown(Terminal(), 2.0)
    monkeypatch.setenv("TERM", "dumb")
    assert shown(Terminal(), 2.0) == ""


def test_results_are_the_same_bits_from_any_format_with_any_threads(cli: Cli, tmp_path: Path) -> None:
    """Several blocks of CSV, a pipe, gzip, Parquet and NPY, by 1, 2 and 4 threads: every digit agrees."""
    x = np.random.default_rng(0).normal(scale=3.0, size=(50_000, 16))
    frame = pl.DataFrame(x, schema=[str(i + 1) for i in range(16)])
    files = [tmp_path / f"layer.{end}" for end in ("csv", "csv.gz", "parquet", "npy")]
    frame.write_csv(files[0])
    files[1].write_bytes(gzip.compress(files[0].read_bytes(), 1))
    frame.write_parquet(files[2])
    np.save(files[3], x)
    options = ("-f", "json", "--header")  # the columns are called by their numbers, as those of NPY are
    runs = [cli.ok("saturation", "gelu", str(file), *options, "--threads", "2") for file in files]
    runs += [cli.ok("saturation", "gelu", str(files[0]), *options, "--threads", count) for count in ("1", "4")]
    piped = cli.ok("saturation", "gelu", *options, stdin=files[0].read_bytes())
    assert {run.replace("stdin", "layer") for run in (*runs, piped)} == {runs[0]}


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    """`--help` does not import the commands; what it says of them is the first sentence of their own help."""
    assert {name: command.get_short_help_str(limit=1000) for name, command in commands().items()} == COMMANDS
    assert {*COMMANDS, "__init__"} == {path.stem for path in (ROOT / "actcli" / "cli" / "commands").glob("*.py")}
