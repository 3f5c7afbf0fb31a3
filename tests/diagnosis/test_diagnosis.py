"""The diagnosis of real layers against PyTorch's autograd, and of layers made by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from support.run import DATA, Cli

import actcli
from actcli.diagnosis import diagnose as diagnosis
from actcli.diagnosis.diagnose import Criteria, Diagnosis
from actcli.errors import UsageError
from actcli.measuring.layer import PreActivations
from actcli.measuring.probe import Thresholds
from actcli.registry import specs

NETWORKS = sorted(path.parent.name for path in DATA.glob("*/truth.json"))


def truth(network: str) -> dict[str, Any]:
    return json.loads((DATA / network / "truth.json").read_text())


def diagnose(spec: str, *layers: np.ndarray, thresholds: Thresholds | None = None) -> Diagnosis:
    return mixed(*((spec, x) for x in layers), thresholds=thresholds)


def mixed(*layers: tuple[str, np.ndarray], thresholds: Thresholds | None = None) -> Diagnosis:
    """The diagnosis of layers, each with its own function."""
    given = [
        PreActivations.of_array(f"layer{i}", specs.get(spec), x, neurons=[f"h{j}" for j in range(x.shape[1])])
        for i, (spec, x) in enumerate(layers, start=1)
    ]
    return diagnosis.diagnose(given, Criteria(thresholds or Thresholds()))


@pytest.fixture(scope="module")
def documents(cli: Cli) -> dict[str, Any]:
    found = {}
    for network in NETWORKS:
        files = [str(path) for path in sorted((DATA / network).glob("*.csv"))]
        found[network] = json.loads(cli.ok("saturation", truth(network)["activation"], *files, "-f", "json"))
    return found


@pytest.mark.parametrize("network", NETWORKS)
def test_every_figure_of_the_real_layers_agrees_with_autograd(network: str, documents: dict[str, Any]) -> None:
    """Dead neurons by name exactly, ratios to 1e-12, in the order in which the files were given."""
    document, layers = documents[network], truth(network)["layers"]
    assert [layer["name"] for layer in document["layers"]] == list(layers)
    for found in document["layers"]:
        expected = layers[found["name"]]
        dead = [n["neuron"] for n in document["neurons"] if n["layer"] == found["name"] and n["dead"]]
        assert dead == expected["dead_unit_ids"]
        assert found["samples"] == expected["samples"]
        assert found["neurons"] == expected["units"]
        assert found["dead_neurons"] == expected["dead_units"]
        assert found["dead_neurons"] == expected["units_gradient_below_1e-3_on_every_sample"]
        assert found["zero_gradient_ratio"] == pytest.approx(expected["zero_gradient_elements"], rel=1e-12)
        assert found["vanishing_ratio"] == pytest.approx(expected["elements_gradient_below_1e-3"], rel=1e-12)
        assert found["mean_abs_gradient"] == pytest.approx(expected["mean_abs_gradient"], rel=1e-12)


@pytest.mark.parametrize("network", NETWORKS)
def test_neurons_agree_with_numpy_on_the_whole_file(network: str, documents: dict[str, Any]) -> None:
    """Minimum, maximum, mean and spread of each column are those of numpy.loadtxt."""
    for path in sorted((DATA / network).glob("*.csv")):
        x = np.loadtxt(path, delimiter=",", skiprows=1)
        neurons = [n for n in documents[network]["neurons"] if n["layer"] == path.stem]
        assert [n["min"] for n in neurons] == x.min(axis=0).tolist()
        assert [n["max"] for n in neurons] == x.max(axis=0).tolist()
        np.testing.assert_allclose(
            [n["mean"] for n in neurons], x.mean(axis=0), rtol=1e-12, atol=1e-16 * np.abs(x).sum()
        )
        np.testing.assert_allclose([n["std"] for n in neurons], x.std(axis=0), rtol=1e-12)


def test_verdicts_of_the_real_networks(documents: dict[str, Any]) -> None:
    """The healthy network is ok, the stuck ones are critical, the saturated one gets a warning."""
    verdicts = {network: [layer["verdict"] for layer in document["layers"]] for network, document in documents.items()}
    assert verdicts["relu_trained"] == ["ok"] * 3
    assert verdicts["relu_negative_bias"] == ["critical"] * 3
    assert verdicts["tanh_saturated"] == ["warning"] * 3
    assert verdicts["sigmoid_deep"][:4] == ["critical"] * 4
    assert all(layer["reasons"] for document in documents.values() for layer in document["layers"])


def test_off_is_not_dead() -> None:
    """A ReLU neuron that is off half of the time is alive; one that never passes gradient is dead."""
    x = np.array([[-1.0, -1.0], [2.0, -3.0]])
    layer, neurons = (d := diagnose("relu", x)).layers[0], d.neurons
    assert [n.dead for n in neurons] == [False, True]
    assert (layer.dead_neurons, layer.dead_neuron_ratio, layer.vanishing_ratio) == (1, 0.5, 0.75)


def test_a_neuron_without_values_counts_as_a_neuron() -> None:
    """But not in the share of dead neurons: it is neither dead nor alive."""
    layer = diagnose("relu", np.array([[-1.0, math.nan, 1.0, 1.0], [-2.0, math.nan, 1.0, 1.0]])).layers[0]
    assert (layer.dead_neurons, layer.neurons, layer.empty_neurons, layer.dead_neuron_ratio) == (1, 4, 1, 1 / 3)


def test_alpha_lets_a_share_of_samples_pass() -> None:
    """With alpha 0.25 a neuron active on one of four samples is dead, on two it is not."""
    x = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [-1.0, -1.0]])
    assert [n.dead for n in diagnose("relu", x, thresholds=Thresholds(alpha=0.25)).neurons] == [True, False]
    assert [n.dead for n in diagnose("relu", x).neurons] == [False, False]


def test_dormant_follows_redo() -> None:
    """A neuron whose mean |f| is at most 0.025 of the layer's is dormant (by hand: means 1, 1, 0.01, layer 0.67)."""
    x = np.array([[1.0, 1.0, 0.01], [1.0, 1.0, 0.01]])
    assert [n.dormant for n in diagnose("relu", x).neurons] == [False, False, True]


def test_saturation_has_two_sides() -> None:
    """tanh beyond +-2.092 is saturated, low and high counted apart."""
    x = np.array([[-3.0], [-2.0], [2.0], [2.2], [5.0]])
    layer = diagnose("tanh", x).layers[0]
    assert (layer.saturated_low_ratio, layer.saturated_high_ratio) == (0.2, 0.4)


def test_softmax_rows_vanish_where_the_gap_is_wide() -> None:
    """The Jacobian of a row is below 1e-3 just when its gap exceeds 6.9058, where sigmoid' = 1e-3."""
    gaps = np.array([0.0, 6.9, 6.91, 50.0])
    x = np.stack([gaps, np.zeros(4)], axis=1)
    layer = diagnose("softmax", x).layers[0]
    assert (layer.vanishing_rows, layer.vanishing_row_ratio) == (2, 0.5)
    assert diagnose("log_softmax", x).layers[0].vanishing_rows == 0


def test_a_row_with_a_hole_is_left_out_of_softmax() -> None:
    """One NaN in a row takes the row out of every ratio, and is counted once."""
    layer = diagnose("softmax", np.array([[0.0, math.nan], [1.0, 2.0]])).layers[0]
    assert (layer.non_finite, layer.samples, layer.vanishing_row_ratio) == (1, 2, 0.0)
    assert "NaN" in layer.reasons[0]


def test_a_row_with_an_infinity_is_left_out_of_softmax() -> None:
    """Its Jacobian is 0, but the row is not counted as vanishing."""
    rows = np.array([[math.inf, 0.0], [0.0, math.inf], [1.0, 2.0], [50.0, 0.0]])
    layer = diagnose("softmax", rows).layers[0]
    assert (layer.vanishing_rows, layer.vanishing_row_ratio) == (1, 0.5)


def test_a_layer_without_values_is_not_dead() -> None:
    """No samples, or only NaN: no ratio, no dead neuron, and a reason that says so."""
    for x in (np.empty((0, 2)), np.full((3, 2), math.nan)):
        layer, neurons = (d := diagnose("relu", x)).layers[0], d.neurons
        assert (layer.dead_neurons, layer.vanishing_ratio, layer.mean_abs_gradient) == (0, None, None)
        assert all(n.min is None and not n.dead for n in neurons)
        assert "no values" in layer.reasons[-1]


def test_the_gradient_through_the_layers(documents: dict[str, Any]) -> None:
    """The products from the last layer back equal those of PyTorch's means. They show a fault of the deep sigmoid
    network that saturation does not: 0.23 per layer, below 1e-3 from the fourth layer on."""
    for network, document in documents.items():
        expected = [layer["mean_abs_gradient"] for layer in truth(network)["layers"].values()]
        products = [math.prod(expected[i:]) for i in range(len(expected))]
        assert [layer["cumulative_mean_gradient"] for layer in document["layers"]] == pytest.approx(products, rel=1e-12)
        squares = [layer["rms_gradient"] for layer in document["layers"]]
        assert document["layers"][0]["cumulative_rms_gradient"] == pytest.approx(math.prod(squares), rel=1e-12)
    assert documents["sigmoid_deep"]["gradient_falls_at"] == "layer4"
    assert documents["relu_trained"]["gradient_falls_at"] is None


def network(spec: str, depth: int, gain: float, *, normalised: bool = False) -> list[np.ndarray]:
    """The pre-activations of a random network of 64 neurons a layer, weights of variance gain^2 / 64."""
    rng = np.random.default_rng(5)
    layers, x = [], rng.normal(size=(300, 64))
    for _ in range(depth):
        z = x @ rng.normal(scale=gain / 8.0, size=(64, 64))
        layers.append((z - z.mean(axis=0)) / z.std(axis=0) if normalised else z)
        x = specs.get(spec).f(layers[-1])
    return layers


def test_a_signal_that_dies_out_is_reported() -> None:
    """Weights a tenth of the right size: f' of tanh is 1 everywhere, and each layer keeps a tenth of the spread."""
    layers = network("tanh", 6, 0.1)
    found = diagnose("tanh", *layers).layers
    assert [layer.spread for layer in found] == pytest.approx([math.sqrt(z.var(axis=0).mean()) for z in layers])
    assert [layer.verdict for layer in found] == ["warning"] * 2 + ["ok"] * 4
    assert "the signal dies out" in found[0].reasons[0]
    assert [remedy.figure for remedy in found[0].remedies] == ["spread"] * 3
    assert {layer.verdict for layer in diagnose("tanh", *network("tanh", 6, 1.0)).layers} == {"ok"}


def test_weights_may_make_up_for_a_small_slope() -> None:
    """Six sigmoid layers scale a gradient by at most 0.25^6; batch normalisation makes up for it, not small weights."""
    normalised = diagnose("sigmoid", *network("sigmoid", 6, 1.0, normalised=True)).layers[0]
    assert normalised.verdict == "ok"
    assert "make up for it" in normalised.reasons[0]
    assert diagnose("sigmoid", *network("sigmoid", 6, 1.0)).layers[0].verdict == "critical"


def test_off_is_not_saturated() -> None:
    """relu6 below 0 is off, like relu; above 6 it is saturated, like tanh on both sides; the flat middle of a shrinkage
    function is neither."""
    x = np.linspace(-3.0, 2.0, 500)[:, None]
    assert diagnose("relu6", x).layers[0].verdict == "ok"
    high = diagnose("relu6", x + 7.0).layers[0]
    assert (high.verdict, high.reasons) == ("warning", ("60.0 % of the values are saturated (60.0 % high)",))
    assert diagnose("softshrink:lambd=3", x).layers[0].verdict == "critical"  # all vanish
    assert diagnose("softshrink:lambd=2", x).layers[0].verdict == "ok"


def test_a_gradient_that_grows_is_reported() -> None:
    """exp' has rms 54.6 at x = 4: two layers let a gradient grow 2981 times, and clipping is the first remedy."""
    x = np.full((200, 1), 4.0)
    first, last = diagnose("exponential", x, x).layers
    assert (first.verdict, last.verdict) == ("critical", "ok")
    assert f"{math.exp(8):.2g}" in first.reasons[0]
    assert "clip" in first.remedies[0].remedy
    assert "Pascanu" in first.remedies[0].source


def test_remedies_are_tied_to_the_figure_that_calls_for_them(documents: dict[str, Any]) -> None:
    """Critical layers have remedies with sources and the gain of their function; healthy layers have none."""
    for document in documents.values():
        for layer in document["layers"]:
            assert bool(layer["remedies"]) == (layer["verdict"] != "ok")
            for remedy in layer["remedies"]:
                assert remedy["figure"] in (*layer, "saturated_ratio")
                assert remedy["source"]
    dead = [r for r in documents["relu_negative_bias"]["layers"][1]["remedies"] if r["figure"] == "dead_neuron_ratio"]
    assert any(f"{math.sqrt(2):.4g} / sqrt(fan_in)" in remedy["remedy"] for remedy in dead)
    deep = documents["sigmoid_deep"]["layers"][0]["remedies"]
    assert {remedy["figure"] for remedy in deep} == {"cumulative_mean_gradient"}


def test_too_few_samples_are_reported_with_the_number_needed() -> None:
    """20 samples bound the activity of dead neurons by 13.91 %, 297 by 1.004, 299 by 1; 0.85 on 20 may be over 0.9."""
    dead = diagnose("relu", -np.ones((20, 1)))
    assert any("14 % of all inputs; 299 " in reason for reason in dead.layers[0].reasons)
    nearly = diagnose("relu", -np.ones((297, 1)))
    assert any("1.1 % of all inputs; 299 would lower that to 1 %" in reason for reason in nearly.layers[0].reasons)
    mixed = np.concatenate([-np.ones((17, 1)), np.ones((3, 1))])
    assert any("would distinguish it from 90.0 %" in reason for reason in diagnose("relu", mixed).layers[0].reasons)
    many = np.concatenate([-np.ones((1700, 1)), np.ones((300, 1))])
    assert len(diagnose("relu", many).layers[0].reasons) == 1


@pytest.mark.parametrize(
    ("spec", "make", "word"),
    [
        ("relu", lambda x: np.maximum(x, 0.0), "51% are exactly 0"),
        ("tanh", np.tanh, "[-1, 1]"),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), "[0, 1]"),
        ("softplus", lambda x: np.log1p(np.exp(x)), "no value is below 0"),
        ("elu", lambda x: np.where(x > 0, x, np.expm1(x)), "no value is below -1"),
    ],
)
def test_outputs_given_as_pre_activations_are_reported(spec: str, make: Any, word: str) -> None:
    """A table of outputs of the function is recognised; the pre-activations that they came from raise no doubt."""
    x = np.random.default_rng(0).normal(scale=4.0, size=(1000, 4))
    (doubt,) = diagnose(spec, make(x)).doubts
    assert word in doubt
    assert diagnose(spec, x).doubts == ()


def test_small_pre_activations_do_not_look_like_outputs() -> None:
    """In a tanh network at PyTorch's initialisation they lie within [-1, 1] from the third layer on."""
    layers = network("tanh", 4, 1.0 / math.sqrt(3.0))
    assert max(np.abs(layers[-1]).max(), np.abs(layers[-2]).max()) < 1.0
    assert diagnose("tanh", *layers).doubts == ()
    outputs = np.tanh(np.random.default_rng(0).normal(scale=0.5, size=(1000, 4)))
    assert len(diagnose("tanh", outputs).doubts) == 1


def test_the_real_layers_do_not_look_like_outputs(documents: dict[str, Any], cli: Cli) -> None:
    """No warning for them (`documents` allows nothing on standard error); for their outputs a warning, but no error."""
    x = np.loadtxt(DATA / "relu_trained" / "layer1.csv", delimiter=",", skiprows=1)
    text = "\n".join(",".join(map(repr, row)) for row in np.maximum(x, 0.0).tolist())
    done = cli("saturation", "relu", stdin=text.encode())
    assert done.returncode == 0
    assert done.stdout
    assert b"looks like outputs of relu" in done.stderr


def test_each_layer_is_measured_under_its_own_function() -> None:
    """By hand: relu passes 1 of 2 values, tanh (1 + 1 - tanh(1)^2) / 2, sigmoid 1/4; the product is over all three."""
    relu, tanh, sigmoid = np.array([[-1.0], [1.0]]), np.array([[0.0], [1.0]]), np.zeros((2, 1))
    found = mixed(("relu", relu), ("tanh", tanh), ("sigmoid", sigmoid))
    assert [function.label for function in found.functions] == ["relu", "tanh", "sigmoid"]
    assert [layer.function.label for layer in found.layers] == ["relu", "tanh", "sigmoid"]
    means = [0.5, 1.0 - math.tanh(1.0) ** 2 / 2.0, 0.25]
    assert [layer.mean_abs_gradient for layer in found.layers] == pytest.approx(means)
    products = [math.prod(means[i:]) for i in range(3)]
    assert [layer.cumulative_mean_gradient for layer in found.layers] == pytest.approx(products)
    assert [function.label for function, _ in found.regions] == ["relu", "tanh", "tanh", "sigmoid", "sigmoid"]
    assert found.layers[0].saturated_low_ratio == 0.5


def test_a_rowwise_layer_interrupts_the_product() -> None:
    """Layers before it are multiplied up to it; rows are counted for it alone."""
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    alone = diagnose("tanh", x, x).layers
    found = mixed(("tanh", x), ("tanh", x), ("softmax", x)).layers
    assert [one.cumulative_mean_gradient for one in found[:2]] == [one.cumulative_mean_gradient for one in alone]
    assert found[2].cumulative_mean_gradient == found[2].mean_abs_gradient
    assert [one.vanishing_rows for one in found] == [None, None, 0]


def test_the_reason_names_what_each_function_passes() -> None:
    """A tanh layer before nine of sigmoid: 0.25^9 is below epsilon, and both functions are named."""
    x = 0.01 * np.random.default_rng(3).normal(size=(200, 3)) / 10.0 ** np.arange(10)[:, None, None]
    first = mixed(("tanh", x[0]), *(("sigmoid", z) for z in x[1:])).layers[0]
    assert first.verdict == "critical"
    assert "tanh passes at most 1, sigmoid 0.25 per layer" in " ".join(first.reasons)


def test_a_rule_that_does_not_cover_a_layer_names_it() -> None:
    """And says how to leave it out."""
    x = np.ones((2, 2))
    with pytest.raises(UsageError, match=r"fc: the rule of keras-contrib does not cover gelu\n.*--layer '!fc'"):
        actcli.diagnose({"conv": ("relu", x), "fc": ("gelu", x)}, rule="keras-contrib")


def test_the_library_takes_functions_layer_by_layer() -> None:
    """Pairs, arrays under the common function, and an error if there is neither; rules and dtypes by name."""
    x = np.array([[-1.0, 2.0], [3.0, 4.0]])
    found = actcli.diagnose({"conv": x, "fc": ("gelu", x)}, "relu", dtype="float16")
    assert [layer.function.label for layer in found.layers] == ["relu", "gelu"]
    assert found.layers[1].lost_gradient_ratio == 0.0
    with pytest.raises(UsageError, match="fc: the layer has no function"):
        actcli.diagnose({"conv": ("relu", x), "fc": x})
    for wrong in ({"rule": "none"}, {"dtype": "float8"}):
        with pytest.raises(UsageError, match=r"no \w+ is named"):
            actcli.diagnose({"fc": x}, "relu", **wrong)


def test_functions_of_layers_on_the_command_line(cli: Cli) -> None:
    """The column `function`, the functions in JSON, and the layers that --layer leaves."""
    files = [str(DATA / "relu_trained" / f"layer{i}.csv") for i in (1, 2, 3)]
    options = ("--function", "layer*=gelu", "--function", "layer3=softmax", "--layer", "!layer1")
    document = json.loads(cli.ok("saturation", "relu", *files, *options, "-f", "json"))
    assert [(one["name"], one["function"]) for one in document["layers"]] == [("layer2", "gelu"), ("layer3", "softmax")]
    assert [function["label"] for function in document["functions"]] == ["gelu", "softmax"]
    assert {region["function"] for region in document["regions"]} == {"gelu"}
    compared = json.loads(
        cli.ok("compare", "relu", "tanh", "-i", files[0], "-i", files[1], "--function", "layer2=elu", "-f", "json")
    )
    pairs = {(change["layer"], change["in_place_of"]) for change in compared["changes"]}
    assert pairs == {("layer1", "relu"), ("layer2", "elu")}
    assert "no layer matches" in cli.fails(2, "saturation", "relu", *files, "--function", "fc=gelu")


def test_a_neuron_without_values_is_in_no_share(cli: Cli) -> None:
    """It is neither dead nor alive: verdict and intervals of the layer are the same as without the column."""
    holed, whole = b"h0,h1,h2\n-1,2,\n-1,-2,\n", b"h0,h1\n-1,2\n-1,-2\n"
    by_layer = ("saturation", "relu", "-f", "jsonl", "--by", "layer")
    with_it, without = (json.loads(cli.ok(*by_layer, stdin=table)) for table in (holed, whole))
    assert with_it["dead_neuron_ratio"] == 0.5
    assert (with_it["neurons"], with_it["empty_neurons"], without["empty_neurons"]) == (3, 1, 0)
    reasons = [with_it.pop("reasons").split("; "), without.pop("reasons").split("; ")]
    assert sorted(reasons[0]) == sorted(["1 neuron has no value and is not counted in any share", *reasons[1]])
    for name in ("neurons", "empty_neurons", "missing"):
        with_it.pop(name), without.pop(name)
    assert with_it == without
    *_, last = map(json.loads, cli.ok("saturation", "relu", "-f", "jsonl", "--by", "neuron", stdin=holed).splitlines())
    assert (last["dead"], last["dormant"], last["samples"]) == (None, None, 0)
    redo = json.loads(cli.ok(*by_layer, "--rule", "redo", stdin=holed))
    assert redo["reasons"].startswith("1 of 2 neurons are dormant (50.0 %)")
    gate = ("saturation", "relu", "--max-dead", "0.4")
    assert b"dead_neuron_ratio is 0.5" in cli(*gate, stdin=holed).stderr


def test_a_share_that_few_samples_leave_open_is_named(cli: Cli) -> None:
    """With its value, unless an earlier finding gave it."""
    found = json.loads(cli.ok("saturation", "relu", "-f", "jsonl", "--by", "layer", stdin=b"a,b\n-1,1\n-1,-1\n"))
    assert "on 2 samples the share of vanishing values, 75.0 %, is only known to be" in found["reasons"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([0, 1, 2, 3, 4], "h holds a count"),
        ([7, 3, 5, 4, 6], "h holds a count"),
        ([2, 2, 2, 2, 2], "h holds one number throughout"),
        ([0, 1, 2, 3, 5], ""),
        ([0.5, 1.5, 2.5, 3.5, 4.5], ""),
        ([0, 2, 2, 2, 4], ""),
        ([0.5] * 5, ""),
    ],
)
def test_a_column_that_may_not_be_a_neuron_is_pointed_out(cli: Cli, column: list[float], said: str) -> None:
    """Beside a real neuron, and with the option that leaves it out."""
    rows = [f"{x},{y}" for x, y in zip(column, [-1.5, 2.0, 0.25, -3.0, 0.125], strict=True)]
    done = cli("saturation", "relu", stdin="\n".join(["h,x", *rows]).encode())
    assert said in done.stderr.decode()
    assert bool(said) == bool(done.stderr)
    assert done.stderr.decode().endswith("-c leaves it out\n") or not said
    alone = "\n".join(["h", *map(str, column)]).encode()
    assert cli.ok("saturation", "relu", "--by", "layer", "-f", "csv", stdin=alone)
