"""Results of the library equal what the command line writes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.frameworks import framework, marked
from support.run import DATA, Cli

import actcli

LAYER2 = DATA / "relu_trained" / "layer2.csv"
FRAME = pl.read_csv(LAYER2)
TRAIN = ("--target", "xor", "--split", "0", "--epochs", "2", "--seeds", "2")


def trained() -> actcli.Experiment:
    how = actcli.Preparation(split=0.0)
    recipe = actcli.Recipe(epochs=2)
    return actcli.train(["relu", "tanh"], str(DATA / "xor.csv"), "xor", preparation=how, recipe=recipe, seeds=2)


# Each kind of result, and the command that gives the same.
RESULTS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "diagnose": (lambda: actcli.diagnose({"layer2": FRAME}, "relu"), ("saturation", "relu", str(LAYER2))),
    "compare": (
        lambda: actcli.compare(["relu", "gelu"], {"layer2": FRAME}),
        ("compare", "relu", "gelu", "-i", str(LAYER2)),
    ),
    "fit": (lambda: actcli.fit("elu", "gelu"), ("fit", "elu", "--to", "gelu")),
    "train": (trained, ("train", "relu", "tanh", "-i", str(DATA / "xor.csv"), *TRAIN)),
    "trend": (lambda: actcli.trend([str(DATA / "run.jsonl")]), ("trend", str(DATA / "run.jsonl"))),
    "plot": (lambda: actcli.plot("relu", "elu:alpha=1|2", order=1), ("plot", "relu", "elu:alpha=1|2", "--grad")),
}


def same(one: Any, other: Any) -> bool:
    """Return whether they are equal up to the rounding of sums over other blocks."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isfinite(one):
        return one == pytest.approx(other, rel=1e-9, abs=1e-15)
    return str(one) == str(other) or {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(one)) == other


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_what_the_command_prints(name: str, cli: Cli, tmp_path: Path) -> None:
    """As JSON, as rows, as a file; the summary fits a screen."""
    call, command = RESULTS[name]
    found = call()
    assert 0 < len(repr(found).splitlines()) < 20
    printed = cli(*command, "-f", "json").stdout.decode()
    if name != "plot":  # which has no document
        assert same(found.to_dict(), json.loads(printed))
    found.save(str(tmp_path / "a.csv"))
    csv = cli(*command, "-f", "csv").stdout.decode()
    kept = (tmp_path / "a.csv").read_text()
    assert kept.splitlines()[0] == csv.splitlines()[0]
    assert len(kept.splitlines()) == len(csv.splitlines())
    assert tuple(found.to_frame().columns) == tuple(pl.read_csv(tmp_path / "a.csv").columns)
    assert found.to_frame().height == len(csv.splitlines()) - 1


def test_rows_of_another_kind() -> None:
    found = actcli.diagnose({"layer2": FRAME}, "relu")
    assert found.to_frame("neuron")["neuron"].to_list() == FRAME.columns
    assert found.to_frame("region").columns == ["function", "from", "to", "kind"]
    with pytest.raises(actcli.UsageError, match="by = 'epoch'\nby is one of layer, neuron, region"):
        found.to_frame("epoch")
    with pytest.raises(actcli.UsageError, match="all rows are of one kind"):
        actcli.fit("elu", "gelu").to_frame("step")


def test_the_overall_verdict_is_the_gravest() -> None:
    fine, dead = np.ones((50, 4)), -np.ones((50, 4))
    assert actcli.diagnose({"a": fine}, "relu").verdict == "ok"
    assert actcli.diagnose({"a": fine, "b": dead, "c": fine}, "relu").verdict == "critical"
    assert actcli.compare(["relu", "elu"], {"a": dead}).verdict == "critical"
    assert actcli.compare(["elu", "relu"], {"a": fine}).verdict == "ok"


def test_a_large_diagnosis_is_short() -> None:
    """40 layers take fewer than 20 lines, and each record one line."""
    x = np.random.default_rng(0).normal(size=(10, 16))
    found = actcli.diagnose({f"layer{k}": x - k for k in range(40)}, "relu")
    assert len(repr(found).splitlines()) < 20
    assert max(map(len, repr(found).splitlines())) <= 100
    assert len(repr(found.layers).splitlines()) == 1
    assert len(repr(found.layers[0])) < 100
    assert repr(found.neurons[0]) == "<Neuron 0 of layer0: alive>"
    assert repr(found.layers[0].function) == "<Function relu: max(0, x)>"


@marked
def test_a_frame_of_pandas_has_names() -> None:
    frame = framework("pandas").DataFrame({"width": [1.0, -1.0], 7: [-1.0, -2.0]}, index=["r1", "r2"])
    found = actcli.diagnose({"a": frame}, "relu")
    assert [(neuron.neuron, neuron.dead) for neuron in found.neurons] == [("width", False), ("7", True)]


def test_points_and_inputs_are_fitted() -> None:
    """Points on elu with another alpha are fitted exactly; inputs determine where f may differ."""
    x = np.linspace(-3.0, 3.0, 50)
    met = actcli.fit("elu", (x, actcli.get("elu:alpha=0.3").f(x)))
    assert met.fitted.parameters["alpha"] == pytest.approx(0.3, rel=1e-9)
    near = actcli.fit("elu", "gelu", inputs=np.full(100, -1.0))
    wanted = float(actcli.get("gelu").f(-1.0))
    assert near.fitted.f(-1.0) == pytest.approx(wanted, rel=0.01)
    with pytest.raises(actcli.UsageError, match="inputs cannot weight points"):
        actcli.fit("elu", (x, x), inputs=x)
    with pytest.raises(actcli.DataError, match="50 x values but 2 y values"):
        actcli.fit("elu", (x, [1.0, 2.0]))


@pytest.mark.parametrize("keywords", [{"theme": "pink"}, {"legend": "left"}])
def test_an_unknown_look_is_refused(keywords: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(actcli.UsageError, match=r"no (theme|legend) "):
        actcli.plot("relu").save(str(tmp_path / "a.png"), **keywords)
    assert not [*tmp_path.iterdir()]
