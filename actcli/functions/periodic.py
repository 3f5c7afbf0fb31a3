"""Oscillating functions: accurate for phases up to 2^20, analysed within a window of a few periods.

The rounding of the phase a x, half an ulp of its own size, is carried along: in the sine it would show.
"""

import math
from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.naming import dialects
from actcli.functions.stretches import SINC_D2, stretched
from actcli.numerics.doubledouble import DD, product, times
from actcli.numerics.normal import horner
from actcli.parameters import INF, POSITIVE, REAL, Parameter

WINDOW = (-10.0, 10.0)

# pi/2 in three parts of 31 bits, whose products with whole numbers below 2^22 are exact, and the rest.
_HALF_PI = (1.5707963267341256, 6.07710049817245e-11, 8.333742909677158e-20, 8.843720566135701e-29)


def _finite(x: Array) -> Array:
    """x with NaN for the infinities, where there is no limit."""
    return np.where(np.isinf(x), math.nan, x)


def _sin_cos(a: float, x: Array) -> tuple[Array, Array, Array, Array]:
    """The phase a x as high + low, its sine and its cosine, each within 2 ulp for |a x| < 2^22."""
    high = _finite(a * x)
    s, c = np.sin(high), np.cos(high)
    if math.frexp(a)[0] in (0.5, -0.5):  # the product is exact
        return high, np.zeros_like(high), s, c
    low = np.where(np.abs(high) < 2.0**22, times(a, x)[1], 0.0)
    exact = low == 0.0  # 0 is not added: it would take the sign from -0.0
    beside_zero = (np.minimum(np.abs(s), np.abs(c)) < 1e-5) & ~exact
    s, c = np.where(exact, s, s + low * c), np.where(exact, c, c - low * s)
    if beside_zero.any():
        s[beside_zero], c[beside_zero] = _beside_zero(high[beside_zero], low[beside_zero])
    return high, low, s, c


def _beside_zero(high: Array, low: Array) -> tuple[Array, Array]:
    """Sine and cosine where one of them is nearly 0: high and low may cancel in the distance to that zero."""
    n = np.rint(high / _HALF_PI[0])
    first, second, third, rest = _HALF_PI
    t = np.tan((DD(high - n * first) - n * second - n * third - n * rest + low).rounded())
    s, c = np.sin(high), np.cos(high)
    odd = n % 2.0 != 0.0
    return np.where(odd, s, c * t), np.where(odd, -s * t, c)


def sine(x: Array, w0: float) -> Array:
    return _sin_cos(w0, x)[2]


SINE = Activation(
    name="sine",
    aliases=("sin", "siren"),
    formula="sin(w0 * x)",
    derivative="w0 * cos(w0 * x)",
    parameters=(Parameter("w0", 1.0, POSITIVE, "angular frequency (SIREN: 30)"),),
    f=sine,
    df=lambda x, w0: w0 * _sin_cos(w0, x)[3],
    d2f=lambda x, w0: -w0 * (w0 * sine(x, w0)),
    wrt={"w0": lambda x, w0: _finite(x) * _sin_cos(w0, x)[3]},
    range=(-1.0, 1.0),
    limits=(math.nan, math.nan),
    window=WINDOW,
    dialects=dialects("torch.sin keras.ops.sin jax.numpy.sin tf.math.sin onnx:Sin"),
    source="Sitzmann et al. 2020, Implicit Neural Representations with Periodic Activation Functions, arXiv:2006.09661",
)

COSINE = Activation(
    name="cosine",
    aliases=("cos",),
    formula="cos(x)",
    derivative="-sin(x)",
    f=lambda x: np.cos(_finite(x)),
    df=lambda x: -np.sin(_finite(x)),
    d2f=lambda x: -np.cos(_finite(x)),
    range=(-1.0, 1.0),
    limits=(math.nan, math.nan),
    window=WINDOW,
    dialects=dialects("torch.cos keras.ops.cos jax.numpy.cos tf.math.cos onnx:Cos"),
    source="PyTorch torch.cos",
)


# With u = pi x: sinc = sin(u)/u, sinc' = (cos(u) - sinc(u)) / u by u, sinc'' = -sinc - 2 sinc'/u. Near 0 these are
# differences of nearly equal numbers, and the series takes their place.
_SINC_D1 = tuple((-1.0) ** k * 2 * k / math.factorial(2 * k + 1) for k in range(12, 0, -1))
_SINC_D2 = tuple((-1.0) ** k * 2 * k * (2 * k - 1) / math.factorial(2 * k + 1) for k in range(14, 0, -1))
_PI, _PI_LOW = math.pi, 1.2246467991473532e-16


def _sin_cos_pi(x: Array) -> tuple[Array, Array]:
    """sin(pi x) and cos(pi x): whole numbers are subtracted from x exactly."""
    n = np.rint(x)
    r = x - n
    u, low = product(np.full(1, _PI), r)
    low += _PI_LOW * r
    sign = 1.0 - 2.0 * np.abs(np.fmod(n, 2.0))
    s, c = np.sin(u), np.cos(u)
    return sign * (s + low * c), sign * (c - low * s)


def _far(x: Array) -> Array:
    """x with +-1e300 for the infinities, where sinc and its derivatives are 0 to the last digit."""
    return np.clip(x, -1e300, 1e300)


def sinc(x: Array) -> Array:
    """sin(pi x) / (pi x)."""
    x = np.abs(x)
    near = np.maximum(_far(x), 1e-9)  # 1 - (pi x)^2 / 6 is 1 there
    result = _sin_cos_pi(near)[0] / (_PI * near)
    result -= result * (_PI_LOW / _PI)
    return np.where(np.isinf(x), 0.0, np.where(x < 1e-9, 1.0, result))


def sinc_df(x: Array) -> Array:
    near = np.clip(x, -0.42, 0.42) * _PI
    series = _PI * near * horner(_SINC_D1, near * near)
    away = np.copysign(np.maximum(_far(np.abs(x)), 0.25), x)
    s, c = _sin_cos_pi(away)
    direct = (c - s / (_PI * away)) / away
    return np.where(np.abs(x) < 0.42, series, np.where(np.isinf(x), 0.0, direct))


def sinc_d2f(x: Array) -> Array:
    x = np.abs(x)
    near = np.minimum(x, 0.5) * _PI
    series = _PI * _PI * horner(_SINC_D2, near * near)
    away = np.maximum(_far(x), 0.25)
    s, c = _sin_cos_pi(away)
    direct = (-_PI * s - 2.0 / away * (c - s / (_PI * away))) / away
    result = np.where(x < 0.5, series, np.where(np.isinf(x), 0.0, direct))
    return stretched(result, x, *SINC_D2)  # 8.5 ulp otherwise


def _sinc_backward(x: Any, y: Any) -> Any:
    u, square = x * math.pi, x * x * math.pi
    return np.where(square == 0.0, 0.0, (u * np.cos(u) - np.sin(u)) / square)


SINC = Activation(
    name="sinc",
    formula="sin(pi * x) / (pi * x)",
    derivative="(cos(pi * x) - sin(pi * x) / (pi * x)) / x",
    backward=Backward(_sinc_backward, stepwise=True),
    convention="normalised as in every framework that has it; f = 1, f' = 0 and f'' = -pi^2/3 at 0",
    f=sinc,
    df=sinc_df,
    d2f=sinc_d2f,
    range=(-0.21723362821122166, 1.0),
    limits=(0.0, 0.0),
    window=WINDOW,
    dialects=dialects("torch.sinc keras.ops.sinc jax.numpy.sinc | not 0 at whole numbers, NaN at -inf and inf"),
    source="PyTorch torch.sinc",
)


# In T = 2 a x the parts of snake are f = (T + 1 - cos T) / 2a, f' = 1 + sin T, df/da = (T sin T + cos T - 1) / 2a^2.
_BY_FREQUENCY = tuple((-1.0) ** (k + 1) * (2 * k - 1) / math.factorial(2 * k) for k in range(12, 0, -1))


def _twice(frequency: float, x: Array) -> tuple[float, Array]:
    """Factors of T, both doubles."""
    return (2.0 * frequency, x) if math.isfinite(2.0 * frequency) else (frequency, 2.0 * x)


def snake(x: Array, frequency: float) -> Array:
    high, low, _, c = _sin_cos(*_twice(frequency, x))
    half = np.sin(0.5 * high)
    near = x + half * half / frequency
    # Where x < 0 the terms cancel and the square is too inexact: 1 + T is exact there.
    far = (((1.0 + high) - c) + low) / frequency / 2.0
    size = np.abs(high)
    return np.where((size > 0.0) & (size < 2.0**60), np.where(size < 1.0, near, far), x)


def snake_df(x: Array, frequency: float) -> Array:
    _, _, s, c = _sin_cos(*_twice(frequency, x))
    # 1 + sin T = cos^2 T / (1 - sin T) keeps its digits where it touches 0.
    return np.where(s < 0.0, c * c / (1.0 + np.abs(s)), 1.0 + s)


def snake_dfrequency(x: Array, frequency: float) -> Array:
    high, low, s, c = _sin_cos(*_twice(frequency, x))
    square = np.square(np.clip(high, -2.0, 2.0))
    twice = np.where(np.abs(high) < 1.6, square * horner(_BY_FREQUENCY, square), (high * s + (c - 1.0)) + low * s)
    # For small phases it is x^2 to the last digit, even if the square of the frequency underflows.
    return np.where(np.abs(high) < 1e-9, np.square(_finite(x)), twice / frequency / frequency / 2.0)


SNAKE = Activation(
    name="snake",
    formula="x + sin(frequency * x)**2 / frequency",
    derivative="1 + sin(2 * frequency * x)",
    parameters=(Parameter("frequency", 1.0, REAL, "angular frequency of the periodic part"),),
    constraint=("a frequency other than 0", lambda frequency: frequency != 0.0),
    f=snake,
    df=snake_df,
    d2f=lambda x, frequency: 2.0 * frequency * _sin_cos(*_twice(frequency, x))[3],
    wrt={"frequency": snake_dfrequency},
    range=(-INF, INF),
    window=WINDOW,
    dialects=dialects("tfa.activations.snake | as 1 - cos, which loses every digit of it near 0"),
    source="Ziyin, Hartwig and Ueda 2020, Neural Networks Fail to Learn Periodic Functions and How to Fix It, "
    "arXiv:2006.08195; TensorFlow Addons",
)
