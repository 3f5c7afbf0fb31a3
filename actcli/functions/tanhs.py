"""Functions of x and a hyperbolic tangent: tanhshrink, LiSHT, TanhExp."""

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.kernels import UNDERFLOW, cube_of_one_plus, tanh_parts, times_exp
from actcli.functions.naming import dialects
from actcli.functions.sigmoids import tanh_d2f, tanh_df
from actcli.functions.stretches import TANHEXP_D2, stretched
from actcli.numerics.doubledouble import DD, exp, refine
from actcli.parameters import INF


def tanhshrink(x: Array) -> Array:
    # Near 0 it is x^3 / 3, and the difference keeps no digit. R / Q = 1/3 - t W / Q rounds less.
    t = np.minimum(x * x, 1.5625)
    _, _, q = tanh_parts(t)
    w = 87297210.0 + t * (6016725.0 + t * (103675.0 + t * (494.0 + t / 3.0)))
    return np.where(t < 1.5625, x * t * (1 / 3 - t * w / q), x - np.tanh(x))


TANHSHRINK = Activation(
    name="tanhshrink",
    formula="x - tanh(x)",
    derivative="tanh(x)**2",
    f=tanhshrink,
    df=lambda x: np.tanh(x) ** 2,
    d2f=lambda x: -tanh_d2f(x),
    backward=Backward(lambda x, y: 1.0 - (1.0 - np.tanh(x) * np.tanh(x)), stepwise=True),
    range=(-INF, INF),
    dialects=dialects(
        "torch.nn.Tanhshrink keras.activations.tanh_shrink tfa.activations.tanhshrink NNlib.tanhshrink | as x - "
        "tanh(x), 0 near 0"
    ),
    source="PyTorch torch.nn.Tanhshrink",
)


def lisht_d2f(x: Array) -> Array:
    # 2 sech(x)^2 (1 - x tanh(x)), with tanh|x| = (1 - e) / (1 + e)
    a = np.minimum(np.abs(x), UNDERFLOW)
    e = np.exp(-2.0 * a)
    return times_exp(8.0 * ((1.0 - a) + e * (1.0 + a)) / cube_of_one_plus(e), 2.0 * a, e)


LISHT = Activation(
    name="lisht",
    aliases=("linearly_scaled_tanh",),
    formula="x * tanh(x)",
    derivative="tanh(x) + x * (1 - tanh(x)**2)",
    f=lambda x: x * np.tanh(x),
    df=lambda x: np.tanh(x) + np.clip(x, -UNDERFLOW, UNDERFLOW) * tanh_df(x),
    d2f=lisht_d2f,
    range=(0.0, INF),
    limits=(INF, INF),
    dialects=dialects("tfa.activations.lisht NNlib.lisht"),
    source="TensorFlow Addons tfa.activations.lisht; Roy et al. 2019, arXiv:1901.05894",
)


# With e = exp(x) and s = sech(e)^2, TanhExp has f' = tanh(e) + x e s and f'' = e s (2 + x - 2 x e tanh(e)). Below
# x = -20 tanh(e) is e and s is 1. Above x = 5.95 s is 0 in f''.


def tanhexp(x: Array) -> Array:
    x = np.maximum(x, -UNDERFLOW)
    low = np.minimum(x, 0.0)
    e = np.exp(np.minimum(x, 7.0))
    return np.where(x < -20.0, times_exp(low, low, e), x * np.tanh(e))


def tanhexp_df(x: Array) -> Array:
    x = np.clip(x, -UNDERFLOW, 7.0)
    e = np.exp(x)
    # For x < 0 the two terms cancel. As e (1 + x) - (e - tanh(e)) - x e tanh(e)^2 what remains comes first.
    small = np.minimum(e, 1.0)
    below = (times_exp(1.0 + x, np.minimum(x, 0.0), small) - tanhshrink(small)) - x * small * np.tanh(small) ** 2
    return np.where(x < 0.0, below, np.tanh(e) + x * e * tanh_df(e))


def tanhexp_d2f(x: Array) -> Array:
    x = np.clip(x, -UNDERFLOW, 7.0)
    e = np.exp(x)
    tail = times_exp(2.0 + x, np.minimum(x, 0.0), np.minimum(e, 1.0))
    result = np.where(x < -20.0, tail, e * tanh_df(e) * (2.0 + x - 2.0 * x * e * np.tanh(e)))
    result = stretched(result, x, *TANHEXP_D2)
    return refine(result, x, (x >= 0.69) & (x < 5.95), _tanhexp_d2f_exact)  # the rounding of e costs 2 e ulp in s


def _tanhexp_d2f_exact(x: Array) -> DD:
    e = exp(x)
    root = exp(-e)
    square = root * root
    more = 1.0 + square
    factor = 4.0 * e * ((2.0 + DD(x)) - 2.0 * x * e * ((1.0 - square) / more)) / (more * more)
    return DD((factor * root).rounded() * root.rounded())  # its low part would be subnormal


TANHEXP = Activation(
    name="tanhexp",
    aliases=("telu",),
    formula="x * tanh(exp(x))",
    derivative="tanh(exp(x)) + x * exp(x) * (1 - tanh(exp(x))**2)",
    f=tanhexp,
    df=tanhexp_df,
    d2f=tanhexp_d2f,
    range=(-0.35328577784821127, INF),
    limits=(0.0, INF),
    source="Liu and Di 2020, arXiv:2003.09855; as TeLU Fernandez and Mali 2024, arXiv:2412.20269",
)
