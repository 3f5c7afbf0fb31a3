"""Softplus and its square root."""

import numpy as np

from actcli.activation import Activation, Array, Flags, Kernel, flat
from actcli.functions.kernels import LARGEST, UNDERFLOW, exp_product, square_of_one_plus, times_exp
from actcli.functions.naming import dialects
from actcli.functions.sigmoids import sigmoid
from actcli.functions.stretches import SQRT_SOFTPLUS_D2, SQRT_SOFTPLUS_D2_TAIL, stretched
from actcli.numerics.normal import horner
from actcli.parameters import INF, REAL, Domain, Parameter


def _linear(x: Array, beta: float, threshold: float) -> Flags:
    """Where PyTorch's threshold replaces f by x; nowhere for an infinite one."""
    return x > threshold / beta


def softplus(x: Array, beta: float, threshold: float) -> Array:
    result = exp_product(beta, x)
    np.log1p(result, out=result)
    if beta != 1.0:
        result /= beta
    if beta < 1.0:  # the quotient of a subnormal exponential
        result = np.where(x < -600.0 / beta, times_exp(1.0 / beta, x, exp_product(beta, x), beta), result)
    result += np.maximum(x, 0.0)
    return result if threshold == INF else np.where(_linear(x, beta, threshold), x, result)


def softplus_df(x: Array, beta: float, threshold: float) -> Array:
    if beta == 1.0:
        result = sigmoid(x)
    else:
        e = exp_product(beta, x)
        result = np.where(x < 0, e, 1.0) / (1.0 + e)
    return result if threshold == INF else np.where(_linear(x, beta, threshold), 1.0, result)


def softplus_d2f(x: Array, beta: float, threshold: float) -> Array:
    e = exp_product(beta, x)
    return np.where(_linear(x, beta, threshold), 0.0, times_exp(beta / square_of_one_plus(e), x, e, beta))


def softplus_dbeta(x: Array, beta: float, threshold: float) -> Array:
    # With u = beta x it is (u sigmoid(u) - log(1 + exp(u))) / beta^2, which cancels for large u. This is the same as a
    # sum of two terms of the same sign.
    e = exp_product(beta, x)
    u = np.minimum(np.abs(x), min(2.0 * UNDERFLOW / beta, LARGEST)) * beta
    near = (u * e / (1.0 + e) + np.log1p(e)) / beta / beta
    half = exp_product(0.5 * beta, x) / beta
    far = (1.0 + u) * half * half
    smooth = -np.where(u > 600.0, far, near)
    return np.where(_linear(x, beta, threshold), 0.0, smooth)


def _mirrored(kernel: Kernel, sign: float) -> Kernel:
    """A kernel for beta < 0, where f(x) is -f(-x) for -beta."""

    def either(x: Array, beta: float, threshold: float) -> Array:
        return kernel(x, beta, threshold) if beta > 0 else sign * kernel(-x, -beta, threshold)

    return either


SOFTPLUS = Activation(
    name="softplus",
    aliases=("smooth_relu", "log1pexp"),
    formula="where(beta * x > threshold, x, log(1 + exp(beta * x)) / beta)",
    derivative="where(beta * x > threshold, 1, 1 / (1 + exp(-beta * x)))",
    parameters=(
        Parameter("beta", 1.0, REAL, "sharpness: relu is the limit at infinity, min(0, x) at -infinity"),
        Parameter("threshold", INF, Domain(0.0, INF, False, False), "f is x for beta * x above it (PyTorch: 20)"),
    ),
    constraint=("a beta other than 0", lambda beta, threshold: beta != 0.0),
    f=_mirrored(softplus, -1.0),
    df=_mirrored(softplus_df, 1.0),
    d2f=_mirrored(softplus_d2f, -1.0),
    wrt={"beta": _mirrored(softplus_dbeta, 1.0), "threshold": flat},
    breaks=lambda beta, threshold: (threshold / beta,) if threshold < INF else (),
    range=lambda beta, threshold: (0.0, INF) if beta > 0 else (-INF, 0.0),
    dialects=dialects(
        ("torch.nn.Softplus", {}, {"threshold": 20.0}),
        "keras.activations.softplus | threshold 20 with PyTorch",
        "jax.nn.softplus tf.math.softplus onnx:Softplus NNlib.softplus",
    ),
    source="PyTorch torch.nn.Softplus; Glorot, Bordes and Bengio 2011, Deep Sparse Rectifier Neural Networks",
)


def sqrt_softplus(x: Array) -> Array:
    # Below -40 it is exp(x/2) to the last digit, even where exp(x) underflows.
    return np.where(x < -40.0, np.exp(0.5 * np.minimum(x, 0.0)), np.sqrt(softplus(x, 1.0, INF)))


def sqrt_softplus_df(x: Array) -> Array:
    root = np.sqrt(softplus(np.maximum(x, -40.0), 1.0, INF))
    return np.where(x < -40.0, 0.5 * np.exp(0.5 * np.minimum(x, 0.0)), sigmoid(x) / (2.0 * root))


def sqrt_softplus_d2f(x: Array) -> Array:
    # With s = sigmoid(x) and p = softplus(x), s / (2 sqrt p) ((1 - s) - s / (2 p)): where that cancels, a polynomial.
    half = np.exp(0.5 * np.minimum(x, 0.0))
    low = half * horner(SQRT_SOFTPLUS_D2_TAIL, half * half)
    size = np.maximum(x, 0.0)
    e = np.exp(-size)
    p = size + np.log1p(e)
    high = (e * (2.0 * np.minimum(p, UNDERFLOW) + (2.0 + e)) / square_of_one_plus(e) - 1.0) / 4.0 / p / np.sqrt(p)
    return stretched(np.where(x < 0.0, low, high), x, *SQRT_SOFTPLUS_D2)


SQRT_SOFTPLUS = Activation(
    name="sqrt_softplus",
    formula="sqrt(log1p(exp(x)))",
    derivative="1 / (2 * (1 + exp(-x)) * sqrt(log1p(exp(x))))",
    f=sqrt_softplus,
    df=sqrt_softplus_df,
    d2f=sqrt_softplus_d2f,
    range=(0.0, INF),
    dialects=dialects("transformers:sqrtsoftplus | softplus(x) has PyTorch's threshold of 20"),
    source="Hugging Face transformers SqrtSoftplusActivation, which scores the experts of DeepSeek V4",
)
