"""Smooth joins of two lines by a logarithm or a root: log-sigmoid, log-cosh, log(1 - exp(-x)), squareplus."""

import math

import numpy as np

from actcli.activation import Activation, Array, Kernel, flat
from actcli.functions.naming import dialects
from actcli.functions.sigmoids import sigmoid, sigmoid_df, tanh_df
from actcli.numerics.doubledouble import DD, product
from actcli.parameters import INF, NON_NEGATIVE, Parameter

_LN2 = math.log(2.0)


def log_sigmoid(x: Array) -> Array:
    return -(np.maximum(-x, 0.0) + np.log1p(np.exp(-np.abs(x))))


LOG_SIGMOID = Activation(
    name="log_sigmoid",
    aliases=("log_expit",),
    formula="-log(1 + exp(-x))",
    derivative="1 / (1 + exp(x))",
    f=log_sigmoid,
    df=lambda x: sigmoid(-x),
    d2f=lambda x: -sigmoid_df(x),
    range=(-INF, 0.0),
    dialects=dialects(
        "torch.nn.LogSigmoid keras.activations.log_sigmoid jax.nn.log_sigmoid tf.math.log_sigmoid NNlib.logsigmoid "
        "NNlib.logσ"
    ),
    source="PyTorch torch.nn.LogSigmoid",
)


def logcosh(x: Array) -> Array:
    # cosh(x) = 1 + 2 sinh(x/2)^2: near 0 log(cosh(x)) keeps no digit of x^2 / 2.
    a = np.abs(x)
    s = np.sinh(0.5 * np.minimum(a, 700.0))
    return np.where(a > 700.0, a - _LN2, np.log1p(2.0 * s * s))


LOGCOSH = Activation(
    name="logcosh",
    formula="log(cosh(x))",
    derivative="tanh(x)",
    f=logcosh,
    df=np.tanh,
    d2f=tanh_df,
    range=(0.0, INF),
    limits=(INF, INF),
    dialects=dialects("NNlib.logcosh | as x + softplus(-2x) - log(2), which cancels near 0; NaN at -inf"),
    source="NNlib logcosh",
)


def _positive(x: Array) -> Array:
    """x, NaN where it is negative, and never -0."""
    return np.where(x < 0.0, np.nan, x) + 0.0


def log1mexp(x: Array) -> Array:
    x = _positive(x)
    with np.errstate(divide="ignore"):  # -inf at 0
        return np.where(x > _LN2, np.log1p(-np.exp(-x)), np.log(-np.expm1(-x)))


def log1mexp_df(x: Array) -> Array:
    x = _positive(x)
    with np.errstate(divide="ignore"):  # inf at 0
        return np.exp(-x) / -np.expm1(-x)


def log1mexp_d2f(x: Array) -> Array:
    x = _positive(x)
    m = np.expm1(-x) + 0.0
    with np.errstate(divide="ignore"):  # -inf at 0
        return -np.abs(np.exp(-x) / m / m)


LOG1MEXP = Activation(
    name="log1mexp",
    formula="log(1 - exp(-x))",
    derivative="1 / (exp(x) - 1)",
    f=log1mexp,
    df=log1mexp_df,
    d2f=log1mexp_d2f,
    domain=(0.0, INF),
    convention="at 0, the end of the domain, the limits: f = -inf, f' = inf, f'' = -inf",
    range=(-INF, 0.0),
    limits=(math.nan, 0.0),
    dialects=dialects("jax.nn.log1mexp"),
    source="JAX jax.nn.log1mexp; Maechler 2012, Accurately Computing log(1 - exp(-|a|))",
)


# With r = sqrt(x^2 + b), squareplus is h = (|x| + r) / 2 for x >= 0. For x < 0 it is (r - |x|) / 2, which cancels, and
# equals b / (4 h). Its derivative is b / (2 r (r + |x|)) for x < 0, and 1 less the same for x >= 0.


def _far(b: float) -> float:
    """Where r is |x| to 1e-18: beyond, x^2 may overflow and is not used."""
    return 1e9 * math.sqrt(b)


def _scaled(kernel: Kernel, power: int) -> Kernel:
    """The kernel, also for a b so extreme that squares overflow or underflow: x and b are then scaled by 2^500 and its
    square, and the result by this power of 2^500. Beyond that, only the sign of x counts."""

    def scaled(x: Array, b: float) -> Array:
        if b == 0.0 or 1e-280 < b < 1e280:
            return kernel(x, b)
        shift = 500 if b > 1.0 else -500
        near = np.clip(x, -1e150, 1e150) if b < 1.0 else x
        result = np.ldexp(kernel(np.ldexp(near, -shift), math.ldexp(b, -2 * shift)), power * shift)
        return np.where(near == x, result, np.maximum(x, 0.0)) if power == 1 else result

    return scaled


def _root(a: Array, b: float) -> Array:
    return np.where(a < _far(b), np.sqrt(a * a + b), a)


def squareplus(x: Array, b: float) -> Array:
    if b == 0.0:
        return np.maximum(x, 0.0)
    a = np.abs(x)
    h = 0.5 * a + 0.5 * _root(a, b)
    return np.where(x < 0.0, 0.25 * (b / h), h)


def squareplus_df(x: Array, b: float) -> Array:
    if b == 0.0:
        return np.heaviside(x, 0.5)
    a = np.abs(x)
    square = a * a + b
    outer = np.maximum(a, _far(b))
    tail = np.where(a < _far(b), 0.5 * b / (square + a * np.sqrt(square)), 0.25 * b / outer / outer)
    return np.where(x < 0.0, tail, 1.0 - tail)


def squareplus_d2f(x: Array, b: float) -> Array:
    if b == 0.0:
        return flat(x)
    a = np.minimum(np.abs(x), 1e150)
    square = DD(*product(a, a)) + b
    return 0.5 * b / square.high / np.sqrt(square.high) * (1.0 - 1.5 * square.low / square.high)


def squareplus_db(x: Array, b: float) -> Array:
    with np.errstate(divide="ignore"):  # inf at 0 for b = 0
        return 0.25 / _root(np.abs(x), b)


SQUAREPLUS = Activation(
    name="squareplus",
    formula="(x + sqrt(x**2 + b)) / 2",
    derivative="(1 + x / sqrt(x**2 + b)) / 2",
    parameters=(Parameter("b", 4.0, NON_NEGATIVE, "width of the bend: 0 is relu"),),
    f=_scaled(squareplus, 1),
    df=_scaled(squareplus_df, 0),
    d2f=_scaled(squareplus_d2f, -1),
    wrt={"b": _scaled(squareplus_db, -1)},
    breaks=lambda b: (0.0,) if b == 0.0 else (),
    convention="for b = 0, at 0: f' = 1/2, its value for every b > 0, and f'' = 0",
    range=(0.0, INF),
    dialects=dialects("keras.activations.squareplus jax.nn.squareplus | as written: 0 below x = -1.34e8, NaN at -inf"),
    source="JAX jax.nn.squareplus; Barron 2021, arXiv:2112.11687",
)
