"""The identity above 0, an exponential below: ELU and SELU."""

import numpy as np

from actcli.activation import INF, POSITIVE, Activation, Array, Parameter
from actcli.functions.numeric import UNDERFLOW, times_exp


def _below(x: Array) -> Array:
    """x where it is negative, else 0: the other branch never sees an argument that overflows."""
    return np.minimum(x, 0.0)


def _elu(x: Array, scale: float, alpha: float) -> Array:
    return np.where(x > 0, scale * x, scale * alpha * np.expm1(_below(x)))


def _elu_df(x: Array, scale: float, alpha: float) -> Array:
    return np.where(x > 0, scale, _scaled_exp(x, scale * alpha))


def _elu_d2f(x: Array, scale: float, alpha: float) -> Array:
    return np.where(x > 0, 0.0, _scaled_exp(x, scale * alpha))


def _scaled_exp(x: Array, factor: float) -> Array:
    x = np.maximum(_below(x), -2.0 * UNDERFLOW)
    return times_exp(factor, x, np.exp(x))


ELU = Activation(
    name="elu",
    aliases=("exponential_linear_unit",),
    formula="where(x > 0, x, alpha * (exp(x) - 1))",
    derivative="where(x > 0, 1, alpha * exp(x))",
    parameters=(Parameter("alpha", 1.0, POSITIVE, "-alpha is the limit at -inf"),),
    f=lambda x, alpha: _elu(x, 1.0, alpha),
    df=lambda x, alpha: _elu_df(x, 1.0, alpha),
    d2f=lambda x, alpha: _elu_d2f(x, 1.0, alpha),
    wrt={"alpha": lambda x, alpha: np.expm1(_below(x))},
    breaks=(0.0,),
    convention="f' = f'' = alpha at 0",
    range=lambda alpha: (-alpha, INF),
    limits=lambda alpha: (-alpha, INF),
    source="PyTorch torch.nn.ELU; Clevert et al. 2015, arXiv:1511.07289",
)

SELU = Activation(
    name="selu",
    aliases=("scaled_elu",),
    formula="scale * where(x > 0, x, alpha * (exp(x) - 1))",
    derivative="scale * where(x > 0, 1, alpha * exp(x))",
    parameters=(
        Parameter("alpha", 1.6732632423543772848170429916717, POSITIVE, "-scale * alpha is the limit at -inf"),
        Parameter("scale", 1.0507009873554804934193349852946, POSITIVE, "slope for x > 0"),
    ),
    f=lambda x, alpha, scale: _elu(x, scale, alpha),
    df=lambda x, alpha, scale: _elu_df(x, scale, alpha),
    d2f=lambda x, alpha, scale: _elu_d2f(x, scale, alpha),
    wrt={
        "alpha": lambda x, alpha, scale: scale * np.expm1(_below(x)),
        "scale": lambda x, alpha, scale: _elu(x, 1.0, alpha),
    },
    breaks=(0.0,),
    convention="f' = f'' = scale * alpha at 0",
    range=lambda alpha, scale: (-scale * alpha, INF),
    limits=lambda alpha, scale: (-scale * alpha, INF),
    source="PyTorch torch.nn.SELU; Klambauer et al. 2017, arXiv:1706.02515",
)

ACTIVATIONS = (ELU, SELU)
