"""Softplus."""

import numpy as np

from actcli.activation import INF, POSITIVE, Activation, Array, Domain, Flags, Parameter
from actcli.functions.numeric import UNDERFLOW, constant, exp_product, square_of_one_plus, times_exp


def _linear(x: Array, beta: float, threshold: float) -> Flags:
    """Where PyTorch's threshold replaces f by x; without one (infinity) nowhere."""
    return x > threshold / beta


def softplus(x: Array, beta: float, threshold: float) -> Array:
    smooth = np.maximum(x, 0.0) + np.log1p(exp_product(beta, x)) / beta
    return np.where(_linear(x, beta, threshold), x, smooth)


def softplus_df(x: Array, beta: float, threshold: float) -> Array:
    e = exp_product(beta, x)
    return np.where(_linear(x, beta, threshold), 1.0, np.where(x < 0, e, 1.0) / (1.0 + e))


def softplus_d2f(x: Array, beta: float, threshold: float) -> Array:
    e = exp_product(beta, x)
    return np.where(_linear(x, beta, threshold), 0.0, beta * e / square_of_one_plus(e))


def softplus_dbeta(x: Array, beta: float, threshold: float) -> Array:
    # With u = beta x it is (u sigmoid(u) - log(1 + exp(u))) / beta^2, which cancels for large u. This is the same as a
    # sum of two terms of one sign.
    e = exp_product(beta, x)
    u = np.minimum(np.abs(x), UNDERFLOW / beta) * beta
    smooth = -(times_exp(u / (1.0 + e), x, e, beta) + np.log1p(e)) / beta / beta
    return np.where(_linear(x, beta, threshold), 0.0, smooth)


SOFTPLUS = Activation(
    name="softplus",
    aliases=("smooth_relu", "log1pexp"),
    formula="where(beta * x > threshold, x, log(1 + exp(beta * x)) / beta)",
    derivative="where(beta * x > threshold, 1, 1 / (1 + exp(-beta * x)))",
    parameters=(
        Parameter("beta", 1.0, POSITIVE, "sharpness: relu is the limit at infinity"),
        Parameter("threshold", INF, Domain(0.0, INF, False, False), "f is x for beta * x above it (PyTorch: 20)"),
    ),
    f=softplus,
    df=softplus_df,
    d2f=softplus_d2f,
    wrt={"beta": softplus_dbeta, "threshold": lambda x, beta, threshold: constant(x, 0.0)},
    breaks=lambda beta, threshold: (threshold / beta,) if threshold < INF else (),
    range=(0.0, INF),
    limits=(0.0, INF),
    source="PyTorch torch.nn.Softplus; Glorot, Bordes and Bengio 2011, Deep Sparse Rectifier Neural Networks",
)

ACTIVATIONS = (SOFTPLUS,)
