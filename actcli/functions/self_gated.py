"""x times a smooth gate of x: SiLU, Swish and Mish, in e = exp(-|x|), which never overflows."""

from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Backward, flat
from actcli.functions.kernels import (
    LARGEST,
    UNDERFLOW,
    cube_of_one_plus,
    exp_product,
    square_of_one_plus,
    times_exp,
    with_tail,
)
from actcli.functions.naming import dialects
from actcli.functions.stretches import MISH_D2, SILU_D2, stretched
from actcli.numerics.doubledouble import DD, refine
from actcli.numerics.normal import horner
from actcli.parameters import INF, REAL, Parameter


def _clipped(x: Array) -> tuple[Array, Array]:
    """x, clipped to the range where its exponential is not 0, and e."""
    x = np.clip(x, -UNDERFLOW, UNDERFLOW)
    return x, np.exp(-np.abs(x))


def silu(x: Array) -> Array:
    result = np.negative(x)
    np.exp(result, out=result)
    result += 1.0
    with np.errstate(invalid="ignore"):  # -inf / inf: the tail puts in the limit
        np.divide(x, result, out=result)
    return with_tail(result, x, lambda x: x)


def silu_df(x: Array) -> Array:
    # (1 + x + e) / (e + 2 + 1 / e), e = exp(x); it is 1 at x = 45 to the last digit.
    result = np.clip(x, -700.0, 45.0)
    e = np.exp(result)
    result += 1.0
    result += e
    inverse = np.divide(1.0, e)
    e += 2.0
    e += inverse
    result /= e
    return with_tail(result, x, lambda x: 1.0 + x)


def silu_d2f(x: Array) -> Array:
    # sigmoid'(x) (2 - x tanh(x/2)), with tanh(x/2) = +-(1 - e) / (1 + e).
    x, e = _clipped(x)
    x = np.abs(x)
    result = times_exp(((2.0 - x) + e * (2.0 + x)) / cube_of_one_plus(e), x, e)
    return refine(result, x, x < 1.0, lambda x: DD(horner(SILU_D2, x * x)))  # 4.1 ulp otherwise


def _silu_backward(x: Any, y: Any) -> Any:
    sigmoid = 1.0 / (1.0 + np.exp(-x))
    return sigmoid * (1.0 + x * (1.0 - sigmoid))


SILU = Activation(
    name="silu",
    aliases=("swish", "swish1", "sigmoid_linear_unit"),
    formula="x / (1 + exp(-x))",
    derivative="(1 + exp(-x) + x * exp(-x)) / (1 + exp(-x))**2",
    f=silu,
    df=silu_df,
    d2f=silu_d2f,
    backward=Backward(_silu_backward),
    range=(-0.2784645427610738, INF),
    limits=(0.0, INF),
    dialects=dialects(
        "tf.nn.silu | its beta, by default 1, is that of swish_beta; NaN at -inf",
        "torch.nn.SiLU keras.activations.silu jax.nn.silu jax.nn.swish tf.nn.swish timm:silu timm:swish "
        "transformers:silu transformers:swish | NaN at -inf",
        "onnx:Swish(alpha=1)",
        "NNlib.swish | by sigmoid_fast: x above 40, 0 below -80; NaN at -inf",
    ),
    source="PyTorch torch.nn.SiLU; Elfwing, Uchibe and Doya 2017, arXiv:1702.03118",
)


# SiLU of a x, over a. A negative a mirrors x, so everything is written for |a|.


def _swish_parts(x: Array, a: float) -> tuple[Array, Array]:
    """x, mirrored for negative a and clipped to the range where its exponential is not 0; and e = exp(-|a x|)."""
    most = min(2.0 * UNDERFLOW / abs(a), LARGEST)
    x = np.clip(x if a > 0 else -x, -most, most)
    return x, exp_product(a, x)


def swish(x: Array, a: float) -> Array:
    """x sigmoid(a x)."""
    if a == 0.0:
        return 0.5 * x
    near, e = _swish_parts(x, a)
    mirrored = x if a > 0 else -x
    result = np.where(near < 0, times_exp(near, near, e, a), mirrored) / (1.0 + e)
    return result if a > 0 else -result


def swish_df(x: Array, a: float) -> Array:
    """d/dx of x sigmoid(a x)."""
    if a == 0.0:
        return flat(x) + 0.5
    x, e = _swish_parts(x, a)
    u = abs(a) * x
    return np.where(u < 0, times_exp((1.0 + u) + e, x, e, a), 1.0 + e + u * e) / square_of_one_plus(e)


def swish_d2f(x: Array, a: float) -> Array:
    """d2/dx2 of x sigmoid(a x)."""
    if a == 0.0:
        return flat(x)
    x, e = _swish_parts(np.abs(x), abs(a))
    u = abs(a) * x
    spare = 2.0**16 if abs(a) > 1e300 else 1.0  # so that the factor is a double
    return times_exp(a / spare * (((2.0 - u) + e * (2.0 + u)) / cube_of_one_plus(e)), x, e, a) * spare


def swish_da(x: Array, a: float) -> Array:
    """d/da of x sigmoid(a x), x^2 sigmoid'(a x)."""
    if a == 0.0:
        return 0.25 * np.square(x)
    x, e = _swish_parts(x, a)
    if abs(a) < 1e-100:  # x^2 may overflow
        return np.square(x * exp_product(0.5 * a, x)) / square_of_one_plus(e)
    return times_exp(x / square_of_one_plus(e) * x, x, e, a)


def _swish_range(a: float) -> tuple[float, float]:
    if a == 0.0:
        return -INF, INF
    lowest = -0.2784645427610738 / a
    return (lowest, INF) if a > 0 else (-INF, lowest)


def _swish_limits(a: float) -> tuple[float, float]:
    return (0.0 if a > 0 else -INF), (0.0 if a < 0 else INF)


SWISH_BETA = Activation(
    name="swish_beta",
    aliases=("parametric_swish", "trainable_swish"),
    formula="x / (1 + exp(-beta * x))",
    derivative="(1 + exp(-beta * x) + beta * x * exp(-beta * x)) / (1 + exp(-beta * x))**2",
    parameters=(Parameter("beta", 1.0, REAL, "sharpness: x/2 at 0, relu in the limit at infinity"),),
    f=lambda x, beta: swish(x, a=beta),
    df=lambda x, beta: swish_df(x, a=beta),
    d2f=lambda x, beta: swish_d2f(x, a=beta),
    wrt={"beta": lambda x, beta: swish_da(x, a=beta)},
    range=lambda beta: _swish_range(a=beta),
    limits=lambda beta: _swish_limits(a=beta),
    dialects=dialects("tf.nn.silu(beta=...) | NaN at -inf", ("onnx:Swish", {"alpha": "beta"})),
    source="Ramachandran, Zoph and Le 2017, Searching for Activation Functions, arXiv:1710.05941; ONNX Swish",
)

QUICK_GELU = Activation(
    name="quick_gelu",
    formula="x / (1 + exp(-alpha * x))",
    derivative="(1 + exp(-alpha * x) + alpha * x * exp(-alpha * x)) / (1 + exp(-alpha * x))**2",
    parameters=(Parameter("alpha", 1.702, REAL, "sharpness: sigmoid(1.702 x) is close to Phi(x)"),),
    f=lambda x, alpha: swish(x, a=alpha),
    df=lambda x, alpha: swish_df(x, a=alpha),
    d2f=lambda x, alpha: swish_d2f(x, a=alpha),
    wrt={"alpha": lambda x, alpha: swish_da(x, a=alpha)},
    range=lambda alpha: _swish_range(a=alpha),
    limits=lambda alpha: _swish_limits(a=alpha),
    dialects=dialects("timm:quick_gelu transformers:quick_gelu | NaN at -inf"),
    source="Hugging Face transformers QuickGELUActivation; Hendrycks and Gimpel 2016, arXiv:1606.08415",
)


# With e = exp(x), tanh(softplus(x)) = q / (2 + q), q = e (e + 2).


def mish(x: Array) -> Array:
    # The form e / (1 + (e - e / (e + 2))) rounds less; above 40 the gate is 1 to the last digit.
    e = np.clip(x, -740.0, 40.0)
    return _mish(np.exp(e, out=e), x)


def _mish(e: Array, x: Array) -> Array:
    """mish from e, which is overwritten."""
    more = e + 2.0
    np.divide(e, more, out=more)
    np.subtract(e, more, out=more)
    more += 1.0
    e /= more
    e *= x
    return with_tail(e, x, lambda x: x)


def mish_df(x: Array) -> Array:
    # (2 + 2x + (e - 2x e / h)) / h, h = (2 + q) / e. Other orders and groupings reach 4.4 ulp.
    return _mish_slope(np.exp(np.clip(x, -700.0, 45.0)), x)


def _mish_slope(e: Array, x: Array) -> Array:
    """mish' from e, which is overwritten."""
    twice = np.clip(x, -700.0, 45.0)
    h = e + 2.0
    h += np.divide(2.0, e)
    twice *= 2.0
    result = twice + 2.0
    twice *= e
    twice /= h
    e -= twice
    result += e
    result /= h
    return with_tail(result, x, lambda x: 1.0 + x)


def mish_both(x: Array) -> tuple[Array, Array]:
    """f and f', which share the exponential."""
    e = np.exp(np.clip(x, -740.0, 45.0))
    return _mish(np.minimum(e, np.exp(np.full(1, 40.0))), x), _mish_slope(np.maximum(e, np.exp(np.full(1, -700.0))), x)


# For f'' and x >= 0 everything is divided by the highest power of e: both branches are polynomials in exp(-|x|).
# Powers of the denominator are multiplied out: Horner's scheme rounds them almost only once, a power of a rounded
# number at every factor.


def mish_d2f(x: Array) -> Array:
    x, e = _clipped(x)
    below = (4.0 + 2.0 * x) + e * ((8.0 + 2.0 * x) + e * ((6.0 - 3.0 * x) + e * (2.0 - 2.0 * x)))
    above = (2.0 - 2.0 * x) + e * ((6.0 - 3.0 * x) + e * ((8.0 + 2.0 * x) + e * (4.0 + 2.0 * x)))
    result = 4.0 * np.where(
        x < 0,
        times_exp(below / (8.0 + e * (24.0 + e * (36.0 + e * (32.0 + e * (18.0 + e * (6.0 + e)))))), x, e),
        times_exp(
            above / (1.0 + e * (6.0 + e * (18.0 + e * (32.0 + e * (36.0 + e * (24.0 + e * 8.0)))))),
            2.0 * x,
            np.exp(-2.0 * np.abs(x)),
        ),
    )
    return stretched(result, x, *MISH_D2)  # 4.5 ulp otherwise


def _mish_backward(x: Any, y: Any) -> Any:
    tanh = np.tanh(np.log1p(np.exp(x)))
    return tanh + x * (1.0 / (1.0 + np.exp(-x))) * (1.0 - tanh * tanh)


MISH = Activation(
    name="mish",
    formula="x * tanh(log(1 + exp(x)))",
    derivative="tanh(log(1 + exp(x))) + x * (1 - tanh(log(1 + exp(x)))**2) / (1 + exp(-x))",
    f=mish,
    df=mish_df,
    d2f=mish_d2f,
    both=mish_both,
    backward=Backward(_mish_backward),
    range=(-0.30884341301725043, INF),
    limits=(0.0, INF),
    dialects=dialects(
        "torch.nn.Mish keras.activations.mish jax.nn.mish tfa.activations.mish NNlib.mish timm:mish transformers:mish "
        "| NaN at -inf",
        "onnx:Mish",
    ),
    source="PyTorch torch.nn.Mish; Misra 2019, arXiv:1908.08681",
)
