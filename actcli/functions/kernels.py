"""Numerical building blocks that several families share."""

import sys
from collections.abc import Callable

import numpy as np

from actcli.activation import Array
from actcli.numerics.doubledouble import times

# exp(-800) is 0 in float64 and exp(-745) is not. Clipping x here before x * exp(-|x|) keeps inf * 0 from being NaN.
UNDERFLOW = 800.0
LARGEST = sys.float_info.max


def exp_product(a: float, x: Array) -> Array:
    """exp(-|a * x|), carrying along the rounding of the product, which would cost 500 ulp at |a * x| = 745."""
    if a == 1.0:
        return exp_of_minus_size(x)
    if a == 0.0:  # half of the smallest double
        return np.ones_like(x)
    size = np.minimum(np.abs(x), min(UNDERFLOW / abs(a), LARGEST))
    high, low = times(abs(a), size)
    return np.exp(-high) * (1.0 - low)


def times_exp(factor: Array | float, x: Array, e: Array, a: float = 1.0) -> Array:
    """factor * e with e = exp(-|a * x|), even where only e is subnormal, which would cost 250 ulp at |x| = 720."""
    result = factor * e
    far = np.abs(x) > 700.0 / abs(a)
    if far.any():
        h = exp_product(0.5 * a, x[far])
        result[far] = np.broadcast_to(factor, x.shape)[far] * h * h
    return result


def exp_of_minus_size(x: Array) -> Array:
    """exp(-|x|), in one new array."""
    e = np.abs(x)
    np.negative(e, out=e)
    return np.exp(e, out=e)


def with_tail(result: Array, x: Array, factor: Callable[[Array], Array | float]) -> Array:
    """`result` with factor(x) * exp(x), the kernel's tail, where x < -700; a single pass over x if it is nowhere.

    There the exponential may be subnormal or 0 where the product is not. `factor` never sees -inf.
    """
    if not x.min(initial=0.0) >= -700.0:  # true also for NaN
        tail = x < -700.0
        low = np.maximum(x[tail], -2.0 * UNDERFLOW)
        half = np.exp(0.5 * low)
        result[tail] = factor(low) * half * half
    return result


def square_of_one_plus(e: Array) -> Array:
    """(1 + e)^2, almost correctly rounded for small e: the square of the rounded sum is off by 1.5 ulp."""
    return 1.0 + e * (2.0 + e)


def cube_of_one_plus(e: Array) -> Array:
    """(1 + e)^3, in the same way."""
    return 1.0 + e * (3.0 + e * (3.0 + e))


def exp_quotient(x: Array, a: float) -> Array:
    """exp(x / a) for x <= 0 < a, with the rounding of the quotient carried along."""
    if a == 1.0:
        return np.exp(x)
    q = np.maximum(x / a, -UNDERFLOW)
    high, low = times(a, q)
    with np.errstate(invalid="ignore"):
        lost = ((x - high) - low) / a
    e: Array = np.exp(q)
    return e + e * np.where((q > -UNDERFLOW) & ~np.isinf(high), lost, 0.0)


def growing_quotient(x: Array, a: float) -> tuple[Array, Array]:
    """x / a for x, a <= 0 as high + low: its exponential is off by 350 ulp without what the quotient lost."""
    q = np.minimum(x / a, 2.0 * UNDERFLOW)
    high, low = times(a, q)
    with np.errstate(invalid="ignore"):
        lost = ((x - high) - low) / a
    return q, np.where((q < 2.0 * UNDERFLOW) & np.isfinite(high), lost, 0.0)


def tanh_parts(t: Array) -> tuple[Array, Array, Array]:
    """P, R and Q with tanh(y) = y P / Q and y - tanh(y) = y t R / Q, where t = y * y, for |y| <= 1.25 to 1e-17.

    The tenth convergent of Lambert's continued fraction, y / (1 + t / (3 + t / (5 + ...))). No coefficient is negative,
    so nothing cancels here as it does in y - tanh(y).
    """
    p = 654729075.0 + t * (91891800.0 + t * (2837835.0 + t * (25740.0 + t * 55.0)))
    r = 218243025.0 + t * (16081065.0 + t * (289575.0 + t * (1430.0 + t)))
    return p, r, p + t * r
