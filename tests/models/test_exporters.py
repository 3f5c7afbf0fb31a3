"""PyTorch's activations, as its two exporters write them at several opsets, are recognised with their parameters."""

from __future__ import annotations

import logging
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import sweep

from actcli.models.onnx_model import Model

if sweep.full:
    pytest.importorskip("onnxscript")
torch = pytest.importorskip("torch")

nn, F = torch.nn, torch.nn.functional


class Lambda(nn.Module):
    def __init__(self, f: Any) -> None:
        super().__init__()
        self.f = f

    def forward(self, x: Any) -> Any:
        return self.f(x)


def own_slopes() -> Any:
    module = nn.PReLU(5)
    module.weight.data = torch.tensor([0.1, -0.2, 0.3, 0.0, 2.0])
    return module


# The label begins with this name, or with that of an equal function with fewer parameters.
WRITTEN: dict[str, tuple[str, Any]] = {
    "ReLU": ("relu", nn.ReLU),
    "relu": ("relu", lambda: Lambda(torch.relu)),
    "maximum": ("relu", lambda: Lambda(lambda x: torch.maximum(x, torch.zeros_like(x)))),
    "clamp_min": ("relu", lambda: Lambda(lambda x: x.clamp(min=0))),
    "where": ("relu", lambda: Lambda(lambda x: torch.where(x > 0, x, torch.zeros_like(x)))),
    "times its sign": ("relu", lambda: Lambda(lambda x: x * (x > 0))),
    "ReLU6": ("relu6", nn.ReLU6),
    "clamp": ("hard_tanh:min_val=-2.0,max_val=3.0", lambda: Lambda(lambda x: x.clamp(-2, 3))),
    "LeakyReLU": ("leaky_relu", nn.LeakyReLU),
    "LeakyReLU(0.2)": ("leaky_relu:negative_slope=0.2", lambda: nn.LeakyReLU(0.2)),
    "leaky by maximum": ("leaky_relu:negative_slope=0.1", lambda: Lambda(lambda x: torch.maximum(x, 0.1 * x))),
    "PReLU": ("prelu", nn.PReLU),
    "PReLU of channels": ("prelu:a=0.1,-0.2,0.3,0.0,2.0", own_slopes),
    "RReLU": ("leaky_relu:negative_slope=0.2291666716337204", nn.RReLU),
    "Threshold": ("threshold:threshold=0.1,value=20.0", lambda: nn.Threshold(0.1, 20.0)),
    "ELU": ("elu", nn.ELU),
    "ELU(0.5)": ("elu:alpha=0.5", lambda: nn.ELU(0.5)),
    "SELU": ("selu", nn.SELU),
    "CELU": ("celu", nn.CELU),
    "CELU(1.7)": ("celu:alpha=1.7", lambda: nn.CELU(1.7)),
    "Sigmoid": ("sigmoid", nn.Sigmoid),
    "Tanh": ("tanh", nn.Tanh),
    "Hardsigmoid": ("hard_sigmoid", nn.Hardsigmoid),
    "Hardtanh": ("hard_tanh", nn.Hardtanh),
    "Hardswish": ("hard_swish", nn.Hardswish),
    "hard swish by relu6": ("hard_swish", lambda: Lambda(lambda x: x * F.relu6(x + 3) / 6)),
    "Softsign": ("softsign", nn.Softsign),
    "Softplus": ("softplus", nn.Softplus),
    "Softplus(2)": ("softplus:beta=2.0", lambda: nn.Softplus(2.0)),
    "log1p exp": ("softplus", lambda: Lambda(lambda x: torch.log(1 + torch.exp(x)))),
    "LogSigmoid": ("log_sigmoid", nn.LogSigmoid),
    "Tanhshrink": ("tanhshrink", nn.Tanhshrink),
    "SiLU": ("silu", nn.SiLU),
    "silu by hand": ("silu", lambda: Lambda(lambda x: x * torch.sigmoid(x))),
    "swish of 1.5": ("swish_beta:beta=1.5", lambda: Lambda(lambda x: x * torch.sigmoid(1.5 * x))),
    "quick gelu": ("quick_gelu", lambda: Lambda(lambda x: x * torch.sigmoid(1.702 * x))),
    "Mish": ("mish", nn.Mish),
    "mish by hand": ("mish", lambda: Lambda(lambda x: x * torch.tanh(F.softplus(x)))),
    "GELU": ("gelu", nn.GELU),
    "gelu by hand": ("gelu", lambda: Lambda(lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2))))),
    "GELU(tanh)": ("gelu_tanh", lambda: nn.GELU(approximate="tanh")),
    "gelu tanh by hand": (
        "gelu_tanh",
        lambda: Lambda(lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    ),
    "Softshrink": ("softshrink", nn.Softshrink),
    "Softshrink(1.5)": ("softshrink:lambd=1.5", lambda: nn.Softshrink(1.5)),
    "Hardshrink": ("hardshrink", nn.Hardshrink),
    "squared relu": ("squared_relu", lambda: Lambda(lambda x: torch.relu(x) ** 2)),
    "sin": ("sine", lambda: Lambda(torch.sin)),
    "sin of 30": ("sine:w0=30.0", lambda: Lambda(lambda x: torch.sin(30 * x))),
    "atan": ("arctan", lambda: Lambda(torch.atan)),
    "GLU": ("sigmoid", lambda: nn.Sequential(nn.Linear(5, 10), nn.GLU())),
}
UNWRITTEN = {"script": "Threshold", "dynamo": "RReLU"}  # what each exporter refuses
WAYS = [("script", 12), ("script", 13), ("script", 14), ("script", 17), ("script", 20), ("dynamo", 18), ("dynamo", 20),
        ("dynamo", 22), ("dynamo", 23)]  # fmt: skip


class Network(nn.Module):
    """The activations one after the other, each after weights of its own."""

    def __init__(self, modules: Any) -> None:
        super().__init__()
        self.weights = nn.ModuleList(nn.Linear(5, 5) for _ in modules)
        self.norms = nn.ModuleList(nn.LayerNorm(5) for _ in modules)
        self.made = nn.ModuleList(modules)

    def forward(self, x: Any) -> Any:
        for weights, norm, module in zip(self.weights, self.norms, self.made, strict=True):
            x = norm(x + module(weights(x)))
        return x


def exported(path: Path, module: Any, way: str, opset: int, *, half: bool = False) -> Path:
    x = torch.randn(3, 5)
    module, x = (module.half(), x.half()) if half else (module, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            torch.onnx.export(
                module.eval(), (x,), str(path), opset_version=opset, dynamo=way == "dynamo", verbose=False
            )
        finally:
            logging.disable(logging.NOTSET)
    return path


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("way", "opset"), sweep.part(WAYS, len(WAYS)))
def test_what_torch_writes_is_recognised(tmp_path: Path, way: str, opset: int) -> None:
    made = {name: (label, make()) for name, (label, make) in WRITTEN.items() if name != UNWRITTEN[way]}
    torch.manual_seed(0)
    path = exported(tmp_path / "m.onnx", Network([module for _, module in made.values()]), way, opset)
    layers = Model.read(str(path)).listing.layers
    found = [layer.function.label for layer in layers]
    assert found == [label for label, _ in made.values()]
    x = np.linspace(-3.97, 4.03, 55)
    for (name, (_, module)), layer in zip(made.items(), layers, strict=True):
        if name not in ("PReLU of channels", "GLU"):
            expected = module(torch.from_numpy(x).float()).detach().numpy()
            np.testing.assert_allclose(layer.function.f(x), expected, rtol=2e-5, atol=1e-5, err_msg=name)
