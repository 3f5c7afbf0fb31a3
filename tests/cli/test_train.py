"""`actcli train`: its outputs, its gates, and its errors for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from support.run import DATA, ROOT, Cli, rows

from actcli.reports.schema import schema

DIGITS = ("-i", str(DATA / "digits.csv"), "--target", "digit", "--task", "classify", "-c", "!p0,!p32,!p39")
QUICK = ("--hidden", "8", "--epochs", "2", "--seeds", "2")


def table(folder: Path, text: str) -> str:
    path = folder / "table.csv"
    path.write_text(text)
    return str(path)


def test_every_form_of_a_result(cli: Cli, tmp_path: Path) -> None:
    """A page, a figure, JSON that fits its schema, CSV by function, run, epoch and layer; the same bytes each time."""
    outputs = [str(tmp_path / name) for name in ("a.json", "a.svg", "a.csv")]
    asked = [word for path in outputs for word in ("-o", path)]
    page = tmp_path / "a.md"
    done = cli("train", "prelu", "elu:alpha=0.5|1", *DIGITS, *QUICK, "--learn", "layer", *asked, "--report", str(page))
    assert (done.returncode, done.stderr) == (0, b"")
    document = json.loads(Path(outputs[0]).read_text())
    jsonschema.validate(document, schema("train"))
    assert [run["function"] for run in document["runs"][::2]] == ["prelu", "elu:alpha=0.5", "elu"]
    assert [run["seed"] for run in document["runs"]] == [0, 1] * 3
    epoch = document["runs"][0]["epochs"][2]
    assert "seconds" not in epoch
    assert {"name", "dead_neuron_ratio", "vanishing_ratio", "gradient_rms"} <= epoch["layers"][0].keys()
    assert document["summary"][0]["accuracy"]["from"] <= document["summary"][0]["accuracy"]["mean"]
    text = page.read_text()
    assert "Take " in text
    assert "## Learned parameters" in text
    assert "no dead neurons" in Path(outputs[1]).read_text()
    before = Path(outputs[0]).read_bytes()
    cli("train", "prelu", "elu:alpha=0.5|1", *DIGITS, *QUICK, "--learn", "layer", "-o", outputs[0], "--threads", "1")
    assert Path(outputs[0]).read_bytes() == before


@pytest.mark.parametrize(
    ("by", "count", "names"),
    [
        ((), 1, {"function", "accuracy_from"}),
        (("--by", "run"), 2, {"function", "seed", "ended"}),
        (("--by", "epoch"), 6, {"function", "seed", "train_loss"}),
        (("--by", "layer"), 6, {"function", "seed", "gradient_rms"}),
    ],
)
def test_rows(cli: Cli, by: tuple[str, ...], count: int, names: set[str]) -> None:
    """With one hidden layer, three states per run; without times, which would differ from run to run."""
    found = rows(cli.ok("train", "relu", *DIGITS, *QUICK, *by, "-f", "csv"))
    assert len(found) == count
    assert names <= found[0].keys()
    assert not any("seconds" in name for name in found[0])


def test_timing_is_reported_when_it_is_asked_for(cli: Cli) -> None:
    found = rows(cli.ok("train", "relu", *DIGITS, *QUICK, "--timing", "-f", "csv"))
    assert float(found[0]["seconds"]) > 0.0


def test_gates(cli: Cli) -> None:
    """Status 3, and the result is still printed."""
    done = cli("train", "relu", *DIGITS, *QUICK, "--min-accuracy", "1", "--max-dead", "0", "-f", "csv")
    assert done.returncode == 3
    assert b"relu: accuracy is" in done.stderr
    assert rows(done.stdout.decode())
    assert cli("train", "relu", *DIGITS, *QUICK, "--min-accuracy", "0.1", "-f", "csv").returncode == 0


def test_weights_are_saved_and_read_back(cli: Cli, tmp_path: Path) -> None:
    """A run of no epochs from saved weights has the scores of the run that saved them."""
    path = str(tmp_path / "m.npz")
    first = cli("train", "relu", *DIGITS, *QUICK, "--save", path, "--by", "run", "-f", "csv")
    assert f"{path}: relu from seed".encode() in first.stderr
    again = rows(cli.ok("train", "relu", *DIGITS, "--hidden", "8", "--epochs", "0", "--seeds", "1", "--weights", path,
                        "--by", "run", "-f", "csv"))  # fmt: skip
    assert again[0]["loss"] in [row["loss"] for row in rows(first.stdout.decode())]


def test_a_pipe_of_words_and_holes(cli: Cli) -> None:
    """Classes may be words; a row with a missing value is left out, and its column is named; so is a constant
    column."""
    lines = [f"{i % 7},{(i * i) % 5},1,{'even' if i % 2 else 'odd'}" for i in range(40)]
    lines[3] = ",1,1,odd"
    text = "\n".join(["a,b,c,kind", *lines])
    done = cli("train", "relu", "--target", "kind", *QUICK, "-f", "json", stdin=text.encode())
    assert done.returncode == 0
    data = json.loads(done.stdout)["data"]
    assert (data["classes"], data["left_out"], data["missing"], data["constant"]) == (
        ["even", "odd"],
        1,
        {"a": 1},
        ["c"],
    )
    assert b"1 row left out: a value is missing in a (1)" in done.stderr
    assert b"constant" in done.stderr


def test_a_quantity(cli: Cli, tmp_path: Path) -> None:
    """A target with fractions is a quantity, as a note says; it has an R² and no accuracy."""
    path = table(tmp_path, "x,y\n" + "\n".join(f"{i / 10},{i / 7}" for i in range(60)))
    done = cli("train", "tanh", "-i", path, "--target", "y", *QUICK, "-f", "json")
    assert b"y has fractions and is treated as a quantity" in done.stderr
    summary = json.loads(done.stdout)["summary"][0]
    assert (summary["accuracy"], summary["r2"] is None) == (None, False)


@pytest.mark.parametrize(
    ("text", "target", "options", "status", "message"),
    [
        ("a,b\n1,2\n3,4\n", "c", (), 2, "no column 'c'"),
        ("a,b\n1,2\n3,2\n4,2\n", "b", (), 1, "has only one class, 2\n"),
        ("a,b\n", "b", (), 1, "no rows"),
        ("a,b\n1,2\n3,4\n5,6\n", "b", (), 1, "3 classes in 3 rows"),
        ("a,b,c\n1,u,0\n3,v,1\n1,u,0\n3,v,1\n", "c", (), 1, "'u' is not a number"),
        ("a\n1\n2\n", "a", (), 2, "leaves no column"),
        ("a,b\n1,\n,2\n", "b", (), 1, "every row has a missing value"),
        ("a,b\n1,x\n2,y\n1,x\n2,y\n", "b", ("--task", "regress"), 1, "contains words"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", (), 1, "holds out none of"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--hidden", "0"), 2, "is not a list of widths"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--hidden", "4,,4"), 2, "is not a list of widths"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--split", "0", "--learn", "layer"), 2, "has a parameter to learn"),
        (
            "a,b\n1,0\n2,1\n1,0\n2,1\n",
            "b",
            ("--split", "0", "--residual", "--hidden", "4"),
            2,
            "the width of the one before",
        ),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--search", "luck"), 2, "no search 'luck'"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--save", "model.pt"), 2, "gives no format for a network"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--lr", "0"), 2, "--lr"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--lr", "nan"), 2, "--lr"),
        ("a,b\n1,0\n2,1\n1,0\n2,1\n", "b", ("--split", "0", "--normalize", "batch", "--batch", "1"), 2, "no variance"),
    ],
)
def test_bad_input(
    cli: Cli, tmp_path: Path, text: str, target: str, options: tuple[str, ...], status: int, message: str
) -> None:
    """One clear error, and no result."""
    path = table(tmp_path, text)
    done = cli("train", "relu", "-i", path, "--target", target, *options)
    assert (done.returncode, done.stdout) == (status, b""), done.stderr.decode()
    assert message in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_learning_rate_that_diverges_is_a_verdict(cli: Cli) -> None:
    """The runs are reported, with the epoch in which they diverged."""
    done = cli("train", "relu", *DIGITS, *QUICK, "--optimizer", "sgd", "--lr", "1e6", "-f", "json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("train"))
    assert document["runs"][0]["diverged"] == 1
    assert document["summary"][0]["verdict"] == "critical"
    assert document["advice"].startswith("Take none")


def test_weights_of_another_shape(cli: Cli, tmp_path: Path) -> None:
    """The error names the array, and says that PyTorch's are transposed."""
    path = str(tmp_path / "w.npz")
    np.savez(path, W1=np.zeros((8, 61)), b1=np.zeros(8), W2=np.zeros((8, 10)), b2=np.zeros(10))
    message = cli.fails(1, "train", "relu", *DIGITS, *QUICK, "--weights", path)
    assert "W1 has shape (8, 61), not (61, 8)" in message
    assert "transpose" in message


def test_a_test_table_with_an_unknown_class(cli: Cli, tmp_path: Path) -> None:
    train = tmp_path / "train.csv"
    train.write_text("a,b\n1,0\n2,1\n1,0\n2,1\n")
    test = table(tmp_path, "a,b\n1,0\n2,7\n")
    base = ("train", "relu", "-i", str(train), "--target", "b", "--task", "classify", "--test", test)
    assert "the class 7" in cli.fails(1, *base)
    test = table(tmp_path, "z,b\n1,0\n2,1\n")
    assert "has other features" in cli.fails(1, *base)
    assert "scores come from the --test rows" in cli.fails(2, *base, "--split", "0.3")


def test_an_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    """Ctrl-C among many seeds: the finished runs are written whole, and the status is the shell's."""
    code = (
        "import os, signal\n"
        "from actcli.training.loop import Trainer\n"
        "result = Trainer.result\n"
        "def interrupted(self):\n"
        "    if self.seed == 2: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return result(self)\n"
        "Trainer.result = interrupted\n"
        "from actcli.__main__ import main; main()"
    )
    path = tmp_path / "kept.json"
    words = ("train", "relu", *DIGITS, *QUICK, "--seeds", "500", "--threads", "1", "-o", str(path))
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 130, done.stderr
    document = json.loads(path.read_text())
    jsonschema.validate(document, schema("train"))
    assert 2 <= len(document["runs"]) < 500
    assert b"did not finish" in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.json"]
