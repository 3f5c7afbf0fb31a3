"""Layers under a rowwise function."""

from __future__ import annotations

import math

import numpy as np

from actcli.analysis.columns import own_outputs
from actcli.diagnosis import diagnose as diagnosis
from actcli.measuring.layer import PreActivations
from actcli.registry import specs


def test_outputs_of_another_number_are_shared_by_the_inputs() -> None:
    """By halves, by groups, one output for all inputs, and the sum of two outputs of which one is 0."""
    assert own_outputs(np.array([[1.0, 2.0]]), 4).tolist() == [[1, 2, 1, 2]]
    assert own_outputs(np.array([5.0]), 3).tolist() == [5, 5, 5]
    assert own_outputs(np.array([[1.0, 0.0, 0.0, 3.0]]), 2).tolist() == [[1, 3]]
    assert own_outputs(np.array([1.0, 2.0]), 2).tolist() == [1, 2]


def test_a_gated_layer_is_diagnosed() -> None:
    """By hand: if b is far below 0 the gate is shut, for a and for b; |f| counts for both halves."""
    x = np.array([[1.0, 3.0, -50.0, 0.0], [2.0, -3.0, -60.0, 0.0], [math.nan, 1.0, 1.0, 1.0]])
    found = diagnosis.diagnose([PreActivations.of_array("layer", specs.get("glu"), x)], diagnosis.Criteria())
    assert [neuron.dead for neuron in found.neurons] == [True, False, True, False]
    assert [neuron.dormant for neuron in found.neurons] == [True, False, True, False]
    assert [neuron.mean_abs_output for neuron in found.neurons][1::2] == [1.5, 1.5]
    assert [neuron.mean_abs_gradient for neuron in found.neurons][1::2] == [0.5, 0.75]
    (layer,) = found.layers
    assert (layer.vanishing_ratio, layer.vanishing_rows, layer.non_finite) == (0.5, 0, 1)
