"""Functions bounded on both sides: sigmoid, tanh, hard sigmoid, softsign, arctan.

The smooth ones are written in e = exp(-|x|), which is at most 1: it never overflows, and where it underflows, so does
the result.
"""

import math
from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.kernels import exp_of_minus_size, with_tail
from actcli.functions.naming import dialects
from actcli.numerics.doubledouble import DD, product, times
from actcli.parameters import POSITIVE, REAL, Parameter


def sigmoid(x: Array) -> Array:
    result = np.negative(x)
    np.exp(result, out=result)
    result += 1.0
    np.divide(1.0, result, out=result)
    return with_tail(result, x, lambda x: 1.0)


def sigmoid_df(x: Array) -> Array:
    e = exp_of_minus_size(x)
    square = e + 2.0
    square *= e
    square += 1.0
    e /= square
    return e


def sigmoid_d2f(x: Array) -> Array:
    # f'' = f'(1 - 2f), and 1 - 2f = -tanh(x/2): the difference would lose every digit at 0.
    return sigmoid_df(x) * -np.tanh(0.5 * x)


SIGMOID = Activation(
    name="sigmoid",
    aliases=("logistic", "expit", "sigmoid_fast", "soft_step"),
    formula="1 / (1 + exp(-x))",
    derivative="exp(-x) / (1 + exp(-x))**2",
    f=sigmoid,
    df=sigmoid_df,
    d2f=sigmoid_d2f,
    backward=Backward(lambda x, y: (1.0 - y) * y, f=lambda x: 1.0 / (1.0 + np.exp(-x))),
    range=(0.0, 1.0),
    gain=1.0,
    dialects=dialects(
        "torch.nn.Sigmoid keras.activations.sigmoid jax.nn.sigmoid tf.math.sigmoid onnx:Sigmoid NNlib.sigmoid NNlib.σ "
        "timm:sigmoid transformers:sigmoid",
        "NNlib.sigmoid_fast | 1 above x = 40 and 0 below x = -80",
    ),
    source="PyTorch torch.nn.Sigmoid",
)


def tanh_df(x: Array) -> Array:
    # 1 - tanh^2 is 0 beyond |x| = 19 in float64; sech^2 = 4e / (1 + e)^2 in e = exp(-2|x|) keeps its digits to 373.
    x = np.abs(x)
    x *= -2.0
    e = np.exp(x)
    result = e + 2.0
    result *= e
    result += 1.0
    np.divide(4.0, result, out=result)
    result *= e
    return with_tail(result, x, lambda x: 4.0)


def tanh_d2f(x: Array) -> Array:
    return -2.0 * np.tanh(x) * tanh_df(x)


TANH = Activation(
    name="tanh",
    aliases=("hyperbolic_tangent", "tanh_fast"),
    formula="tanh(x)",
    derivative="1 - tanh(x)**2",
    f=np.tanh,
    df=tanh_df,
    d2f=tanh_d2f,
    backward=Backward(lambda x, y: 1.0 - y * y),
    range=(-1.0, 1.0),
    gain=5.0 / 3.0,
    dialects=dialects(
        "torch.nn.Tanh keras.activations.tanh jax.nn.tanh tf.math.tanh onnx:Tanh timm:tanh transformers:tanh",
        "NNlib.tanh_fast | an approximation: up to 5 ulp off in float64",
    ),
    source="PyTorch torch.nn.Tanh",
)


def _hard_sigmoid_kinks(alpha: float, beta: float) -> tuple[float, float]:
    return -beta / alpha, (1.0 - beta) / alpha


def hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    low, high = _hard_sigmoid_kinks(alpha, beta)
    # The inner clip keeps alpha * x finite and leaves enough room for the outer one to give exactly 0 and 1.
    inside = np.clip(x, low - 1.0 / alpha, high + 1.0 / alpha)
    # Near the low kink alpha * x + beta cancels, and only the rounding error of the product remains.
    if alpha == 1 / 6 and abs(beta) < 1e300:  # 1/6 is not a double; frameworks divide by 6
        rounded, lost = times(6.0, np.asarray(beta))
        line = ((inside + rounded) + lost) / 6.0
    else:
        rounded, lost = times(alpha, inside)
        line = (rounded + beta) + lost
    result = np.clip(line, 0.0, 1.0)
    return result if low < high else np.where(x > low, 1.0, np.where(x < low, 0.0, 0.5))  # the kinks coincide


def _between_kinks(x: Array, alpha: float, beta: float) -> Array:
    low, high = _hard_sigmoid_kinks(alpha, beta)
    return np.where((x > low) & (x < high), 1.0, np.where(np.isnan(x), x, 0.0))


HARD_SIGMOID = Activation(
    name="hard_sigmoid",
    aliases=("hardσ",),
    formula="max(0, min(1, alpha * x + beta))",
    derivative="where(alpha * x + beta <= 0, 0, where(alpha * x + beta >= 1, 0, alpha))",
    parameters=(
        Parameter("alpha", 1 / 6, POSITIVE, "slope between the kinks"),
        Parameter("beta", 0.5, REAL, "value at 0"),
    ),
    f=hard_sigmoid,
    df=lambda x, alpha, beta: alpha * _between_kinks(x, alpha, beta),
    wrt={
        "alpha": lambda x, alpha, beta: np.where(_between_kinks(x, alpha, beta) == 0.0, 0.0, x),
        "beta": _between_kinks,
    },
    breaks=_hard_sigmoid_kinks,
    convention="f' = 0 at both kinks",
    range=(0.0, 1.0),
    dialects=dialects(
        "torch.nn.Hardsigmoid | f' = 1/6 is rounded to float32",
        "keras.activations.hard_sigmoid | Keras 2: alpha 0.2",
        "jax.nn.hard_sigmoid NNlib.hardσ NNlib.hardsigmoid timm.layers.hard_sigmoid",
        ("onnx:HardSigmoid", {}, {"alpha": 0.2}),
    ),
    source="PyTorch torch.nn.Hardsigmoid; ONNX HardSigmoid (alpha 0.2)",
)


def softsign(x: Array) -> Array:
    # x / (1 + |x|) is inf / inf at infinity; clipping is harmless, since f is +-1 beyond 2^53.
    x = np.clip(x, -1e300, 1e300)
    return x / (1.0 + np.abs(x))


def softsign_df(x: Array) -> Array:
    a = np.abs(x)
    return 1.0 / (1.0 + a) / (1.0 + a) * _correction(a, 2.0)


def softsign_d2f(x: Array) -> Array:
    a = np.abs(x)
    return -2.0 * np.sign(x) / (1.0 + a) / (1.0 + a) / (1.0 + a) * _correction(a, 3.0)


def _correction(a: Array, power: float) -> Array:
    """The factor 1 - power * lost / (1 + a) that (1 + a)^-power lacks because 1 + a was rounded."""
    s = 1.0 + np.minimum(a, 1e16)
    lost = np.where(a < 1e16, np.where(a < 1.0, a - (s - 1.0), 1.0 - (s - a)), 0.0)
    return 1.0 - power * lost / s


def _softsign_backward(x: Any, y: Any) -> Any:
    more = abs(x) + 1.0
    return 1.0 / more - x / more / more * np.sign(x)


SOFTSIGN = Activation(
    name="softsign",
    aliases=("soft_sign", "elliotsig"),
    formula="x / (1 + abs(x))",
    derivative="1 / (1 + abs(x))**2",
    f=softsign,
    df=softsign_df,
    d2f=softsign_d2f,
    backward=Backward(_softsign_backward, stepwise=True),
    breaks=(0.0,),
    convention="f'' = 0 at 0, where it jumps from 2 to -2",
    range=(-1.0, 1.0),
    dialects=dialects(
        "torch.nn.Softsign keras.activations.softsign jax.nn.soft_sign tf.nn.softsign NNlib.softsign | NaN at -inf and "
        "inf",
        "onnx:Softsign",
    ),
    source="PyTorch torch.nn.Softsign; Bergstra et al. 2009",
)


def arctan_df(x: Array) -> Array:
    # Through hypot(1, x): x^2 overflows where 1 / x^2 is not yet 0.
    r = np.hypot(1.0, x)
    return 1.0 / r / r


def arctan_d2f(x: Array) -> Array:
    x = np.clip(x, -1e150, 1e150)
    square = DD(*product(x, x)) + 1.0
    return -2.0 * x / square.high / square.high * (1.0 - 2.0 * square.low / square.high)


ARCTAN = Activation(
    name="arctan",
    aliases=("atan",),
    formula="atan(x)",
    derivative="1 / (1 + x**2)",
    f=np.arctan,
    df=arctan_df,
    d2f=arctan_d2f,
    backward=Backward(lambda x, y: 1.0 / (x * x + 1.0), stepwise=True),
    range=(-math.pi / 2, math.pi / 2),
    dialects=dialects("torch.atan torch.arctan keras.ops.arctan jax.numpy.arctan tf.math.atan onnx:Atan"),
    source="PyTorch torch.atan",
)
