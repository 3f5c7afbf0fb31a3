"""The exponential, and functions that are exponential below 0 only: ELU, SELU, CELU, xIELU."""

import math

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.kernels import UNDERFLOW, exp_quotient, growing_quotient, tanh_parts, times_exp
from actcli.functions.naming import dialects
from actcli.numerics.doubledouble import DD, expm1, product, refine, times
from actcli.parameters import INF, POSITIVE, REAL, Parameter

EXPONENTIAL = Activation(
    name="exponential",
    aliases=("exp",),
    formula="exp(x)",
    derivative="exp(x)",
    f=np.exp,
    df=np.exp,
    d2f=np.exp,
    range=(0.0, INF),
    dialects=dialects("torch.exp keras.activations.exponential jax.numpy.exp tf.math.exp onnx:Exp"),
    source="Keras keras.activations.exponential",
)


def _below(x: Array) -> Array:
    """min(x, 0): the exponential branch never sees an argument that overflows."""
    return np.minimum(x, 0.0)


def _elu(x: Array, scale: float, alpha: float) -> Array:
    # For scale = alpha = 1, the larger of exp(x) - 1 and x is the right branch (0.5 ns; np.where takes 3).
    low = np.clip(x, -INF, 0.0)  # np.minimum might turn -0.0 into 0.0
    np.expm1(low, out=low)
    if scale == alpha == 1.0:
        return np.maximum(x, low, out=low)
    if math.isinf(scale * alpha):  # the larger factor first: a subnormal product would lose digits
        low *= max(scale, alpha)
        low *= min(scale, alpha)
    else:
        low *= scale * alpha
    return np.where(x > 0, scale * x, low)


def _elu_df(x: Array, scale: float, alpha: float) -> Array:
    if scale == alpha == 1.0:
        e = _below(x)
        return np.exp(e, out=e)
    return np.where(x > 0, scale, _scaled_exp(x, scale, alpha))


def _elu_d2f(x: Array, scale: float, alpha: float) -> Array:
    return np.where(x > 0, 0.0, _scaled_exp(x, scale, alpha))


def _scaled_exp(x: Array, scale: float, alpha: float) -> Array:
    x = np.maximum(_below(x), -2.0 * UNDERFLOW)
    if math.isinf(scale * alpha):
        half = np.exp(0.5 * x)
        return (scale * half) * (alpha * half)
    return times_exp(scale * alpha, x, np.exp(x))


ELU = Activation(
    name="elu",
    aliases=("exponential_linear_unit",),
    formula="where(x > 0, x, alpha * (exp(x) - 1))",
    derivative="where(x > 0, 1, alpha * exp(x))",
    parameters=(Parameter("alpha", 1.0, REAL, "-alpha is the limit at -inf"),),
    f=lambda x, alpha: _elu(x, 1.0, alpha),
    df=lambda x, alpha: _elu_df(x, 1.0, alpha),
    d2f=lambda x, alpha: _elu_d2f(x, 1.0, alpha),
    backward=Backward(lambda x, y, alpha: np.where(x > 0, 1.0, alpha * np.exp(x))),
    wrt={"alpha": lambda x, alpha: np.expm1(_below(x))},
    breaks=(0.0,),
    convention="f' = f'' = alpha at 0",
    range=lambda alpha: (min(0.0, -alpha), INF),
    limits=lambda alpha: (0.0 - alpha, INF),
    dialects=dialects(
        "torch.nn.ELU keras.activations.elu keras.layers.ELU jax.nn.elu onnx:Elu timm:elu",
        "tf.nn.elu | alpha is always 1; exp(x) - 1 cancels near 0",
        ("NNlib.elu | f' = 1 at 0; exp(x) - 1 cancels near 0", {"α": "alpha"}),
    ),
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
    backward=Backward(lambda x, y, alpha, scale: np.where(x > 0, scale, scale * alpha * np.exp(x))),
    wrt={
        "alpha": lambda x, alpha, scale: scale * np.expm1(_below(x)),
        "scale": lambda x, alpha, scale: _elu(x, 1.0, alpha),
    },
    breaks=(0.0,),
    convention="f' = f'' = scale * alpha at 0",
    range=lambda alpha, scale: (-scale * alpha, INF),
    gain=0.75,
    dialects=dialects(
        "torch.nn.SELU jax.nn.selu timm:selu",
        "keras.activations.selu | f' = scale at 0 with TensorFlow",
        "tf.nn.selu | f' = scale at 0; exp(x) - 1 cancels near 0",
        (
            "onnx:Selu | its defaults are rounded to float32",
            {"gamma": "scale"},
            {"alpha": 1.67326319217681884765625, "scale": 1.05070102214813232421875},
        ),
        "NNlib.selu | exp(x) - 1 cancels near 0",
    ),
    source="PyTorch torch.nn.SELU; Klambauer et al. 2017, arXiv:1706.02515",
)


def celu(x: Array, alpha: float) -> Array:
    if alpha < 0:
        q, lost = growing_quotient(_below(x), alpha)
        e = np.expm1(np.minimum(q, 700.0))
        return np.where(
            x > 1e-18 * alpha, x, np.where(q > 700.0, _grown(q, lost, alpha), alpha * (e + (e + 1.0) * lost))
        )
    # So close to 0 that f is x: the quotient may be subnormal.
    return np.where(x > -1e-18 * alpha, x, alpha * np.expm1(_below(x) / alpha))


def _grown(q: Array, lost: Array, factor: float) -> Array:
    """factor * exp(q), even where the exponential alone overflows or underflows."""
    half = np.exp(0.5 * q)
    return factor * half * half * (1.0 + lost)


def celu_df(x: Array, alpha: float) -> Array:
    low = _below(x)
    return np.where(x > 0, 1.0, _grown(*growing_quotient(low, alpha), 1.0) if alpha < 0 else exp_quotient(low, alpha))


def celu_d2f(x: Array, alpha: float) -> Array:
    if alpha < 0:
        q, lost = growing_quotient(_below(x), alpha)
        half = np.exp(0.5 * q)
        return np.where(x > 0, 0.0, half / alpha * half * (1.0 + lost))
    # Two factors: the exponential may be subnormal where its quotient by alpha is not.
    low = _below(x)
    half = exp_quotient(0.5 * low, alpha)
    tail = half / alpha * half
    return np.where(x > 0, 0.0, np.where(low < -700.0 * alpha, tail, exp_quotient(low, alpha) / alpha))


def celu_dalpha(x: Array, alpha: float) -> Array:
    if alpha < 0:
        q, lost = growing_quotient(_below(x), alpha)
        e = np.exp(np.minimum(q, 709.0)) * (1.0 + lost)
        return np.where(q < 2.5, _celu_dalpha(np.minimum(q, 2.5)), e * (1.0 - q) - 1.0)
    q = np.maximum(_below(x) / alpha, -UNDERFLOW)
    return np.where(q > -2.5, _celu_dalpha(q), np.expm1(q) - q * np.exp(q))


def _celu_dalpha(q: Array) -> Array:
    # expm1(q) - q exp(q) is -q^2 / 2 near 0, hence the fraction for tanh(h), h = -q / 2, there.
    h = np.minimum(-0.5 * q, 1.25)
    p, r, denominator = tanh_parts(h * h)
    denominator += h * p
    ratio = np.where(h < 0.4, 1.0 - h * (p + r + h * r) / denominator, (p - h * r) / denominator)
    return -2.0 * h * h * ratio


CELU = Activation(
    name="celu",
    aliases=("continuously_differentiable_elu",),
    formula="where(x > 0, x, alpha * (exp(x / alpha) - 1))",
    derivative="where(x > 0, 1, exp(x / alpha))",
    parameters=(
        Parameter("alpha", 1.0, REAL, "-alpha is the limit at -inf; f grows without bound there if alpha < 0"),
    ),
    constraint=("an alpha other than 0", lambda alpha: alpha != 0.0),
    f=celu,
    df=celu_df,
    d2f=celu_d2f,
    wrt={"alpha": celu_dalpha},
    breaks=(0.0,),
    convention="f'' = 1 / alpha at 0",
    range=lambda alpha: (-alpha if alpha > 0 else -INF, INF),
    dialects=dialects(
        "torch.nn.CELU jax.nn.celu onnx:Celu timm:celu",
        "keras.activations.celu | f' = 2 at 0 with TensorFlow",
        ("NNlib.celu | exp(x / alpha) - 1 cancels near 0", {"α": "alpha"}),
    ),
    source="PyTorch torch.nn.CELU; Barron 2017, arXiv:1704.07483",
)


def _parabola(x: Array) -> tuple[Array, Array]:
    """exp(x) - 1 - x for -2.5 <= x <= 0 as high + low, high = x^2 / 2: the difference keeps no digit near 0."""
    h = np.minimum(-0.5 * x, 1.25)
    p, r, q = tanh_parts(h * h)
    high, lost = product(h, 2.0 * h)
    return high, lost - high * h * (p - (1.0 - h) * r) / (q + h * p)


def _xielu_dalpha_n(x: Array) -> Array:
    low = _below(x)
    high, rest = _parabola(low)
    return np.where(low > -2.5, high + rest, np.expm1(low) - low)


def _scaled(a: float, x: Array) -> tuple[Array, Array]:
    """a * x as high + low, low where x is moderate."""
    if a == 0.0:
        return np.zeros_like(x), np.zeros_like(x)  # 0 * inf would be NaN
    return times(a, x)


# Below 0 xIELU and its derivative are differences of two terms, and so is beta - alpha_n: use the form with the smaller
# terms, and carry along what the products lost.


def xielu(x: Array, alpha_p: float, alpha_n: float, beta: float) -> Array:
    # alpha_n (exp(x) - 1 - x) + beta x, or alpha_n (exp(x) - 1) + (beta - alpha_n) x
    low = _below(x)
    near = low > -1.25
    high, rest = _parabola(low)
    curve, curve_lost = _scaled(alpha_n, np.where(near, high, np.expm1(low)))
    tiny = (low < 0.0) & (low > -1e-100)  # the square may underflow, and a large alpha_n would show that
    if tiny.any():
        slope, slope_lost = _scaled(alpha_n, low[tiny])
        curve[tiny], more = product(slope, 0.5 * low[tiny])
        curve_lost[tiny] = more + slope_lost * (0.5 * low[tiny])
        rest[tiny] = 0.0
    line, line_lost = _scaled(beta, low)
    difference, difference_lost = _difference(beta, alpha_n)
    far, far_lost = _scaled(difference, low)
    far_lost += difference_lost * np.maximum(low, -1e200)
    lost = curve_lost + np.where(near, line_lost + alpha_n * rest, far_lost)
    below = (curve + np.where(near, line, far)) + lost
    hard = (low < -0.25) & (low > -40.0) & (np.abs(below) < 0.5 * np.abs(curve))  # 6 ulp otherwise
    below = refine(below, low, hard, lambda x: alpha_n * expm1(x) + (DD(beta) - alpha_n) * x)
    return np.where(x > 0, x * (alpha_p * x + beta), below)


def xielu_df(x: Array, alpha_p: float, alpha_n: float, beta: float) -> Array:
    # alpha_n (exp(x) - 1) + beta, or alpha_n exp(x) + (beta - alpha_n)
    low = _below(x)
    near = low > -0.7
    e = np.where(near, np.expm1(low), np.exp(low))
    curve = np.where(near, alpha_n * e, _scaled_exp(low, 1.0, alpha_n))
    difference, difference_lost = _difference(beta, alpha_n)
    lost = np.where(low < -600.0, 0.0, _scaled(alpha_n, e)[1]) + np.where(near, 0.0, difference_lost)
    return np.where(x > 0, 2.0 * (alpha_p * x) + beta, (curve + np.where(near, beta, difference)) + lost)


def _difference(a: float, b: float) -> tuple[float, float]:
    """a - b as high + low."""
    high = a - b
    from fractions import Fraction

    return high, float(Fraction(a) - Fraction(b) - Fraction(high))


def _xielu_range(alpha_p: float, alpha_n: float, beta: float) -> tuple[float, float]:
    if alpha_n <= beta:
        return _xielu_limits(alpha_p, alpha_n, beta)
    lowest = np.full(1, np.log1p(-beta / alpha_n))
    return float(xielu(lowest, alpha_p, alpha_n, beta)[0]), INF


def _xielu_limits(alpha_p: float, alpha_n: float, beta: float) -> tuple[float, float]:
    return -alpha_n if alpha_n == beta else (alpha_n - beta) * INF, INF


XIELU = Activation(
    name="xielu",
    aliases=("expanded_integral_elu",),
    formula="where(x > 0, alpha_p * x**2 + beta * x, alpha_n * (exp(x) - 1 - x) + beta * x)",
    derivative="where(x > 0, 2 * alpha_p * x + beta, alpha_n * (exp(x) - 1) + beta)",
    parameters=(
        Parameter("alpha_p", 0.8, POSITIVE, "curvature for x > 0, learned in training"),
        Parameter("alpha_n", 0.8, POSITIVE, "weight of the exponential for x <= 0, learned in training"),
        Parameter("beta", 0.5, POSITIVE, "slope at 0"),
    ),
    f=xielu,
    df=xielu_df,
    d2f=lambda x, alpha_p, alpha_n, beta: np.where(x > 0, 2.0 * alpha_p, _scaled_exp(x, 1.0, alpha_n)),
    wrt={
        "alpha_p": lambda x, alpha_p, alpha_n, beta: np.maximum(x, 0.0) ** 2,
        "alpha_n": lambda x, alpha_p, alpha_n, beta: _xielu_dalpha_n(x),
        "beta": lambda x, alpha_p, alpha_n, beta: x.copy(),
    },
    breaks=(0.0,),
    convention="f'' = alpha_n at 0",
    range=_xielu_range,
    limits=_xielu_limits,
    dialects=dialects(
        (
            "transformers:xielu | parameters in bfloat16 by default; keeps alpha_p and alpha_n - beta above 0 by "
            "softplus; takes at most exp(eps), eps = -1e-6, for exp(x), so that f jumps by 1e-6 alpha_n at 0 and f' is "
            "beta - alpha_n between eps and 0",
            {"alpha_p_init": "alpha_p", "alpha_n_init": "alpha_n"},
        )
    ),
    source="Transformers XIELUActivation; Huang and Schlag 2024, arXiv:2411.13010",
)
