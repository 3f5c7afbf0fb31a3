"""Trends: changes against hand calculation and published numbers, and every form of input."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from support.run import DATA, Cli, rows

import actcli
from actcli.diagnosis.states import states
from actcli.diagnosis.trends import LayerAt, State, Value, difference, over
from actcli.numerics.certainty import wilson

RUN = str(DATA / "run.jsonl")


def course(field: str, values: list[float], interval: float | None = None) -> list[State]:
    """One layer at the steps 0, 100, 200 and so on."""
    return [
        State(f"step {100 * k}", 100.0 * k, (LayerAt("fc", "relu", 1000, 32, {field: Value(
            v, *((None, None) if interval is None else (v - interval, v + interval)))}),))
        for k, v in enumerate(values)
    ]  # fmt: skip


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """His table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 5/56 - 0/29 and 10/10 - 0/10."""
    for (a, m), (b, n), expected in [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ]:
        one, other = Value(a / m, *wilson(a / m, m)), Value(b / n, *wilson(b / n, n))
        assert difference(other, one) == pytest.approx(expected, abs=6e-5)


def test_a_layer_that_dies() -> None:
    """It dies at the first step from which over half of its neurons stay dead; an earlier spell does not count."""
    (change,) = over(course("dead_neuron_ratio", [0.0, 0.6, 0.1, 0.7, 1.0], 0.1)).changes
    assert change.since == 300.0
    assert change.certain is True
    assert "dies: over half of its neurons are dead from step 300 on" in change.text


def test_a_gradient_that_falls_a_decade() -> None:
    """In the fewest steps: for 0.8, 0.5, 0.04, 0.03 that is between 100 and 200. A rise is not a fall."""
    (change,) = over(course("mean_abs_gradient", [0.8, 0.5, 0.04, 0.03], 0.001)).changes
    assert (change.decade_steps, change.since) == (100.0, 200.0)
    assert "falls from 0.8 to 0.03, a decade in 100 steps from step 100" in change.text
    (change,) = over(course("gradient_rms", [1e-3, 1e-3, 5e-2])).changes
    assert (change.certain, change.decade_steps) == (None, 100.0)
    assert "rises" in change.text
    (change,) = over(course("mean_abs_gradient", [0.5, 0.0], 0.01)).changes
    assert change.decade_steps == 100.0


def test_a_decade_is_the_shortest_of_all_pairs() -> None:
    """In random courses that fall or rise, some with zeros."""
    rng = np.random.default_rng(4)
    for _ in range(60):
        values = np.where(rng.random(12) < 0.15, 0.0, 10.0 ** rng.uniform(-2.0, 0.0, 12)).tolist()
        for change in over(course("gradient_rms", values)).changes:
            falls = values[-1] < values[0]
            spans = [
                100.0 * (j - i)
                for i in range(12) for j in range(i + 1, 12)
                for high, low in [(values[i], values[j]) if falls else (values[j], values[i])]
                if high > 0.0 and high >= 10.0 * low
            ]  # fmt: skip
            assert change.decade_steps == min(spans, default=None)


def test_small_changes_are_not_reported() -> None:
    """Less than 5 points, less than a factor of 2; and a change that the samples do not prove is marked."""
    assert not over(course("vanishing_ratio", [0.50, 0.9, 0.54], 0.01)).changes
    assert not over(course("mean_abs_gradient", [0.5, 0.26], 0.01)).changes
    assert not over(course("dead_neuron_ratio", [0.4], 0.1)).changes
    (change,) = over(course("vanishing_ratio", [0.2, 0.6], 0.4)).changes
    assert change.certain is False
    assert "not distinguishable from no change" in change.text


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Ten checkpoints of two layers; at step k * 100, fc2 has lost k of its 10 neurons."""
    rng = np.random.default_rng(1)
    for k in range(10):
        x = np.abs(rng.normal(size=(50, 10)))
        np.savez(tmp_path / f"step_{100 * k}.npz", fc1=x, fc2=np.where(np.arange(10) < k, -x, x), loss=np.array(0.5))
    return tmp_path


def test_arrays_of_checkpoints(network: Path, cli: Cli) -> None:
    """Ordered by step, whatever the order of the shell; no product; scalars left out with one note; gates."""
    paths = sorted(map(str, network.glob("*.npz")), key=lambda path: path[::-1])
    done = cli("trend", "relu", *paths, "-f", "csv", "--max-dead", "0.85", "--max-growth", "0.95")
    found = [row for row in rows(done.stdout.decode()) if row["layer"] == "fc2"]
    assert [(float(r["step"]), float(r["dead_neuron_ratio"])) for r in found] == [
        (100.0 * k, k / 10) for k in range(10)
    ]
    assert "cumulative_mean_gradient" not in found[0]
    assert done.returncode == 3
    assert "fc2: dead_neuron_ratio is 0.9 at the last step, above 0.85" in done.stderr.decode()
    assert done.stderr.decode().count("natural order") == done.stderr.decode().count("loss (a scalar)") == 1
    assert "has grown by 0.9" in cli("trend", "relu", *paths, "--max-growth", "0.5").stderr.decode()
    report = cli("trend", "relu", *paths, "-f", "table").stdout.decode()
    assert "fc2: changes\n  the layer dies: over half of its neurons are dead from step 600 on" in report
    assert "fc1: little changes" in report
    lines = report.splitlines()
    at = lines.index(next(line for line in lines if line.startswith("fc2    relu")))
    assert lines[at].split() == ["fc2", "relu", "dead", "▁▁▂▂▃▄▅▆▆▇", "0.0", "%", "90.0", "%"]
    assert lines[at + 1].split()[:2] == ["vanishing", "▁▁▂▂▃▄▅▆▆▇"]  # one line each


@pytest.mark.parametrize("form", ["csv", "folder", "hive"])
def test_tables_of_checkpoints(tmp_path: Path, form: str, cli: Cli) -> None:
    """Tables of one layer; folders with a file per layer; a layer in parts, with a folder per step."""
    for step in (2, 10):
        x = np.full((4, 2), 1.0 if step == 2 else -1.0)
        path = {"csv": f"fc1_epoch_{step}.csv", "folder": f"e{step}/fc1.csv", "hive": f"fc1/step={step}/part-0.csv"}[
            form
        ]
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(tmp_path / path, x, delimiter=",", header="a,b", comments="")
        if form == "folder":
            np.savetxt(tmp_path / f"e{step}" / "fc2.csv", x, delimiter=",", header="a,b", comments="")
    pattern = {"csv": "*.csv", "folder": "*", "hive": "fc1/*"}[form]
    document = json.loads(cli("trend", "relu", *map(str, sorted(tmp_path.glob(pattern))), "-f", "json").stdout)
    jsonschema.validate(document, actcli.schema("trend"))
    expected = [("fc1", 2.0, 0.0), ("fc1", 10.0, 1.0)]
    expected += [("fc2", 2.0, 0.0), ("fc2", 10.0, 1.0)] * (form == "folder")
    assert [(one["layer"], one["step"], one["dead_neuron_ratio"]) for one in document["points"]] == expected


def test_records_of_a_run(cli: Cli) -> None:
    """The numbers in a file that a watched training wrote."""
    lines = [json.loads(line) for line in Path(RUN).read_text().splitlines()]
    document = json.loads(cli.ok("trend", RUN, "-f", "json"))
    jsonschema.validate(document, actcli.schema("trend"))
    for one in document["points"]:
        (layer,) = (layer for line in lines if line["step"] == one["step"] for layer in line["layers"]
                    if layer["name"] == one["layer"])  # fmt: skip
        for field in ("dead_neuron_ratio", "vanishing_ratio", "vanishing_ratio_from", "gradient_rms"):
            assert one[field] == layer[field]
    assert [change["layer"] for change in document["changes"] if "dies" in change["text"]] == ["3"]
    for runs in ([RUN], RUN):  # one file needs no list
        assert actcli.trend(runs).changes[0].text == document["changes"][0]["text"]


def test_records_of_saturation_and_of_train(tmp_path: Path, cli: Cli) -> None:
    """Each run of `saturation` is a state; `train` gives the epochs of every function and seed."""
    for k, folder in enumerate(("relu_trained", "relu_negative_bias"), 1):
        cli.ok("saturation", "relu", str(DATA / folder / "layer2.csv"), "-o", str(tmp_path / f"run{k}.json"))
    found, _ = states([str(tmp_path / "run1.json"), str(tmp_path / "run2.json")], None)
    assert [state.step for state in found] == [1.0, 2.0]
    assert found[1].layers[0].values["dead_neuron_ratio"].value > found[0].layers[0].values["dead_neuron_ratio"].value
    path = str(tmp_path / "t.json")
    data, words = str(DATA / "xor.csv"), ("--target", "xor", "--split", "0", "--seeds", "2", "--epochs", "3")
    assert cli("train", "relu", "tanh", "-i", data, *words, "--task", "classify", "-o", path).returncode == 0
    found, _ = states([path], None)
    assert [state.name for state in found] == [f"epoch {k}" for k in range(4)]
    assert {one.name.rpartition(" ")[0] for one in found[0].layers} == {
        f"{function} seed {seed}" for function in ("relu", "tanh") for seed in (0, 1)
    }


def test_invalid_states(tmp_path: Path, cli: Cli) -> None:
    """Paths that differ in two numbers, a damaged record, states without a function, a run given twice."""
    for name in ("fc1_e1.csv", "fc2_e1.csv", "fc1_e2.csv"):
        (tmp_path / name).write_text("1\n")
    assert "which is the step?" in cli.fails(2, "trend", "relu", *map(str, sorted(tmp_path.iterdir())))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"schema": "actcli.run/1", "step": 1}\n')
    assert "line 1: incomplete actcli.run/1" in cli.fails(1, "trend", str(broken))
    broken.write_text(Path(RUN).read_text() + '{"schema": "actcli.run/7", "step": 1}\n')
    assert "line 11" in cli.fails(1, "trend", str(broken))
    assert "follows" in cli.fails(1, "trend", RUN, RUN)
    assert "no such file" in cli.fails(1, "trend", str(tmp_path / "missing.jsonl"))
    (tmp_path / "fc1_e1.csv").rename(tmp_path / "a.csv")
    assert "name their FUNCTION" in cli.fails(2, "trend", RUN, str(tmp_path / "a.csv"))


def test_numbers_that_may_not_be_steps_are_noted(tmp_path: Path, cli: Cli) -> None:
    """The files may be layers of one network instead of its states."""
    for name in ("layer1.csv", "layer2.csv"):
        (tmp_path / name).write_text("1\n-2\n")
    done = cli("trend", "relu", *map(str, sorted(tmp_path.iterdir())))
    assert b"layer1 to 2 are read as steps of one layer" in done.stderr


def test_a_function_for_layers_that_have_their_own_is_ignored_with_a_note(cli: Cli) -> None:
    """No note if it is theirs."""
    assert b"the layers have their own functions (relu); gelu is not applied" in cli("trend", "gelu", RUN).stderr
    cli.ok("trend", "relu", RUN)


def test_every_form_of_a_result(tmp_path: Path, cli: Cli) -> None:
    """A figure, a page, Markdown, the same bytes twice, of one layer at some of the steps."""
    run = tmp_path / "run.jsonl"
    with run.open("w") as file:
        for line in Path(RUN).read_text().splitlines()[::3]:
            record = json.loads(line)
            dead = [layer for layer in record["layers"] if layer["name"] == "3"]
            print(json.dumps({**record, "layers": dead}), file=file)
    for name in ("a.svg", "b.svg"):
        cli.ok("trend", str(run), "-o", str(tmp_path / name), SOURCE_DATE_EPOCH="0")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    cli.ok("trend", str(run), "-f", "csv", "--report", str(tmp_path / "a.html"), "--report", str(tmp_path / "a.md"))
    for name in ("a.html", "a.md"):
        assert "over half of its neurons are dead from step" in (tmp_path / name).read_text()
