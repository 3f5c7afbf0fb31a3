"""Mean field theory of a deep network at initialisation: means over z ~ N(0, q), and what follows from them.

In a wide layer with weights of variance sigma_w^2 / n and biases of variance sigma_b^2 the pre-activations are normal.
Their variance follows the length map q -> sigma_w^2 E[f(z)^2] + sigma_b^2 from layer to layer, and on its way back the
square of a gradient is multiplied by chi = sigma_w^2 E[f'(z)^2] (Poole et al. 2016, arXiv:1606.05340; Schoenholz et
al. 2017, arXiv:1611.01232).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from actcli.activation import Array, Function
from actcli.errors import positive
from actcli.registry.specs import resolve

LOST = 1e-7  # a gradient below this share of its size is lost
_HALVINGS = 5
_ROUNDING = 1e-12  # of the means
_SMALLEST, _LARGEST = 1e-12, 1e12  # variances between which to look for a fixed point


@dataclass(frozen=True, slots=True)
class MeanField:
    """Means of an elementwise function over z ~ N(0, q), to 1e-12.

    None if f is not defined on the whole line, grows too fast for a mean, or oscillates too fast to be resolved.
    """

    q: float
    mean: float | None
    mean_square: float | None
    mean_square_gradient: float | None

    @property
    def he_gain(self) -> float | None:
        """sqrt(q / E[f^2]): the gain of the weights that keeps the variance q (He et al. 2015, arXiv:1502.01852)."""
        return math.sqrt(self.q / self.mean_square) if self.mean_square else None

    @property
    def chi_1(self) -> float | None:
        """he_gain^2 E[f'^2]: the factor by which a layer with the He gain multiplies the square of a gradient."""
        if not self.mean_square or self.mean_square_gradient is None:
            return None
        return self.q * self.mean_square_gradient / self.mean_square

    @property
    def critical_weight_variance(self) -> float | None:
        """1 / E[f'^2]: the sigma_w^2 for which chi = 1, so that gradients neither vanish nor explode."""
        return 1.0 / self.mean_square_gradient if self.mean_square_gradient else None

    @property
    def vanishing_depth(self) -> int | None:
        """The number of layers with the He gain that shrink a gradient below 1e-7 of its size; None if chi_1 >= 1."""
        # chi_1 is accurate to 1e-12: closer to 1 it cannot be distinguished from 1, the value for ReLU.
        if self.chi_1 is None or self.chi_1 > 1.0 - 1e-11:
            return None
        return 1 if self.chi_1 == 0.0 else max(1, math.ceil(2.0 * math.log(LOST) / math.log(self.chi_1)))


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Where the length map of a network leads from q = 1; q is 0 or infinite if it shrinks or grows forever.

    chi is the factor by which a layer multiplies the square of a gradient there; None at infinity.
    """

    sigma_w: float
    sigma_b: float
    q: float
    chi: float | None

    @property
    def phase(self) -> str | None:
        """ordered: gradients vanish with depth; chaotic: they explode; critical: neither; unbounded: q grows."""
        if math.isinf(self.q):
            return "unbounded"
        if self.chi is None:
            return None
        if abs(self.chi - 1.0) < 1e-9:
            return "critical"
        return "ordered" if self.chi < 1.0 else "chaotic"


@dataclass(frozen=True, slots=True)
class Step:
    """After `layer` layers: the variance of the pre-activations, and the square of a gradient of size 1 that has come
    back through these layers."""

    layer: int
    q: float
    gradient_variance: float


def mean_field(function: Function | str, q: float = 1.0) -> MeanField:
    """E[f], E[f^2] and E[f'^2] over z ~ N(0, q), and what follows for a deep network at initialisation.

    `function` may be a FUNCTION spec. The means are None for a rowwise or gated function, and if they do not exist.
    Raises UsageError for an unknown function and for a variance q that is not above 0.
    """
    return _mean_field(resolve(function).whole, positive("q", q))


@lru_cache(maxsize=4096)
def _mean_field(function: Function, q: float) -> MeanField:
    if function.rowwise:
        return MeanField(q, None, None, None)
    previous = _means(function, q, 0)
    for halvings in range(1, _HALVINGS + 1):
        means = _means(function, q, halvings)
        if not np.isfinite(means[0]).all() or np.all(np.abs(means[0] - previous[0]) <= 1e-13 * means[1]):
            break
        previous = means
    else:
        return MeanField(q, None, None, None)
    # What is left of the halves of an odd function is rounding.
    values = np.where(np.abs(means[0]) < 1e-15 * means[1], 0.0, means[0]).tolist()
    return MeanField(q, *(value if math.isfinite(value) else None for value in values))


def _means(function: Function, q: float, halvings: int) -> Array:
    """The three means, and those of the absolute values, with panels halved `halvings` times."""
    x, weights = quadrature(function.breaks, math.sqrt(q), halvings)
    f, df = function.f(x), function.df(x)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.stack([f, f * f, df * df])
        return np.stack([values @ weights, np.abs(values) @ weights])


@lru_cache(maxsize=256)
def quadrature(breaks: tuple[float, ...], sigma: float, halvings: int) -> tuple[Array, Array]:
    """Nodes x and weights of E[g(x)], x ~ N(0, sigma^2), for g smooth between the breaks: Gauss-Legendre on panels.

    The panels double in width, up to sigma, away from 0 and from the breaks, where sharp functions bend. Beyond 39
    sigma the density is 0.
    """
    nearest = 1e-6 * min(1.0, sigma)
    doubling = nearest * 2.0 ** np.arange(math.ceil(math.log2(sigma / nearest)))
    steps = np.concatenate([[0.0], doubling, sigma * np.arange(1.0, 40.0)])
    around = np.concatenate([centre + side * steps for centre in (0.0, *breaks) for side in (-1.0, 1.0)])
    edges = np.unique(np.clip(around, -39.0 * sigma, 39.0 * sigma))
    for _ in range(halvings):
        edges = np.sort(np.concatenate([edges, edges[:-1] + np.diff(edges) / 2.0]))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = np.diff(edges)[:, None] / 2.0
    x = (edges[:-1, None] + half) + half * nodes
    z = x / sigma
    density = np.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * sigma)
    return x.ravel(), (half * weights * density).ravel()


def fixed_point(function: Function, sigma_w: float, sigma_b: float) -> FixedPoint | None:
    """The fixed point q* = sigma_w^2 E[f^2] + sigma_b^2 that the length map reaches from q = 1, and chi there.

    None if the means do not exist on the way. An increasing length map moves every variance one way, to the nearest
    fixed point: factors of 2 bracket it, bisection finds it.
    """

    def growth(q: float) -> float:
        square = mean_field(function, q).mean_square
        return math.nan if square is None else sigma_w**2 * square + sigma_b**2 - q

    start = growth(1.0)
    if math.isnan(start):
        return None
    if abs(start) <= _ROUNDING:  # such as ReLU at sigma_w = sqrt 2, where every q is a fixed point
        return _at(function, sigma_w, sigma_b, 1.0)
    side = math.copysign(1.0, start)
    near = far = 1.0
    while not side * growth(far) < -_ROUNDING * far:
        near, far = far, far * 2.0**side
        if far < _SMALLEST:
            return replace(_at(function, sigma_w, sigma_b, far), q=0.0)
        if far > _LARGEST or (side > 0 and math.isnan(growth(far))):
            return FixedPoint(sigma_w, sigma_b, math.inf, None)
    while abs(far / near - 1.0) > 1e-15 and (middle := math.sqrt(near * far)) not in (near, far):
        near, far = (near, middle) if side * growth(middle) < 0 else (middle, far)
    return _at(function, sigma_w, sigma_b, near)


def _at(function: Function, sigma_w: float, sigma_b: float, q: float) -> FixedPoint:
    square = mean_field(function, q).mean_square_gradient
    return FixedPoint(sigma_w, sigma_b, q, None if square is None else sigma_w**2 * square)


def propagate(function: Function, depth: int, q: float, sigma_w: float | None, sigma_b: float) -> Iterator[Step]:
    """The steps through a network of `depth` layers, from variance q on. sigma_w None means the He gain, which keeps q.

    Ends early if q reaches 0 or leaves the doubles."""
    variance = 1.0
    for layer in range(1, depth + 1):
        if not 0.0 < q < math.inf:
            return
        here = mean_field(function, q)
        gain = here.he_gain if sigma_w is None else sigma_w
        if gain is None or here.mean_square is None or here.mean_square_gradient is None:
            return
        variance *= gain * gain * here.mean_square_gradient
        yield Step(layer, q, variance)
        q = gain * gain * here.mean_square + sigma_b**2 if sigma_w is not None else q
