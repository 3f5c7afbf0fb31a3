"""Remedies follow from the findings, and a report says what its measures cannot decide."""

from __future__ import annotations

import numpy as np
import pytest

import actcli

X = np.random.default_rng(0).normal(size=(400, 8))


def advised(layers: dict[str, np.ndarray], function: str = "tanh") -> list[list[str]]:
    return [[remedy.figure for remedy in layer.remedies] for layer in actcli.diagnose(layers, function).layers]


def test_scaling_is_advised_for_unscaled_inputs() -> None:
    """As the first remedy, and only if the first layer is at fault; later layers have other causes."""
    first, second = advised({"a": 300.0 * X, "b": 300.0 * X})
    assert first[0] == "mean_square"
    assert "mean_square" not in second
    assert advised({"a": X, "b": 300.0 * X})[0] == []
    assert advised({"a": 300.0 * X}, "relu") == [[]]  # relu still passes half of the values
    (layer,) = actcli.diagnose({"a": 300.0 * X}, "tanh").layers
    assert f"{layer.mean_square:.3g}" in layer.remedies[0].remedy


def test_a_change_that_changes_nothing_says_so() -> None:
    """relu6 is relu if no value is above 6."""
    (change,) = actcli.compare(["relu", "relu6"], {"a": X}).changes
    assert "nothing changes" in change.sentence
    (change,) = actcli.compare(["relu", "relu6"], {"a": 10.0 * X}).changes
    assert "nothing changes" not in change.sentence


@pytest.mark.parametrize(
    ("functions", "said"),
    [
        (["leaky_relu:0.01|0.1|0.3"], "favours the largest negative_slope of leaky_relu"),
        (["relu", "leaky_relu:0.01|0.1|0.3"], "'leaky_relu:negative_slope=0.01|0.1|0.3'"),
        (["relu", "gelu"], "do not say which network learns better"),
        (["hard_tanh:min_val=-1,max_val=1|2"], "favours the largest max_val"),
        (["swish_beta:0.5|1|2"], "do not say which network learns better"),  # some gradient grows, and some falls
    ],
)
def test_a_comparison_says_what_it_cannot_choose(functions: list[str], said: str) -> None:
    """And what can; for a sweep with its best value at an end, that the measures would favour values beyond it."""
    text = actcli.compare(functions, {"a": X, "b": X - 1.0}).undecided
    assert said in text
    assert "train" in text


def test_functions_by_themselves_are_not_chosen() -> None:
    assert actcli.compare(["leaky_relu:0.01|0.1"]).undecided == ""


def test_the_gravest_finding_comes_first() -> None:
    """98 % vanishing, which is critical, before 1 dead neuron of 20, which is ok."""
    x = np.full((1000, 20), -1.0)
    x[:25, 1:] = 1.0
    (layer,) = actcli.diagnose({"a": x}, "relu").layers
    assert layer.verdict == "critical"
    assert "have |f'| <" in layer.reasons[0]
    assert "dead" in layer.reasons[1]
