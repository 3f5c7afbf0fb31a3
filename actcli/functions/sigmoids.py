"""Functions bounded on both sides: sigmoid, tanh, hard sigmoid, softsign, arctan.

The smooth ones are written in e = exp(-|x|), which is at most 1: it never overflows, and where it underflows so does
the result.
"""

import math

import numpy as np

from actcli.activation import POSITIVE, REAL, Activation, Array, Dialect, Parameter
from actcli.functions.kernels import constant, exp_of_minus_size, with_tail
from actcli.numerics.doubledouble import DD, product


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
    range=(0.0, 1.0),
    limits=(0.0, 1.0),
    gain=1.0,
    dialects=(
        Dialect("pytorch", "torch.nn.Sigmoid"),
        Dialect("keras", "keras.activations.sigmoid"),
        Dialect("jax", "jax.nn.sigmoid"),
        Dialect("tensorflow", "tf.math.sigmoid"),
        Dialect("onnx", "Sigmoid"),
        Dialect("nnlib", "NNlib.sigmoid"),
        Dialect("nnlib", "NNlib.σ"),
        Dialect("nnlib", "NNlib.sigmoid_fast", note="1 above x = 40 and 0 below x = -80"),
        Dialect("timm", "sigmoid"),
        Dialect("transformers", "sigmoid"),
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
    range=(-1.0, 1.0),
    limits=(-1.0, 1.0),
    gain=5.0 / 3.0,
    dialects=(
        Dialect("pytorch", "torch.nn.Tanh"),
        Dialect("keras", "keras.activations.tanh"),
        Dialect("jax", "jax.nn.tanh"),
        Dialect("tensorflow", "tf.math.tanh"),
        Dialect("onnx", "Tanh"),
        Dialect("nnlib", "NNlib.tanh_fast", note="an approximation: up to 5 ulp off in float64"),
        Dialect("timm", "tanh"),
        Dialect("transformers", "tanh"),
    ),
    source="PyTorch torch.nn.Tanh",
)


def _hard_sigmoid_kinks(alpha: float, beta: float) -> tuple[float, float]:
    return -beta / alpha, (1.0 - beta) / alpha


def hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    low, high = _hard_sigmoid_kinks(alpha, beta)
    # The inner clip keeps alpha * x finite and leaves enough room for the outer one to give exactly 0 and 1.
    inside = np.clip(x, low - 1.0 / alpha, high + 1.0 / alpha)
    # Near the low kink alpha * x + beta cancels: all that remains is what the rounding of the product lost.
    rounded, lost = product(np.full(1, alpha), inside)
    return np.clip((rounded + beta) + lost, 0.0, 1.0)


def _between_kinks(x: Array, alpha: float, beta: float) -> Array:
    low, high = _hard_sigmoid_kinks(alpha, beta)
    return np.heaviside(x - low, 0.0) * np.heaviside(high - x, 0.0)


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
    d2f=lambda x, alpha, beta: constant(x, 0.0),
    wrt={
        "alpha": lambda x, alpha, beta: np.clip(x, *_hard_sigmoid_kinks(alpha, beta)) * _between_kinks(x, alpha, beta),
        "beta": _between_kinks,
    },
    breaks=_hard_sigmoid_kinks,
    convention="f' = 0 at both kinks",
    range=(0.0, 1.0),
    limits=(0.0, 1.0),
    dialects=(
        Dialect("pytorch", "torch.nn.Hardsigmoid", note="f' = 1/6 is rounded to float32"),
        Dialect("keras", "keras.activations.hard_sigmoid", note="Keras 2: alpha 0.2"),
        Dialect("jax", "jax.nn.hard_sigmoid"),
        Dialect("onnx", "HardSigmoid", defaults={"alpha": 0.2}),
        Dialect("nnlib", "NNlib.hardσ"),
        Dialect("nnlib", "NNlib.hardsigmoid"),
        Dialect("timm", "timm.layers.hard_sigmoid"),
    ),
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
    """The factor 1 - power * lost / (1 + a) that (1 + a)^-power lacks because 1 + a was rounded."""
    s = 1.0 + np.minimum(a, 1e16)
    lost = np.where(a < 1e16, np.where(a < 1.0, a - (s - 1.0), 1.0 - (s - a)), 0.0)
    return 1.0 - power * lost / s


SOFTSIGN = Activation(
    name="softsign",
    aliases=("soft_sign", "elliotsig"),
    formula="x / (1 + abs(x))",
    derivative="1 / (1 + abs(x))**2",
    f=softsign,
    df=softsign_df,
    d2f=softsign_d2f,
    breaks=(0.0,),
    convention="f'' = 0 at 0, where it jumps from 2 to -2",
    range=(-1.0, 1.0),
    limits=(-1.0, 1.0),
    dialects=(
        Dialect("pytorch", "torch.nn.Softsign", note="NaN at -inf and inf"),
        Dialect("keras", "keras.activations.softsign", note="NaN at -inf and inf"),
        Dialect("jax", "jax.nn.soft_sign", note="NaN at -inf and inf"),
        Dialect("tensorflow", "tf.nn.softsign", note="NaN at -inf and inf"),
        Dialect("onnx", "Softsign"),
        Dialect("nnlib", "NNlib.softsign", note="NaN at -inf and inf"),
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
    range=(-math.pi / 2, math.pi / 2),
    limits=(-math.pi / 2, math.pi / 2),
    dialects=(
        Dialect("pytorch", "torch.atan"),
        Dialect("pytorch", "torch.arctan"),
        Dialect("keras", "keras.ops.arctan"),
        Dialect("jax", "jax.numpy.arctan"),
        Dialect("tensorflow", "tf.math.atan"),
        Dialect("onnx", "Atan"),
    ),
    source="PyTorch torch.atan",
)

ACTIVATIONS = (SIGMOID, TANH, HARD_SIGMOID, SOFTSIGN, ARCTAN)
