"""Functions side by side: profiles, the same layer under several functions, and what a change would do."""

from __future__ import annotations

import csv
import io
import json
import math
from functools import lru_cache

import numpy as np
import pytest
from support.run import DATA, Cli

from actcli.analysis import profile as profiles
from actcli.analysis import regions
from actcli.analysis.profile import Network, profile
from actcli.diagnosis.comparison import Comparison, compare
from actcli.measuring.layer import PreActivations
from actcli.registry import specs

RELU = specs.get("relu")
LAYER = str(DATA / "relu_negative_bias" / "layer2.csv")


def under(x: np.ndarray, *names: str) -> Comparison:
    functions = [specs.get(name) for name in names]
    return compare(functions, [PreActivations.of_array("layer1", functions[0], x)])


def test_a_rowwise_function_has_no_mean_of_one_number() -> None:
    """Numbers that only elementwise functions have are null for softmax, not made up."""
    found = profile(specs.get("softmax"), 1e-3, Network(sigma_w=1.0, depth=3))
    assert (found.range, found.monotone, found.fixed_point, found.steps) == ((0.0, 1.0), None, None, ())
    assert (found.means.mean, found.means.he_gain, found.means.chi_1, found.means.vanishing_depth) == (None,) * 4


def test_functions_are_sorted_by_the_gradient_that_gets_through() -> None:
    """On x = -1, 1: identity passes 1, leaky_relu 0.505, relu 0.5, step 0, in whatever order they are named."""
    found = under(np.array([[-1.0], [1.0]]), "binary_step", "relu", "identity", "leaky_relu")
    assert [layer.function.name for layer in found.layers] == ["identity", "leaky_relu", "relu", "binary_step"]
    assert [layer.mean_abs_gradient for layer in found.layers] == [1.0, 0.505, 0.5, 0.0]


def test_a_change_is_relative_to_the_layers_own_function() -> None:
    """Of two neurons relu has one dead, elu none; f' is 1/4 on average for relu, (3 * exp(-1) + 1) / 4 for elu."""
    found = under(np.array([[-1.0, -1.0], [-1.0, 1.0]]), "relu", "elu", "binary_step")
    elu = (3 * math.exp(-1) + 1) / 4
    assert [change.sentence for change in found.changes] == [
        f"elu in place of relu: mean|f'| {elu:.3g} instead of 0.25 ({4 * elu:.3g} times), "
        "0 dead neurons instead of 1, ok instead of critical",
        "binary_step in place of relu: mean|f'| 0 instead of 0.25 (0 times), 2 dead neurons instead of 1",
    ]
    assert (
        under(np.array([[-1.0]]), "binary_step", "identity")
        .changes[0]
        .sentence.startswith("identity in place of binary_step: mean|f'| 1 instead of 0, 0 dead")
    )


def test_mean_field_agrees_with_normal_data(cli: Cli) -> None:
    """On normal data of variance 4, E f'^2 of the data equals that over N(0, 4) up to sampling error."""
    x = np.random.default_rng(0).normal(scale=2.0, size=(20_000, 2))
    text = "\n".join(f"{a!r},{b!r}" for a, b in x.tolist())
    layers = json.loads(cli.ok("compare", "tanh", "gelu", "-i", "-", "-f", "json", stdin=text.encode()))["layers"]
    for layer in layers:
        function = specs.get(layer["function"])
        truth = float(np.mean(function.df(x) ** 2))
        assert layer["mean_square"] == pytest.approx(float(np.mean(x * x)), rel=1e-12)
        assert layer["mean_square_gradient"] == pytest.approx(truth, rel=1e-12)
        assert layer["gaussian_mean_square_gradient"] == pytest.approx(truth, rel=0.02)


def test_the_network_options(cli: Cli) -> None:
    """Fixed point and steps in JSON, their ends in CSV, all of it in tables; --sigma-b alone is refused."""
    args = ("compare", "tanh", "relu", "--sigma-w", "1.5", "--sigma-b", "0.05", "--depth", "30")
    functions = json.loads(cli.ok(*args, "-f", "json"))["functions"]
    assert functions[0]["fixed_point"]["phase"] == "chaotic"
    assert functions[1]["fixed_point"]["q"] is None
    assert [step["layer"] for step in functions[0]["steps"]] == list(range(1, 31))
    rows = list(csv.DictReader(io.StringIO(cli.ok(*args, "-f", "csv"))))
    assert float(rows[0]["fixed_point_q"]) == functions[0]["fixed_point"]["q"]
    assert float(rows[0]["gradient_variance"]) == functions[0]["steps"][-1]["gradient_variance"]
    table = cli.ok(*args, "-f", "table")
    assert "chaotic" in table
    assert "gradient by number of layers" in table
    assert "q*" in cli.ok("show", "tanh", "--sigma-w", "1.5")
    assert "--sigma-w" in cli.fails(2, "compare", "tanh", "--sigma-b", "1")


def test_the_gains_of_pytorch_stand_beside_ours(cli: Cli) -> None:
    """calculate_gain: 1, 5/3, sqrt 2, sqrt(2 / (1 + slope^2)), 3/4; only relu's are what follows from f."""
    names = ["sigmoid", "tanh", "relu", "leaky_relu:0.2", "selu", "gelu"]
    functions = json.loads(cli.ok("compare", *names, "-f", "json"))["functions"]
    expected = [1.0, 5 / 3, math.sqrt(2), math.sqrt(2 / 1.04), 0.75, None]
    assert [f["torch_gain"] for f in functions] == pytest.approx(expected)
    same = [f["name"] for f in functions if f["torch_gain"] and abs(f["torch_gain"] - f["he_gain"]) < 1e-9]
    assert same == ["relu", "leaky_relu"]


def test_what_if_on_a_real_layer(cli: Cli) -> None:
    """The table of a layer lists the functions by gradient, and a sentence says what each would change: with leaky_relu
    f' is 0.01 where relu is off, on 99.8104 % of the values."""
    text = cli.ok("compare", "relu", "gelu", "leaky_relu", "-i", LAYER, "-f", "table", COLUMNS="200")
    rows = [line.split()[0] for line in text[text.index("\nlayer2: ") + 1 :].splitlines()[3:6]]
    assert rows[-1] == "relu"
    off = 0.998104
    assert f"leaky_relu in place of relu: mean|f'| {1 - off + 0.01 * off:.3g} instead of {1 - off:.3g}" in text
    assert "0 dead neurons instead of 10" in text


def test_every_function_is_examined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape of each function is computed once, however many functions there are, though the cache keeps only a
    few."""
    kept = lru_cache(maxsize=2)(regions.shape.__wrapped__)
    for module in (regions, profiles):
        monkeypatch.setattr(module, "shape", kept)
    for cache in (regions._vanishing, regions.saturated_sides, regions.sup_gradient, regions.extent):
        cache.cache_clear()
    compare(
        [specs.get(f"leaky_relu:0.{i}") for i in range(1, 8)], [PreActivations.of_array("a", RELU, np.ones((3, 2)))]
    )
    assert kept.cache_info().misses == 8
