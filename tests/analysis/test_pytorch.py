"""Gradients that are 0 in a smaller format agree with PyTorch's, for every function and number of two formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.analysis.precision import computed_gradient
from actcli.numerics.smaller import PRECISIONS
from actcli.registry import specs

torch = framework("torch")
torch.set_num_threads(1)
F = torch.nn.functional
pytestmark = marked

SINGLE: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: 1 * x, "abs": torch.abs, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    "hard_sigmoid": F.hardsigmoid, "softsign": F.softsign, "arctan": torch.atan, "normal_cdf": torch.special.ndtr,
    "erf_unit": torch.erf, "relu": F.relu, "relu6": F.relu6, "leaky_relu": F.leaky_relu,
    "prelu": lambda x: F.prelu(x, torch.tensor([0.25], dtype=x.dtype)), "rrelu": F.rrelu,
    "threshold": lambda x: F.threshold(x, 0.0, 0.0), "hard_swish": F.hardswish, "hard_tanh": F.hardtanh,
    "elu": F.elu, "selu": F.selu, "celu": F.celu, "softplus:threshold=20": F.softplus, "log_sigmoid": F.logsigmoid,
    "tanhshrink": F.tanhshrink, "silu": F.silu, "mish": F.mish, "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "softshrink": F.softshrink, "hardshrink": F.hardshrink,
    "exponential": torch.exp, "sine": torch.sin, "cosine": torch.cos, "sinc": torch.sinc,
}  # fmt: skip
ROWS: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda x: F.softmax(x, -1), "softmin": lambda x: F.softmin(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1), "glu": lambda x: F.glu(x, -1),
}  # fmt: skip
# Cases per 100,000 in which one gradient is 0 and the other the smallest step of a rounded sine, exponential or erf.
RAGGED = {("sinc", "float32"): 400, ("gelu", "float32"): 150, ("mish", "float32"): 400}


def numbers(name: str) -> Any:
    """Every finite number of a 16-bit format; for float32 one in 2^16, and those where functions bend."""
    bits = torch.arange(0, 2**16, dtype=torch.int32)
    if name == "float32":
        x = torch.cat([(bits << 16).view(torch.float32), torch.linspace(-130, 130, 30_001)])
    else:
        x = bits.to(torch.int16).view(getattr(torch, name))
    return x[torch.isfinite(x)]


@pytest.mark.parametrize("name", PRECISIONS)
@pytest.mark.parametrize("spec", SINGLE)
def test_gradients_are_0_where_pytorchs_are(spec: str, name: str) -> None:
    function, precision = specs.get(spec), PRECISIONS[name]
    x = numbers(name).requires_grad_()
    SINGLE[spec](x).backward(torch.ones_like(x))
    theirs, at = x.grad.double().numpy(), x.detach().double().numpy()
    ours = computed_gradient(function, precision, at)
    differ = (theirs == 0.0) != (ours == 0.0)
    differ &= np.isfinite(theirs) & (function.df(at) != 0.0)
    assert differ.sum() <= RAGGED.get((spec, name), 0) * at.size / 1e5, at[differ][:20]


@pytest.mark.parametrize("name", PRECISIONS)
@pytest.mark.parametrize("spec", ROWS)
def test_gradients_of_rows_are_0_where_pytorchs_are(spec: str, name: str) -> None:
    """The diagonal of the Jacobian on rows of 2 whose difference has every size; half of it for a gated function."""
    if spec == "log_softmax" and name != "float32":
        return  # there its f itself is 0 too early, by an order of sums that differs from row to row
    function, precision = specs.get(spec), PRECISIONS[name]
    gaps = np.linspace(-30.0, 30.0, 501)
    rows = torch.tensor(np.stack([np.full_like(gaps, 0.5), gaps], axis=1)).to(getattr(torch, name))
    at = rows.double().numpy()
    ours = computed_gradient(function, precision, at)
    theirs = np.empty_like(at)
    for i in range(2):
        x = rows.clone().requires_grad_()
        ROWS[spec](x)[:, i if spec != "glu" else 0].sum().backward()
        theirs[:, i] = x.grad.double().numpy()[:, i]
    differ = (ours == 0.0) != (theirs == 0.0)
    assert not differ.any(), at[differ.any(axis=1)]
