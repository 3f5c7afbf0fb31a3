"""The verdicts on layers: how much work they take."""

from __future__ import annotations

import numpy as np
import pytest

from actcli.diagnosis import verdicts
from actcli.diagnosis.diagnose import Criteria, diagnose
from actcli.measuring.layer import PreActivations
from actcli.registry import specs


def test_verdicts_take_work_in_proportion_to_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest slope of a function is looked up once per layer, not once per pair of layers."""
    looked_up: list[object] = []
    real = verdicts.sup_gradient
    monkeypatch.setattr(verdicts, "sup_gradient", lambda function: looked_up.append(function) or real(function))
    sigmoid = specs.get("sigmoid")
    layers = [PreActivations.of_array(f"layer{i}", sigmoid, np.zeros((2, 1))) for i in range(60)]
    found = diagnose(layers, Criteria())
    assert len(looked_up) <= len(found.layers) == 60
    assert "the 59 layers after it scales the gradient by 7.5e-37" in " ".join(found.layers[0].reasons)  # 1 / 4^60
