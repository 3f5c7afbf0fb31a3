"""Shrinkage functions: zero around 0."""

import numpy as np

from actcli.activation import Activation, Array, Indicator, flat
from actcli.functions.naming import dialects
from actcli.parameters import INF, NON_NEGATIVE, REAL, Parameter

_LAMBD = Parameter("lambd", 0.5, NON_NEGATIVE, "half-width of the interval around 0 where f is 0")


def _edges(lambd: float) -> tuple[float, float]:
    return -lambd, lambd


_OUTSIDE = Indicator(lambda x, lambd: np.abs(x) > lambd)


def softshrink(x: Array, lambd: float) -> Array:
    return x - np.clip(x, -lambd, lambd)


SOFTSHRINK = Activation(
    name="softshrink",
    aliases=("soft_shrink", "soft_threshold"),
    formula="where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))",
    derivative="where(abs(x) > lambd, 1, 0)",
    parameters=(_LAMBD,),
    f=softshrink,
    df=_OUTSIDE,
    wrt={"lambd": lambda x, lambd: np.sign(np.clip(x, -lambd, lambd) - x)},
    breaks=_edges,
    convention="f' = 0 at -lambd and lambd",
    range=(-INF, INF),
    dialects=dialects(
        "torch.nn.Softshrink onnx:Shrink(bias=lambd)",
        ("keras.activations.soft_shrink | 0 at NaN with JAX, TensorFlow", {"threshold": "lambd"}),
        ("tfa.activations.softshrink | lower and upper are separate; here lower = -upper", {"upper": "lambd"}),
        ("NNlib.softshrink", {"λ": "lambd"}),
    ),
    source="PyTorch torch.nn.Softshrink; Donoho 1995, De-noising by Soft-Thresholding",
)

HARDSHRINK = Activation(
    name="hardshrink",
    aliases=("hard_shrink", "hard_threshold"),
    formula="where(abs(x) > lambd, x, 0)",
    derivative="where(abs(x) > lambd, 1, 0)",
    parameters=(_LAMBD,),
    f=lambda x, lambd: np.where(np.abs(x) <= lambd, 0.0, x),
    df=_OUTSIDE,
    wrt={"lambd": flat},
    breaks=_edges,
    convention="f = 0 and f' = 0 at -lambd and lambd, where f jumps",
    range=(-INF, INF),
    dialects=dialects(
        "torch.nn.Hardshrink onnx:Shrink(bias=0)",
        ("keras.activations.hard_shrink | 0 at NaN with JAX, TensorFlow", {"threshold": "lambd"}),
        ("tfa.activations.hardshrink | lower and upper are separate; here lower = -upper", {"upper": "lambd"}),
    ),
    source="PyTorch torch.nn.Hardshrink; Donoho and Johnstone 1994, Ideal Spatial Adaptation by Wavelet Shrinkage",
)

SHRINK = Activation(
    name="shrink",
    formula="where(x < -lambd, x + bias, where(x > lambd, x - bias, 0))",
    derivative="where(abs(x) > lambd, 1, 0)",
    parameters=(_LAMBD, Parameter("bias", 0.0, REAL, "subtracted from |x| outside: 0 is hardshrink, lambd softshrink")),
    f=lambda x, lambd, bias: np.where(np.abs(x) <= lambd, 0.0, x - np.sign(x) * bias),
    df=Indicator(lambda x, lambd, bias: np.abs(x) > lambd),
    wrt={"lambd": flat, "bias": lambda x, lambd, bias: 0.0 - np.sign(x) * _OUTSIDE(x, lambd)},
    breaks=lambda lambd, bias: _edges(lambd),
    convention="f = 0 and f' = 0 at -lambd and lambd, where f jumps unless bias = lambd",
    range=(-INF, INF),
    dialects=dialects("onnx:Shrink"),
    source="ONNX Shrink",
)
