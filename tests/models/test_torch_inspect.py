"""Inspecting a PyTorch module: it is run on arrays, and left as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.errors import DataError
from actcli.watching.inspect import inspect

torch = framework("torch")
pytestmark = [marked, pytest.mark.filterwarnings("default")]  # PyTorch's own


def chain() -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 1))


def test_inspect_runs_a_module_on_arrays() -> None:
    """In evaluation mode and in batches; each module returns to its mode."""
    model = chain()
    model[1].eval()
    x = np.random.default_rng(0).normal(size=(150, 4))
    found = inspect(model, x)
    assert [(layer.name, layer.samples) for layer in found.layers] == [("1", 150), ("3", 150)]
    assert model.training
    assert not model[1].training
    whole = inspect(model, x, batch=150)
    assert [one.dead_neurons for one in found.layers] == [one.dead_neurons for one in whole.layers]


def test_inspect_runs_an_exported_program() -> None:
    """A module of torch.export has only one mode, and its activations are calls."""
    exported = torch.export.export(chain().eval(), (torch.randn(5, 4),)).module()
    found = inspect(exported, torch.randn(5, 4)).layers
    assert [(layer.function.label, layer.samples) for layer in found] == [("relu", 5), ("tanh", 5)]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (torch.zeros(5, 7), "fails on these inputs\nmat1 and mat2"),
        ([["a", "b", "c", "d"]], "not an array of numbers"),
        ([[1.0, 2.0], [3.0]], "not an array of numbers"),
        ({"y": torch.zeros(5, 4)}, "fails on these inputs\n.*unexpected keyword"),
        (torch.zeros(0, 4), "no inputs"),
    ],
)
def test_inputs_that_do_not_fit_are_one_error(inputs: Any, said: str) -> None:
    """The model is left as it was; lists of numbers are treated as an array."""
    model = chain()
    with pytest.raises(DataError, match=said):
        inspect(model, inputs)
    assert model.training
    assert not model._forward_hooks
    assert inspect(model, [[1.0, 2.0, 3.0, 4.0]] * 3).layers[0].samples == 3
