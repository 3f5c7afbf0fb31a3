"""Distribution functions of the normal distribution: Phi, erf, and Phi with a mean and a width."""

import math
from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.naming import dialects
from actcli.numerics.doubledouble import product, times
from actcli.numerics.normal import clipped, horner, mills, times_density
from actcli.parameters import POSITIVE, REAL, Parameter


def normal_cdf(x: Array) -> Array:
    t = clipped(x)
    tail = times_density(mills(t), t)
    return np.where(x < 0.0, tail, 1.0 - tail)


_ROOT_HALF = math.sqrt(0.5)


def _erf_backward(x: Any, gradient: float) -> Any:
    return 2.0 / math.sqrt(math.pi) * np.exp(-(x * x)) * gradient


NORMAL_CDF = Activation(
    name="normal_cdf",
    aliases=("ndtr", "probit_cdf"),
    formula="(1 + erf(x / sqrt(2))) / 2",
    derivative="exp(-x**2 / 2) / sqrt(2 * pi)",
    f=normal_cdf,
    df=lambda x: times_density(1.0, clipped(x)),
    d2f=lambda x: times_density(np.clip(-x, -40.0, 40.0), clipped(x)),
    backward=Backward(lambda x, y: _erf_backward(x * _ROOT_HALF, 0.5) * _ROOT_HALF, stepwise=True),
    range=(0.0, 1.0),
    dialects=dialects("torch.special.ndtr | as 1 + erf: the tail is 0 below -8.37", "jax.scipy.special.ndtr"),
    source="PyTorch torch.special.ndtr",
)


# erf(x) / x by powers of x^2.
_SERIES = tuple(2 / math.sqrt(math.pi) * (-1.0) ** k / (math.factorial(k) * (2 * k + 1)) for k in range(13, -1, -1))
_ROOT, _ROOT_LOW = math.sqrt(2.0), -9.667293313452913e-17


def erf(x: Array) -> Array:
    # erf(x) = 1 - 2 Phi(-t), t = sqrt(2) |x|, loses every digit near 0.
    near = np.clip(x, -0.5, 0.5)
    t = np.minimum(_ROOT * np.abs(x), 40.0)
    return np.where(
        np.abs(x) < 0.5, near * horner(_SERIES, near * near), np.copysign(1.0 - times_density(2.0 * mills(t), t), x)
    )


def _times_erf_df(amplitude: Array | float, x: Array) -> Array:
    """amplitude * erf'(x) / (2 sqrt 2), in t = sqrt(2) |x| = high + low."""
    x = np.minimum(np.abs(x), 28.0)
    high, low = product(np.full(1, _ROOT), x)
    return times_density(amplitude, high, low + _ROOT_LOW * x)


ERF = Activation(
    name="erf_unit",
    aliases=("erf",),
    formula="erf(x)",
    derivative="2 * exp(-x**2) / sqrt(pi)",
    f=erf,
    df=lambda x: _times_erf_df(2.0 * _ROOT, x),
    d2f=lambda x: _times_erf_df(np.clip(x, -28.0, 28.0) * (-4.0 * _ROOT), x),
    backward=Backward(lambda x, y: _erf_backward(x, 1.0), stepwise=True),
    range=(-1.0, 1.0),
    dialects=dialects(
        "torch.erf jax.scipy.special.erf onnx:Erf",
        "keras.ops.erf | NaN at -inf and inf in float64 with TensorFlow",
        "tf.math.erf | NaN at -inf and inf in float64",
    ),
    source="PyTorch torch.erf",
)


def _standard(x: Array, mu: float, sigma: float) -> tuple[Array, Array, Array]:
    """z = (x - mu) / sigma as a sign and |z| = high + low: the tail of Phi turns a rounding of z into 1,400 ulp."""
    # Where 39 sigma is below the spacing of doubles at mu, the neighbours of mu are far out.
    far = max(39.0 * sigma, math.ulp(mu))
    x = np.clip(x, mu - far, mu + far)
    with np.errstate(invalid="ignore"):  # infinities have no low part
        difference = x - mu
        back = difference - x
        lost = (x - (difference - back)) - (mu + back)
        high = difference / sigma
        rounded, rest = times(sigma, high)
        low = ((difference - rounded) - rest + lost) / sigma
    sign = np.copysign(1.0, high)
    t = np.minimum(sign * high, 40.0)
    return sign, t, np.where(t < 40.0, sign * low, 0.0)


def laplace(x: Array, mu: float, sigma: float) -> Array:
    sign, t, low = _standard(x, mu, sigma)
    # Phi(-(t + low)) = phi(t) (R(t) - low) in first order, all that a double holds.
    tail = times_density(mills(t) - low, t)
    return np.where(sign < 0.0, tail, 1.0 - tail)


def laplace_df(x: Array, mu: float, sigma: float) -> Array:
    _, t, low = _standard(x, mu, sigma)
    return _over_sigma(np.ones(1), sigma, 1, t, low)


def _times_laplace_df(power: int, x: Array, mu: float, sigma: float) -> Array:
    """-z phi(z) / sigma**power."""
    sign, t, low = _standard(x, mu, sigma)
    return _over_sigma(-sign * t, sigma, power, t, low)


def _over_sigma(amplitude: Array, sigma: float, power: int, t: Array, low: Array) -> Array:
    """amplitude * phi(t + low) / sigma**power."""
    if 1e-100 < sigma < 1e100:
        return times_density(amplitude / sigma**power, t, low)
    result = times_density(amplitude, t, low)
    return result / sigma if power == 1 else result / sigma / sigma  # sigma**2 may overflow or underflow


LAPLACE = Activation(
    name="laplace_activation",
    aliases=("laplace",),
    formula="(1 + erf((x - mu) / (sigma * sqrt(2)))) / 2",
    derivative="exp(-((x - mu) / sigma)**2 / 2) / (sigma * sqrt(2 * pi))",
    parameters=(
        Parameter("mu", 0.707107, REAL, "where f is 1/2"),
        Parameter("sigma", 0.282095, POSITIVE, "width: f' is largest at mu, 1 / (sigma sqrt(2 pi))"),
    ),
    f=laplace,
    df=laplace_df,
    d2f=lambda x, mu, sigma: _times_laplace_df(2, x, mu, sigma),
    wrt={
        "mu": lambda x, mu, sigma: -laplace_df(x, mu, sigma),
        "sigma": lambda x, mu, sigma: _times_laplace_df(1, x, mu, sigma),
    },
    range=(0.0, 1.0),
    dialects=dialects("transformers:laplace | as 1 + erf: the tail is 0 below mu - 8.37 sigma"),
    source="Hugging Face transformers LaplaceActivation; Ma et al. 2022, Mega, arXiv:2209.10655 (mu = sqrt(1/2), "
    "sigma = sqrt(1/(4 pi)), to six digits)",
)
