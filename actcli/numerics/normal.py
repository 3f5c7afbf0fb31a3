"""The normal distribution to 3 ulp over all doubles, through Mills' ratio R(t) = (1 - Phi(t)) / phi(t) for t = |x|:

    Phi(-t) = phi(t) R(t),    Phi(t) = 1 - Phi(-t),

so no tail is a difference of nearly equal numbers.
"""

import numpy as np

from actcli.activation import Array

# 1/R(t) = t + (0.8 - N(t)/D(t)), relative error 2e-18 on 0 <= t <= 40 (Remez, 60 digits); highest power first.
# R = N/D directly is shorter, but its Horner steps cost up to 8.8 ulp; as a correction, 1.6 ulp.
_N = (
    0.7999999999961039, 23.417587038873616, 336.45631662097844, 3072.137013346564,
    19511.246899838352, 89132.84405017045, 293073.9682939713, 671827.6267868223,
    984148.1796403558, 718048.437155771, 4139.773150986791,
)  # fmt: skip
_D = (
    1.0, 30.521983797549083, 458.7228756243587, 4411.0748552746,
    29826.597472039237, 147564.98777982782, 540152.6868491535, 1446047.745380984,
    2721185.2329537184, 3279514.471362756, 1956933.1780341459,
)  # fmt: skip


def horner(coefficients: tuple[float, ...], t: Array, out: Array | None = None) -> Array:
    """The polynomial with these coefficients, the highest power first, at t."""
    value = np.multiply(t, coefficients[0], out=out)
    value += coefficients[1]
    for coefficient in coefficients[2:]:
        value *= t
        value += coefficient
    return value


def _three_like(t: Array) -> tuple[Array, Array, Array]:
    return np.empty_like(t), np.empty_like(t), np.empty_like(t)


def mills(t: Array, work: tuple[Array, Array, Array] | None = None) -> Array:
    """Mills' ratio (1 - Phi(t)) / phi(t), 0 <= t <= 40; stored in the second array of `work`."""
    rest, ratio, lost = work or _three_like(t)
    horner(_N, t, rest)
    rest /= horner(_D, t, ratio)
    np.subtract(0.8, rest, out=rest)
    whole = np.add(t, rest, out=ratio)
    # Put back what the sum lost: without it gelu' reaches 4.4 ulp at x = -0.33.
    np.subtract(whole, np.maximum(t, rest, out=lost), out=lost)
    np.subtract(np.minimum(t, rest, out=rest), lost, out=lost)
    np.divide(1.0, whole, out=ratio)
    lost *= ratio
    lost *= ratio
    ratio -= lost
    return ratio


def clipped(x: Array, out: Array | None = None) -> Array:
    """|x|, at most 40: phi(x) underflows beyond 38.6, and x**2 phi(x) beyond 38.8."""
    size = np.abs(x, out=out)
    return np.minimum(size, 40.0, out=size)


def times_density(
    amplitude: Array | float, t: Array, t_low: Array | None = None, work: tuple[Array, Array, Array] | None = None
) -> Array:
    """amplitude * phi(t + t_low), 0 <= t <= 40, t_low being what t lost to rounding; stored in the third of `work`."""
    return weighted(amplitude, *density(t, t_low, work))


def weighted(amplitude: Array | float, product: Array, low: Array) -> Array:
    """amplitude * phi, from the results of `density`; stored in the first of them."""
    product *= amplitude
    low *= product
    product += low
    product *= 2.0**-66
    return product


def density(
    t: Array, t_low: Array | None = None, work: tuple[Array, Array, Array] | None = None
) -> tuple[Array, Array]:
    """2**66 phi(t + t_low) as a factor and its relative error, 0 <= t <= 40; stored in two of the arrays `work`.

    Rounding t*t costs 256 ulp at t = 38, so log(2**66 phi(t)) = (constant - t*t) / 2 is carried as high + low: a, which
    is t rounded to a multiple of 2**-20, has an exact square, whose distance from the constant, a multiple of 2**-40,
    is exact too; the rest is small. 2**66 keeps the product clear of the subnormal numbers, where gelu' and gelu''
    would lose bits that their amplitude brings back.
    """
    a, rest, high = work or _three_like(t)
    np.add(t, 1.5 * 2.0**32, out=a)
    a -= 1.5 * 2.0**32
    np.subtract(t, a, out=rest)
    rest *= np.add(t, a, out=high)
    if t_low is not None:
        rest += 2.0 * (t * t_low)
    rest -= 5.4875100624970755e-14
    a *= a
    exact = np.subtract(89.65755076750338, a, out=a)
    np.subtract(exact, rest, out=high)
    low = np.subtract(exact, high, out=a)
    low -= rest
    low *= 0.5
    high *= 0.5
    return np.exp(high, out=high), low


def mirror(tail: Array, x: Array) -> Array:
    """1 - tail where x >= 0, in place, with factors of 0 and 1: np.where takes 3 ns."""
    step = (x >= 0.0).astype(np.float64)
    sign = np.multiply(step, -2.0)
    sign += 1.0
    tail *= sign
    tail += step
    return tail
