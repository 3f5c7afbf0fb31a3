"""The rules of other systems against their own algorithms, written as in those systems, on real layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.run import DATA, Cli

from actcli.diagnosis import diagnose as diagnosis
from actcli.diagnosis.diagnose import Criteria, Diagnosis
from actcli.diagnosis.records import Layer
from actcli.diagnosis.systems import RULES
from actcli.measuring.layer import PreActivations
from actcli.registry import specs

RELU, NEGATIVE, TANH, SIGMOID = "relu_trained", "relu_negative_bias", "tanh_saturated", "sigmoid_deep"


def layers(network: str) -> list[np.ndarray]:
    return [np.loadtxt(path, delimiter=",", skiprows=1) for path in sorted((DATA / network).glob("*.csv"))]


def diagnose(rule: str, spec: str, x: np.ndarray) -> Diagnosis:
    function, criteria = specs.get(spec), Criteria(rule=RULES[rule])
    cut = len(x) // 3  # the rule sees merged partials

    def blocks(work: Any) -> Iterator[Any]:
        yield from (work(x[:cut], None), work(x[cut:], None))

    names = tuple(str(i) for i in range(x.shape[1]))
    return diagnosis.diagnose([PreActivations("layer", function, names, blocks)], criteria)


def neurons_and_alarm(found: Diagnosis) -> tuple[list[bool | None], bool]:
    return [neuron.flagged for neuron in found.neurons], found.layers[0].verdict != "ok"


def sagemaker(outputs_or_inputs: np.ndarray, inactive: np.ndarray) -> tuple[list[bool], bool]:
    share_active = 100.0 * (~inactive).mean(axis=0)
    dead = share_active < 1.0
    return dead.tolist(), bool(100.0 * dead.mean() > 50.0)


def rho_b(outputs: np.ndarray, low: float, high: float, bins: int = 50) -> float:
    """Rakitianskaia and Engelbrecht 2015: the weighted mean over the bins of |2 (g - low) / (high - low) - 1|."""
    bin_of = np.digitize(outputs, np.linspace(low, high, bins + 1)[:-1])
    total = 0.0
    for b in np.unique(bin_of):
        inside = outputs[bin_of == b]
        total += abs(2 * (inside.mean() - low) / (high - low) - 1) * len(inside)
    return total / len(outputs)


@pytest.mark.parametrize("network", [RELU, NEGATIVE])
def test_rules_for_relu(network: str) -> None:
    """Every neuron and verdict of SageMaker Debugger, keras-contrib, Karpathy, DeepDiagnosis and TheDeepChecker."""
    for x in layers(network):
        out = np.maximum(x, 0.0)
        assert neurons_and_alarm(diagnose("sagemaker", "relu", x)) == sagemaker(out, out <= 0)
        dead = out.sum(axis=0) == 0
        assert neurons_and_alarm(diagnose("keras-contrib", "relu", x)) == (dead.tolist(), dead.mean() >= 0.1)
        assert neurons_and_alarm(diagnose("karpathy", "relu", x)) == (dead.tolist(), dead.any())
        flat = out.flatten()
        found = diagnose("deepdiagnosis", "relu", x).layers[0]
        assert found.rule_score == pytest.approx(len(flat[flat <= 0.0]) / len(flat), rel=1e-14)
        assert (found.verdict == "critical") == (len(flat[flat <= 0.0]) / len(flat) >= 0.7)
        small = np.percentile(np.abs(out), q=95, axis=0) < 1e-5
        assert neurons_and_alarm(diagnose("thedeepchecker", "relu", x)) == (small.tolist(), small.mean() > 0.5)


@pytest.mark.parametrize(
    ("network", "spec", "f", "ends"),
    [
        (TANH, "tanh", np.tanh, (-9.4999, 9.4999)),
        (SIGMOID, "sigmoid", lambda x: 1 / (1 + np.exp(-x)), (-23.0, 16.99999)),
    ],
)
def test_rules_for_tanh_and_sigmoid(
    network: str, spec: str, f: Callable[[np.ndarray], np.ndarray], ends: tuple[float, float]
) -> None:
    """SageMaker looks at inputs beyond two ends, DeepDiagnosis at |x| >= 5, TheDeepChecker at rho_B of the outputs; all
    also on inputs that are ten times too large."""
    for x in (x * scale for x in layers(network) for scale in (1.0, 10.0)):
        assert neurons_and_alarm(diagnose("sagemaker", spec, x)) == sagemaker(x, (x <= ends[0]) | (x >= ends[1]))
        share = np.mean((x <= -5) | (x >= 5))
        found = diagnose("deepdiagnosis", spec, x).layers[0]
        assert found.rule_score == pytest.approx(share, rel=1e-14)
        assert (found.verdict == "critical") == (share > 0.5)
        low = -1.0 if spec == "tanh" else 0.0
        high_rho = np.array([rho_b(column, low, 1.0) > 0.85 for column in f(x).T])
        assert neurons_and_alarm(diagnose("thedeepchecker", spec, x)) == (high_rho.tolist(), high_rho.mean() > 0.5)


def test_karpathys_share_of_saturated_tanh() -> None:
    """(t.abs() > 0.97).float().mean(), and never an alarm."""
    for x in layers(TANH):
        found = diagnose("karpathy", "tanh", x).layers[0]
        assert found.rule_score == pytest.approx(np.mean(np.abs(np.tanh(x)) > 0.97), rel=1e-14)
        assert found.verdict == "ok"


@pytest.mark.parametrize(("network", "spec"), [(RELU, "relu"), (NEGATIVE, "relu"), (TANH, "tanh")])
def test_redo_scores(network: str, spec: str) -> None:
    """ReDo: mean |activation|, divided by its mean over the neurons plus 1e-9, at most 0.025."""
    for x in layers(network):
        score = np.abs(specs.get(spec).f(x)).mean(axis=0)
        score = score / (score.mean() + 1e-9)
        dormant = score <= 0.025
        assert neurons_and_alarm(diagnose("redo", spec, x)) == (dormant.tolist(), dormant.any())


def test_healthy_relus_are_called_dead_by_a_rule_on_values() -> None:
    """DeepDiagnosis calls two layers of a network with 99.7 % accuracy dead, by mistake; our own rule calls none."""
    verdicts = [diagnose("deepdiagnosis", "relu", x).layers[0].verdict for x in layers(RELU)]
    assert verdicts == ["ok", "critical", "critical"]
    assert [diagnose("default", "relu", x).layers[0].verdict for x in layers(RELU)] == ["ok"] * 3


def test_strict_warns_no_later_than_default() -> None:
    """On every real layer, the verdict of the strict rule is at least as grave."""
    order = ["ok", "warning", "critical"]

    def verdict(rule: str, spec: str, x: np.ndarray) -> int:
        layer: Layer = diagnose(rule, spec, x).layers[0]
        return order.index(layer.verdict)

    for network, spec in ((RELU, "relu"), (NEGATIVE, "relu"), (TANH, "tanh"), (SIGMOID, "sigmoid")):
        for x in layers(network):
            assert verdict("strict", spec, x) >= verdict("default", spec, x)


@pytest.mark.parametrize("rule", RULES)
def test_explain_names_the_threshold_and_the_source(cli: Cli, rule: str) -> None:
    """`--explain` prints name, definition and source, and reads no input."""
    spec = "tanh" if rule in ("default", "strict", "redo") else "relu"
    rows = json.loads(cli.ok("saturation", spec, "--rule", rule, "--explain", "-f", "json"))
    assert [row["field"] for row in rows] == ["name", *["definition"] * (len(rows) - 2), "source"]
    assert rows[0]["value"] == rule
    assert any(character.isdigit() for row in rows[1:-1] for character in row["value"]) or rule == "karpathy"
    assert rows[-1]["value"]
    assert all(len(row["value"]) < 250 for row in rows[1:-1]) or rule not in ("default", "strict")


def test_a_rule_that_does_not_cover_the_function_is_a_usage_error(cli: Cli) -> None:
    """keras-contrib covers only ReLU; the error names the functions that a rule covers."""
    message = cli.fails(2, "saturation", "gelu", "1", "--rule", "keras-contrib")
    assert "does not cover gelu" in message
    assert "relu" in message


def test_a_rule_in_json_and_in_the_table(cli: Cli) -> None:
    """JSON has the rule and the flagged neurons; without another system's rule it does not have these fields."""
    layer2 = str(DATA / NEGATIVE / "layer2.csv")
    document = json.loads(cli.ok("saturation", "relu", layer2, "--rule", "keras-contrib", "-f", "json"))
    assert document["rule"]["name"] == "keras-contrib"
    assert sum(neuron["flagged"] for neuron in document["neurons"]) == document["layers"][0]["flagged_neurons"] == 10
    assert document["layers"][0]["remedies"][0]["figure"] == "dead_neuron_ratio"
    text = cli.ok("saturation", "relu", layer2, "--rule", "keras-contrib", "-f", "table", COLUMNS="200")
    assert "By the rule of keras-contrib: a neuron that did not fire once" in text
    assert "flagged: h1, h5, h9" in text
    plain = json.loads(cli.ok("saturation", "relu", layer2, "-f", "json"))
    assert "flagged" not in plain["neurons"][0]
    assert plain["rule"]["name"] == "default"
