"""Functions with parameters per column: PReLU, whose slopes are learned for each channel."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from support.run import Cli

from actcli.activation import Function
from actcli.diagnosis.arrays import diagnose
from actcli.errors import DataError, UsageError
from actcli.measuring.measures import LayerMeasures, NeuronMeasures, measures
from actcli.registry.specs import get

TABLE = b"id,h0,h1\na,-1,-2\nb,-3,4\n"


def test_tables_are_filtered_column_by_column(cli: Cli) -> None:
    """-c selects the columns; titles name the function of each."""
    assert cli.ok("eval", "prelu:a=0.5,0.25", "-c", "h*", stdin=TABLE) == "id,h0,h1\na,-0.5,-0.5\nb,-1.5,4.0\n"
    assert cli.ok("eval", "prelu:0.5,0.25", "-c", "h1", "-c", "h0", stdin=TABLE) == cli.ok(
        "eval", "prelu:0.5,0.25", "-c", "h1,h0", stdin=TABLE
    )
    appended = cli.ok("grad", "prelu:a=0.5,2", "-c", "h*", "--append", stdin=TABLE)
    assert appended.splitlines()[:2] == ["id,h0,h1,prelu:a=0.5'(h0),prelu:a=2.0'(h1)", "a,-1.0,-2.0,0.5,2.0"]


def test_numbers_are_one_row(cli: Cli) -> None:
    assert cli.ok("grad", "prelu:a=0.5,2", "-4", "-4", "-f", "csv") == "x,f,df\n-4.0,-2.0,0.5\n-4.0,-8.0,2.0\n"
    saturated = cli.ok("saturation", "prelu:a=0,2", "-4", "-4", "-f", "csv", "--by", "neuron")
    assert [row["dead"] for row in csv.DictReader(saturated.splitlines())] == ["true", "false"]


@pytest.mark.parametrize(("content", "name"), [("0.5\n0.25\n", "a.csv"), ("h0,h1\n0.5,0.25\n", "a.csv"), ("", "a.npy")])
def test_slopes_may_be_a_table(cli: Cli, tmp_path: Path, content: str, name: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    if name.endswith("npy"):
        np.save(path, np.array([0.5, 0.25], np.float32))
    assert cli.ok("eval", f"prelu:a={path}", "-c", "h*", stdin=TABLE).splitlines()[1] == "a,-0.5,-0.5"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("eval", "prelu:a=1,2,3", "-c", "h*"), "has 2 columns, but prelu has 3 values of a"),
        (("saturation", "prelu:a=1,2,3", "-c", "h*"), "has 2 columns, but prelu has 3 values of a"),
        (("eval", "prelu:a=1,2", "-c", "h0"), "has 1 column, but prelu has 2 values of a"),
        (("eval", "prelu:a=1,2", "-1"), "has 1 column, but prelu has 2 values of a"),
        (("eval", "prelu:a=1,x", "-c", "h*"), "a = 'x' is not a number"),
        (("eval", "prelu:a=1,inf", "-c", "h*"), "a = inf is outside its domain"),
        (("eval", "elu:1,2", "-c", "h*"), "alpha is given twice"),
        (("show", "prelu:a=1,2"), "one function is needed here"),
        (("compare", "relu", "prelu:a=1,2"), "one function is needed here"),
        (("plot", "prelu:a=1,2"), "one function is needed here"),
        (("fit", "prelu:a=1,2", "--to", "relu", "-c", "h*"), "one function is needed here"),
        (("train", "prelu:a=1,2"), "one function is needed here"),
    ],
)
def test_what_does_not_fit_is_refused(cli: Cli, command: tuple[str, ...], said: str) -> None:
    done = cli(*command, stdin=TABLE)
    assert done.returncode in (1, 2)
    assert said in done.stderr.decode()
    assert not done.stdout


def by_hand(x: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """The measures of each neuron, one by one, under its own function."""
    alone = [
        diagnose({"one": x[:, [i]]}, f"prelu:a={slope!r}", dtype="float16") for i, slope in enumerate(slopes.tolist())
    ]
    names = [name for name, each in measures(NeuronMeasures).items() if each.when in (None, "precision")]
    return np.array([[getattr(one.neurons[0], name) for name in names] for one in alone], float)


def test_each_neuron_is_measured_as_if_it_were_alone() -> None:
    """Slopes of 0, a steep one that makes a slope of 1 flat, and negative ones."""
    slopes = np.array([0.0, 0.25, -1.0, 40.0, 0.05, 1e-6, -0.0])
    x = np.random.default_rng(3).normal(size=(60, len(slopes)))
    x[3, 2], x[4, 0], x[5, 0] = np.nan, np.inf, -np.inf
    found = diagnose({"all": x}, get("prelu").activation.bind({"a": slopes.tolist()}), dtype="float16")
    names = [name for name, each in measures(NeuronMeasures).items() if each.when in (None, "precision")]
    together = np.array([[getattr(neuron, name) for name in names] for neuron in found.neurons], float)
    np.testing.assert_array_equal(together, by_hand(x, slopes))
    assert "vanishing_ratio" in names
    shares = [name for name in measures(LayerMeasures) if name.endswith("_ratio") and name in names]
    weights = np.isfinite(x).sum(axis=0)
    for name in shares:
        own = np.array([getattr(neuron, name) for neuron in found.neurons], float)
        assert getattr(found.layers[0], name) == pytest.approx(np.average(own, weights=weights)), name


def test_json_has_all_slopes(cli: Cli) -> None:
    text = cli.ok("saturation", "prelu:a=0,0.2", "-c", "h*", "-f", "json", stdin=TABLE)
    assert json.loads(text)["functions"] == [
        {"label": "prelu:a=0.0,0.2", "name": "prelu", "parameters": {"a": [0.0, 0.2]}}
    ]


def test_feature_maps_have_a_slope_for_each_channel(cli: Cli, tmp_path: Path) -> None:
    np.save(tmp_path / "maps.npy", np.full((2, 3, 2, 2), -1.0))
    text = cli.ok(
        "saturation", "prelu:a=0,0.5,2", str(tmp_path / "maps.npy"), "--axis", "1", "-f", "csv", "--by", "neuron"
    )
    assert [row["mean_abs_gradient"] for row in csv.DictReader(text.splitlines())] == ["0.0", "0.5", "2.0"]


def test_a_function_of_columns_in_a_program() -> None:
    function = get("prelu:a=0.5,2")
    assert isinstance(function, Function)
    np.testing.assert_array_equal(function.f([[-1.0, -1.0], [1.0, -3.0]]), [[-0.5, -2.0], [1.0, -6.0]])
    assert function.at(1) == get("prelu:a=2")
    assert function.settings == {"a": (0.5, 2.0)}
    assert get("PReLU@pytorch:init=0.5,2") == function
    with pytest.raises(DataError, match="x has 3 columns"):
        function.df(np.zeros((4, 3)))
    with pytest.raises(UsageError, match="alpha takes one value"):
        get("elu").activation.bind({"alpha": [1.0, 2.0]})
    wide = get("prelu").activation.bind({"a": np.linspace(0.0, 1.0, 50_000).tolist()})
    assert wide.label == "prelu:a=0.0,2.000040000800016e-05,4.000080001600032e-05,... (50,000 columns)"
