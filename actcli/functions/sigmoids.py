"""Bounded on both sides: sigmoid, tanh, hard sigmoid, softsign.

The smooth ones are written in e = exp(-|x|), which is at most 1: it never overflows, and where it underflows so does
the result.
"""

import numpy as np

from actcli.activation import POSITIVE, REAL, Activation, Array, Parameter
from actcli.functions.numeric import UNDERFLOW, constant, product, square_of_one_plus, times_exp


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1.0 + e)


def sigmoid_df(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return e / square_of_one_plus(e)


def sigmoid_d2f(x: Array) -> Array:
    # f'' = f'(1 - 2f), and 1 - 2f = -tanh(x/2): the difference would lose every digit at 0.
    return sigmoid_df(x) * -np.tanh(0.5 * x)


SIGMOID = Activation(
    name="sigmoid",
    aliases=("logistic", "expit"),
    formula="1 / (1 + exp(-x))",
    derivative="exp(-x) / (1 + exp(-x))**2",
    f=sigmoid,
    df=sigmoid_df,
    d2f=sigmoid_d2f,
    range=(0.0, 1.0),
    limits=(0.0, 1.0),
    source="PyTorch torch.nn.Sigmoid",
)


def tanh_df(x: Array) -> Array:
    # 1 - tanh^2 is 0 beyond |x| = 19 in float64; sech^2 keeps its digits to |x| = 373.
    x = 2.0 * np.minimum(np.abs(x), UNDERFLOW)
    e = np.exp(-x)
    return times_exp(4.0 / square_of_one_plus(e), x, e)


def tanh_d2f(x: Array) -> Array:
    return -2.0 * np.tanh(x) * tanh_df(x)


TANH = Activation(
    name="tanh",
    aliases=("hyperbolic_tangent",),
    formula="tanh(x)",
    derivative="1 - tanh(x)**2",
    f=np.tanh,
    df=tanh_df,
    d2f=tanh_d2f,
    range=(-1.0, 1.0),
    limits=(-1.0, 1.0),
    source="PyTorch torch.nn.Tanh",
)


def _hard_sigmoid_kinks(alpha: float, beta: float) -> tuple[float, float]:
    return -beta / alpha, (1.0 - beta) / alpha


def hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    low, high = _hard_sigmoid_kinks(alpha, beta)
    # The inner clip keeps alpha * x finite and leaves enough room for the outer one to give exactly 0 and 1.
    inside = np.clip(x, low - 1.0 / alpha, high + 1.0 / alpha)
    # Near the low kink alpha * x + beta cancels: what the rounding of the product lost is all that remains.
    rounded, lost = product(np.full(1, alpha), inside)
    return np.clip((rounded + beta) + lost, 0.0, 1.0)


def _between_kinks(x: Array, alpha: float, beta: float) -> Array:
    low, high = _hard_sigmoid_kinks(alpha, beta)
    return np.heaviside(x - low, 0.0) * np.heaviside(high - x, 0.0)


HARD_SIGMOID = Activation(
    name="hard_sigmoid",
    formula="max(0, min(1, alpha * x + beta))",
    derivative="where(alpha * x + beta <= 0, 0, where(alpha * x + beta >= 1, 0, alpha))",
    parameters=(
        Parameter("alpha", 1 / 6, POSITIVE, "slope between the kinks"),
        Parameter("beta", 0.5, REAL, "value at 0"),
    ),
    f=hard_sigmoid,
    df=lambda x, alpha, beta: alpha * _between_kinks(x, alpha, beta),
    d2f=lambda x, alpha, beta: constant(x, 0.0),
    wrt={
        "alpha": lambda x, alpha, beta: np.clip(x, *_hard_sigmoid_kinks(alpha, beta)) * _between_kinks(x, alpha, beta),
        "beta": _between_kinks,
    },
    breaks=_hard_sigmoid_kinks,
    convention="f' = 0 at both kinks",
    range=(0.0, 1.0),
    limits=(0.0, 1.0),
    source="PyTorch torch.nn.Hardsigmoid; ONNX HardSigmoid (alpha 0.2)",
)


def softsign(x: Array) -> Array:
    # x / (1 + |x|) is inf / inf at infinity; the clip changes nothing, since f is +-1 beyond 2^53.
    x = np.clip(x, -1e300, 1e300)
    return x / (1.0 + np.abs(x))


def softsign_df(x: Array) -> Array:
    a = np.abs(x)
    return 1.0 / (1.0 + a) / (1.0 + a) * _correction(a, 2.0)


def softsign_d2f(x: Array) -> Array:
    a = np.abs(x)
    return -2.0 * np.sign(x) / (1.0 + a) / (1.0 + a) / (1.0 + a) * _correction(a, 3.0)


def _correction(a: Array, power: float) -> Array:
    """What (1 + a)^-power lacks because 1 + a was rounded: a factor 1 - power * lost / (1 + a)."""
    s = 1.0 + np.minimum(a, 1e16)
    lost = np.where(a < 1e16, np.where(a < 1.0, a - (s - 1.0), 1.0 - (s - a)), 0.0)
    return 1.0 - power * lost / s


SOFTSIGN = Activation(
    name="softsign",
    aliases=("soft_sign",),
    formula="x / (1 + abs(x))",
    derivative="1 / (1 + abs(x))**2",
    f=softsign,
    df=softsign_df,
    d2f=softsign_d2f,
    breaks=(0.0,),
    convention="f'' = 0 at 0, where it jumps from 2 to -2",
    range=(-1.0, 1.0),
    limits=(-1.0, 1.0),
    source="PyTorch torch.nn.Softsign; Bergstra et al. 2009",
)

ACTIVATIONS = (SIGMOID, TANH, HARD_SIGMOID, SOFTSIGN)
