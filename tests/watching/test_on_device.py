"""Pre-activations on a GPU are measured there. The tests need no GPU: the CPU is treated as one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.activation import Function
from actcli.diagnosis.diagnose import criteria
from actcli.measuring.measures import LayerMeasures, NeuronMeasures, values_of_layer, values_of_neurons
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe, Thresholds
from actcli.measuring.tallies import HISTOGRAM, INPUTS, PASSING, SCORE, ZEROS
from actcli.models import torch_sizes
from actcli.models.seen import Seen
from actcli.models.tensors import tensor_blocks
from actcli.registry import additions
from actcli.registry.specs import get
from actcli.watching.inspect import inspect
from actcli.watching.measured import Layers
from actcli.watching.watch import watch

torch = framework("torch")
pytestmark = [marked, pytest.mark.filterwarnings("default")]  # PyTorch's own

EXACT = {"missing", "non_finite", "min", "max"} | {
    f"{name}_ratio" for name in ("vanishing", "saturated_low", "saturated_high", "zero_gradient")
}


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat the CPU as a GPU."""
    monkeypatch.setattr(torch_sizes, "_KINDS", frozenset(("cpu",)))


class Leaving(torch.Tensor):  # type: ignore[misc]
    """A tensor that counts the numbers that leave its device, as do all tensors computed from it."""

    numbers = 0

    @classmethod
    def __torch_function__(cls, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if call.__name__ in ("numpy", "__array__", "tolist", "item", "__float__", "__int__", "__bool__", "__index__"):
            Leaving.numbers += args[0].numel()
        return super().__torch_function__(call, types, args, kwargs or {})


def frameworks_functions() -> list[Function]:
    """The elementwise functions of frameworks, with default and other parameters."""
    own = [one for one in additions.activations() if one.dialects and one.kind == "elementwise" and not one.window]
    defaults = [one.bind({p.name: 1.0 for p in one.parameters if math.isnan(p.default)}) for one in own]
    others = ("softplus:beta=30", "hard_sigmoid:alpha=0.2", "softshrink:lambd=0.3", "prelu:a=-0.5", "elu:alpha=0.1",
              "threshold:threshold=0.5,value=-2", "hard_tanh:min_val=-2,max_val=0.1", "swish_beta:beta=5")  # fmt: skip
    return [one for one in defaults if one.activation.domain[0] == -math.inf] + [get(spec) for spec in others]


def partials(probe: Probe, x: Any, positions: int = 1) -> list[Partial]:
    """The measures of a tensor, copied and on its device."""
    found = []
    for stays in (False, True):
        layers = Layers()
        layers.see(Seen("z", probe.function, x.shape[1], positions, lambda s=stays: tensor_blocks(x, 1, positions, s),
                        stays=stays), probe)  # fmt: skip
        found.append(layers.measured["z"].partial)
    return found


def check(probe: Probe, x: Any, positions: int = 1, near: float = 1e-11) -> None:
    one, two = partials(probe, x, positions)
    assert one.samples == two.samples
    for tally in (ZEROS, INPUTS, PASSING):
        np.testing.assert_array_equal(one[tally], two[tally])
    if probe.histogram:
        for part in ("bins", "held"):
            np.testing.assert_array_equal(getattr(one[HISTOGRAM], part), getattr(two[HISTOGRAM], part))
    of = [(values_of_neurons(NeuronMeasures, p, probe.occasions), values_of_layer(LayerMeasures, p, probe.occasions))
          for p in (one, two)]  # fmt: skip
    for name, values in {**of[0][0], **of[0][1]}.items():
        other = {**of[1][0], **of[1][1]}[name]
        if name in EXACT:
            assert values == other, name
        elif isinstance(values, list):
            assert other == [v if v is None else pytest.approx(v, rel=near, abs=1e-300, nan_ok=True) for v in values]
        else:
            assert other == (values if values is None else pytest.approx(values, rel=near, nan_ok=True)), name


def test_measures_on_the_device_agree_with_those_of_a_copy() -> None:
    """Counts and extremes exactly, means to nine digits: for every function and dtype, at kinks, with NaN and infinite
    values, a constant column and a column without values."""
    rng = np.random.default_rng(0)
    x = rng.normal(scale=[0.1, 1.0, 5.0, 20.0, 1.0, 1.0, 1.0, 1.0], size=(600, 8)).clip(-48.0, 48.0)
    x[:, 4] = rng.integers(-12, 13, 600) / 2.0
    x[::7, 5], x[::11, 5], x[::13, 5] = math.nan, math.inf, -math.inf
    x[:, 6], x[:, 7] = 0.1, math.nan
    for function in frameworks_functions():
        probe = Probe.of(function, Thresholds(), histogram=True)
        for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
            check(probe, torch.from_numpy(x).to(kind), near=1e-9)


def test_extreme_values() -> None:
    """Squares that overflow or underflow, a mean far from 0, a column of zeros."""
    x = torch.tensor([[1e300, 1e-200, 1e9, 5e-324, 0.0], [1e300, 3e-200, 1e9 + 1, 0.0, -0.0], [1e308] * 5]).double()
    x[2, 1:] = torch.tensor([2e-200, 1e9 + 2, 5e-324, 0.0])
    for name in ("relu", "identity", "hard_tanh"):
        check(Probe.of(get(name), Thresholds()), x)


def test_inputs_and_slopes_by_channel() -> None:
    """An input is counted once for all its positions; each channel has its own slope."""
    torch.manual_seed(0)
    x = torch.randn(6, 3, 4, 5)
    x[0, 1] = -1.0
    for function in (get("relu"), get("prelu").activation.bind({"a": [0.25, 0.0, -3.0]})):
        check(Probe.of(function, Thresholds()), x, positions=20)


def test_scores_of_rules() -> None:
    x = torch.randn(50, 6)
    for rule in ("thedeepchecker", "redo", "sagemaker"):
        for name in ("relu", "tanh", "sigmoid"):
            probe = criteria(Thresholds(), rule, None).probe(get(name))
            one, two = partials(probe, x)
            np.testing.assert_allclose(one[SCORE].plain(), two[SCORE].plain(), rtol=1e-12)


class Swish(torch.nn.Module):  # type: ignore[misc]
    """Written by hand."""

    def forward(self, x: Any) -> Any:
        return x * torch.sigmoid(x)


def network() -> Any:
    nn = torch.nn
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 6), Swish(), nn.Linear(6, 6), nn.PReLU(6)),
        *(nn.Linear(6, 8), nn.GLU(), nn.Linear(4, 3), nn.Tanh()),
    )


@pytest.mark.usefixtures("away")
def test_watch_and_inspect_agree_with_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a custom module, slopes by channel, and a gated function that is still copied."""
    x = torch.randn(300, 4)

    def found() -> list[Any]:
        model = network()
        with watch(model, every=1, gradients=True) as w:
            model(x).square().sum().backward()
        return [*w.diagnosis().layers, *inspect(model, x).layers]

    there = found()
    monkeypatch.undo()
    for one, two in zip(there, found(), strict=True):
        assert (one.name, one.function, one.neurons, one.verdict) == (two.name, two.function, two.neurons, two.verdict)
        assert (one.vanishing_ratio, one.dead_neurons) == (two.vanishing_ratio, two.dead_neurons)
        assert one.mean_abs_gradient == pytest.approx(two.mean_abs_gradient, rel=1e-12)
        assert one.gradient_rms == two.gradient_rms


@pytest.mark.usefixtures("away")
def test_only_measures_leave_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most two dozen numbers per neuron, however many values it has; without the device path, all values."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 6), torch.nn.Tanh())

    def leaving(rows: int) -> int:
        Leaving.numbers = 0
        with watch(model, every=1, gradients=True):
            model(torch.randn(rows, 4).as_subclass(Leaving)).square().sum().backward()
        return Leaving.numbers

    assert 14 < leaving(50) == leaving(5000) <= 24 * 14
    monkeypatch.undo()
    assert leaving(5000) >= 5000 * 14


def test_values_are_copied_where_the_device_cannot_measure() -> None:
    """From devices that may lack float64, and for functions without a table."""
    cuda, *others = map(torch.device, ("cuda", "mps", "xpu", "cpu"))
    names = ("relu", "gelu", "prelu:a=0.1", "glu", "softmax", "snake", "log1mexp")
    assert [name for name in names if torch_sizes.stays(get(name), cuda)] == ["relu", "gelu", "prelu:a=0.1"]
    assert not any(torch_sizes.stays(get("relu"), device) for device in others)
