"""x times a gate that opens with x: SiLU and Mish, in e = exp(-|x|), which never overflows."""

import numpy as np

from actcli.activation import INF, Activation, Array
from actcli.functions.doubledouble import DD, exp, refine
from actcli.functions.numeric import UNDERFLOW, cube_of_one_plus, square_of_one_plus, times_exp


def _clipped(x: Array) -> tuple[Array, Array]:
    """x within the range where its exponential is not 0, and e."""
    x = np.clip(x, -UNDERFLOW, UNDERFLOW)
    return x, np.exp(-np.abs(x))


def silu(x: Array) -> Array:
    low, e = _clipped(x)
    return np.where(x < 0, times_exp(low, low, e), x) / (1.0 + e)


def silu_df(x: Array) -> Array:
    x, e = _clipped(x)
    return np.where(x < 0, times_exp((1.0 + x) + e, x, e), 1.0 + e + x * e) / square_of_one_plus(e)


def silu_d2f(x: Array) -> Array:
    # sigmoid'(x) (2 - x tanh(x/2)), with tanh(x/2) = +-(1 - e) / (1 + e).
    x, e = _clipped(x)
    x = np.abs(x)
    return times_exp(((2.0 - x) + e * (2.0 + x)) / cube_of_one_plus(e), x, e)


SILU = Activation(
    name="silu",
    aliases=("swish", "sigmoid_linear_unit"),
    formula="x / (1 + exp(-x))",
    derivative="(1 + exp(-x) + x * exp(-x)) / (1 + exp(-x))**2",
    f=silu,
    df=silu_df,
    d2f=silu_d2f,
    range=(-0.2784645427610738, INF),
    limits=(0.0, INF),
    source="PyTorch torch.nn.SiLU; Elfwing, Uchibe and Doya 2017, arXiv:1702.03118",
)


# With e = exp(x), tanh(softplus(x)) = q / (2 + q), q = e (e + 2). For x >= 0 all is divided by the highest power of e,
# so that both branches are polynomials in exp(-|x|). Powers of the denominator are multiplied out: Horner's scheme
# rounds them nearly once, the power of a rounded number at every factor.


def mish(x: Array) -> Array:
    low, e = _clipped(x)
    return np.where(
        x < 0,
        times_exp(low * ((2.0 + e) / (2.0 + e * (2.0 + e))), low, e),
        x * ((1.0 + 2.0 * e) / (1.0 + 2.0 * e * (1.0 + e))),
    )


def mish_df(x: Array) -> Array:
    x, e = _clipped(x)
    below = 4.0 * (1.0 + x) + e * ((6.0 + 4.0 * x) + e * (4.0 + e))
    above = 1.0 + e * (4.0 + e * ((6.0 + 4.0 * x) + e * (4.0 + 4.0 * x)))
    result = np.where(
        x < 0,
        times_exp(below / (4.0 + e * (8.0 + e * (8.0 + e * (4.0 + e)))), x, e),
        above / (1.0 + e * (4.0 + e * (8.0 + e * (8.0 + e * 4.0)))),
    )
    return refine(result, x, (x < 0) & (x > -1.0), _mish_df_exact)  # 4.5 ulp there without


def mish_d2f(x: Array) -> Array:
    x, e = _clipped(x)
    below = (4.0 + 2.0 * x) + e * ((8.0 + 2.0 * x) + e * ((6.0 - 3.0 * x) + e * (2.0 - 2.0 * x)))
    above = (2.0 - 2.0 * x) + e * ((6.0 - 3.0 * x) + e * ((8.0 + 2.0 * x) + e * (4.0 + 2.0 * x)))
    result = 4.0 * np.where(
        x < 0,
        times_exp(below / (8.0 + e * (24.0 + e * (36.0 + e * (32.0 + e * (18.0 + e * (6.0 + e)))))), x, e),
        np.exp(-2.0 * np.abs(x))
        * (above / (1.0 + e * (6.0 + e * (18.0 + e * (32.0 + e * (36.0 + e * (24.0 + e * 8.0))))))),
    )
    return refine(result, x, np.abs(x) < 8.0, _mish_d2f_exact)  # 5.3 ulp there without


def _mish_df_exact(x: Array) -> DD:
    e = exp(x)
    q = e * (e + 2.0)
    return e * ((e + 2.0) * (q + 2.0) + 4.0 * x * (e + 1.0)) / ((q + 2.0) * (q + 2.0))


def _mish_d2f_exact(x: Array) -> DD:
    e = exp(x)
    d = e * (e + 2.0) + 2.0
    return 4.0 * e * (2.0 * (e + 1.0) * d + x * (2.0 + e * (2.0 - e * (3.0 + 2.0 * e)))) / (d * d * d)


MISH = Activation(
    name="mish",
    formula="x * tanh(log(1 + exp(x)))",
    derivative="tanh(log(1 + exp(x))) + x * (1 - tanh(log(1 + exp(x)))**2) / (1 + exp(-x))",
    f=mish,
    df=mish_df,
    d2f=mish_d2f,
    range=(-0.30884341301725043, INF),
    limits=(0.0, INF),
    source="PyTorch torch.nn.Mish; Misra 2019, arXiv:1908.08681",
)

ACTIVATIONS = (SILU, MISH)
