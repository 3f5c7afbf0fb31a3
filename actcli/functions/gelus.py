"""GELU: x times the normal distribution function, exactly and in the tanh form.

Both are odd about x/2, so everything is written for t = |x|:

    gelu(-t) = -t phi(t) R(t),    gelu(t) = t + gelu(-t),
    gelu'(-t) = phi(t) (R(t) - t),    gelu'(t) = 1 - gelu'(-t),    R(t) = (1 - Phi(t)) / phi(t).
"""

import math
from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.distributions import erf
from actcli.functions.naming import dialects
from actcli.numerics.normal import clipped, density, mills, mirror, times_density, weighted
from actcli.parameters import INF, NON_NEGATIVE, Parameter


def gelu(x: Array) -> Array:
    """x Phi(x)."""
    t = clipped(x)
    amplitude = mills(t)
    amplitude *= t
    tail = times_density(amplitude, t)
    result = np.maximum(x, 0.0, out=t)
    result -= tail
    return np.copysign(result, x, out=result)


def gelu_df(x: Array) -> Array:
    """Phi(x) + x phi(x)."""
    t = clipped(x)
    amplitude = mills(t)
    amplitude -= t
    return mirror(times_density(amplitude, t), x)


def gelu_both(x: Array) -> tuple[Array, Array]:
    """gelu and gelu', which share Mills' ratio and the density."""
    t = clipped(x)
    ratio = mills(t)
    product, low = density(t)
    slope = weighted(ratio - t, product.copy(), low.copy())
    ratio *= t
    tail = weighted(ratio, product, low)
    result = np.maximum(x, 0.0, out=t)
    result -= tail
    return np.copysign(result, x, out=result), mirror(slope, x)


def gelu_d2f(x: Array) -> Array:
    """phi(x) (2 - x*x)."""
    t = clipped(x)
    return times_density(2.0 - t * t, t)


def _gelu_backward(x: Any, y: Any) -> Any:
    # 1 + erf is 0 where the tail is not, and the other term is below 0 there.
    cdf = 0.5 * (1.0 + (x * math.sqrt(0.5)).map(erf))
    return cdf + x * (np.exp(x * x * -0.5) * (1.0 / math.sqrt(2.0 * math.pi)))


def _gelu_onednn(x: Any, y: Any) -> Any:
    u = x * math.sqrt(0.5)
    return 0.5 + (u * (1.0 / math.sqrt(math.pi)) * np.exp(-(u * u)) + 0.5 * u.map(erf))


GELU = Activation(
    name="gelu",
    aliases=("gelu_exact", "gelu_erf", "gaussian_error_linear_unit"),
    formula="x * (1 + erf(x / sqrt(2))) / 2",
    derivative="(1 + erf(x / sqrt(2))) / 2 + x * exp(-x**2 / 2) / sqrt(2 * pi)",
    f=gelu,
    df=gelu_df,
    d2f=gelu_d2f,
    both=gelu_both,
    backward=Backward(_gelu_backward, float32=_gelu_onednn),
    range=(-0.16997120747990369, INF),
    limits=(0.0, INF),
    dialects=dialects(
        "torch.nn.GELU NNlib.gelu_erf timm:gelu transformers:gelu transformers:gelu_python | as 1 + erf: the tail is 0 "
        "below -8.37; NaN at -inf",
        "keras.activations.gelu | NaN at -inf; with PyTorch the tail is 0 below -8.37",
        "jax.nn.gelu(approximate=False) | NaN at -inf",
        "tf.nn.gelu tfa.activations.gelu(approximate=False) | constants in float32; NaN at -inf",
        "onnx:Gelu",
    ),
    source="PyTorch torch.nn.GELU; Hendrycks and Gimpel 2016, arXiv:1606.08415",
)


_ROOT = (0.7978845608028654, -4.98465440455546e-17)  # sqrt(2/pi) to 2**-110, as a sum


class _Tanh:
    """The parts of every formula below, for t = |x| and u = a t + a c t**3, a = sqrt(2/pi).

    With y = t / scale <= 1, u = p y + q y**3 for every c >= 0 alike.  Rounding 2u costs up to 512 ulp
    in the tail, so half of log(2**453 exp(-2u)) is carried as high + low: h, y rounded to a multiple
    of 2**-14, and the multiples p1 of 2**-28 and q1 of 1 next to p and q make h (p1 + q1 h h) exact,
    and so is its distance from the constant, a multiple of 2**-42.  2**453 keeps the exponential
    clear of the subnormal numbers, where an amplitude would multiply too few bits.
    """

    def __init__(self, x: Array, c: float) -> None:
        bound = math.cbrt(700.0 / max(c, 700.0**-2))  # exp(-2u) = 0 beyond, whatever the amplitude
        self.scale = 2.0 ** math.frexp(bound)[1]
        from fractions import Fraction

        p = (Fraction(_ROOT[0]) + Fraction(_ROOT[1])) * Fraction(self.scale)
        q = p * Fraction(c) * Fraction(self.scale) ** 2
        p1, q1 = Fraction(round(p * 2**28), 2**28), round(q)
        p2, q2 = float(p - p1), float(q - q1)
        self.p, self.q = float(p), float(q)
        self.q6 = float(6 * q)
        self.p_low = float(p - Fraction(self.p))

        self.t = np.minimum(np.abs(x), bound)
        self.y = y = self.t / self.scale
        h = (y + 1.5 * 2.0**38) - 1.5 * 2.0**38
        square = h * h
        exact = 156.99783639682755 - h * (float(p1) + float(q1) * square)
        rest = y - h
        rest *= self.p + self.q * (y * (y + h) + square)
        rest += h * (p2 + q2 * square)
        rest -= 6.093032571831346e-14
        high = exact - rest
        low = (exact - high) - rest
        self.grown = np.exp(2.0 * high)  # 2**453 exp(-2u)
        self.grown += self.grown * (2.0 * low)
        self.power = self.grown * 2.0**-453
        self.more = 1.0 + self.power  # 1 / sigmoid(2u)

    def slope(self) -> tuple[Array, Array]:
        """d(2u)/dy and the part of it that varies; p rounded alone would cost gelu_tanh'' 1 ulp."""
        bend = self.q6 * (self.y * self.y)
        return 2.0 * self.p + (bend + 2.0 * self.p_low), bend


def gelu_tanh(x: Array, c: float) -> Array:
    """x sigmoid(2u)."""
    return _value(_Tanh(x, c), x)


def _value(v: _Tanh, x: Array) -> Array:
    tail = v.t / v.more * v.grown * 2.0**-453
    return np.copysign(np.maximum(x, 0.0) - tail, x)


def gelu_tanh_df(x: Array, c: float) -> Array:
    """d/dx of x sigmoid(2u)."""
    return _slope(_Tanh(x, c), x)


def _slope(v: _Tanh, x: Array) -> Array:
    slope, _ = v.slope()
    tail = (1.0 - v.y * slope / v.more) / v.more * v.grown * 2.0**-453
    return np.where(x < 0.0, tail, 1.0 - tail)


def gelu_tanh_both(x: Array, c: float) -> tuple[Array, Array]:
    """f and f', which share their parts."""
    v = _Tanh(x, c)
    return _value(v, x), _slope(v, x)


def gelu_tanh_d2f(x: Array, c: float) -> Array:
    """d2/dx2 of x sigmoid(2u)."""
    v = _Tanh(x, c)
    slope, bend = v.slope()
    tanh = 1.0 - 2.0 * v.power / v.more
    inner = slope * (2.0 - v.y * slope * tanh) + 2.0 * bend
    return inner / (v.more * v.more) * v.grown * (2.0**-453 / v.scale)


def gelu_tanh_dc(x: Array, c: float) -> Array:
    """d/dc of x sigmoid(2u)."""
    v = _Tanh(x, c)
    ratio = v.t * v.t / v.more
    return 2.0 * _ROOT[0] * (ratio * ratio) * v.grown * 2.0**-453


def _gelu_tanh_backward(x: Any, y: Any, c: float) -> Any:
    square = x * x
    u = _ROOT[0] * (x + c * (square * x))
    tanh = np.where(abs(u) > 8.664339742, np.sign(u), np.tanh(u))  # as in SLEEF, which PyTorch uses for tanh
    slope = _ROOT[0] * (1.0 + 3.0 * c * square)
    return 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * slope


GELU_TANH = Activation(
    name="gelu_tanh",
    aliases=("gelu_new", "gelu_pytorch_tanh", "gelu_approx", "fast_gelu"),
    formula="x / (1 + exp(-2 * sqrt(2 / pi) * (x + c * x**3)))",
    derivative="(1 + tanh(sqrt(2 / pi) * (x + c * x**3))) / 2"
    " + x * (1 - tanh(sqrt(2 / pi) * (x + c * x**3))**2) * sqrt(2 / pi) * (1 + 3 * c * x**2) / 2",
    parameters=(Parameter("c", 0.044715, NON_NEGATIVE, "weight of the cubic term"),),
    f=gelu_tanh,
    df=gelu_tanh_df,
    d2f=gelu_tanh_d2f,
    both=gelu_tanh_both,
    backward=Backward(_gelu_tanh_backward),
    wrt={"c": gelu_tanh_dc},
    range=None,
    limits=(0.0, INF),
    dialects=dialects(
        "torch.nn.GELU(approximate='tanh') keras.activations.gelu(approximate=True) jax.nn.gelu NNlib.gelu "
        "NNlib.gelu_tanh timm:gelu_tanh transformers:gelu_new transformers:gelu_pytorch_tanh "
        "transformers:gelu_python_tanh transformers:gelu_accurate | as 1 + tanh, 0 below about -7; NaN at -inf",
        "tf.nn.gelu(approximate=True) tfa.activations.gelu | as 1 + tanh, constants in float32; NaN at -inf",
        "onnx:Gelu(approximate='tanh')",
        "NNlib.gelu_sigmoid | by sigmoid_fast, 0 below -9.67; NaN at -inf",
        "transformers:gelu_fast | sqrt(2/pi) is rounded to 0.7978845608; NaN at -inf",
    ),
    source="PyTorch torch.nn.GELU(approximate='tanh'); Hendrycks and Gimpel 2016, arXiv:1606.08415",
)
