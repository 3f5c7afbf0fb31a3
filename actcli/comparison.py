"""Functions side by side: what they are, and what each makes of the same pre-activations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from actcli.activation import Array, Function
from actcli.regions import Region, shape, vanishing_regions
from actcli.verdicts import Layer


@dataclass(frozen=True, slots=True)
class Profile:
    """One function alone. The means are over z ~ N(0, 1); None where the figure has no meaning (rowwise functions)."""

    function: Function
    range: tuple[float, float]
    at_zero: float | None
    monotone: str | None
    max_abs_gradient: float | None
    smoothness: str | None
    regions: tuple[Region, ...]
    mean: float | None = None
    mean_square: float | None = None
    mean_square_gradient: float | None = None

    @property
    def he_gain(self) -> float | None:
        """1 / sqrt(E[f^2]): the gain of the weights that keeps E[f^2] = 1 (He et al. 2015)."""
        return 1.0 / math.sqrt(self.mean_square) if self.mean_square else None

    @property
    def chi_1(self) -> float | None:
        """he_gain^2 E[f'^2]: what a layer of that gain multiplies the square of a gradient with."""
        if not self.mean_square or self.mean_square_gradient is None:
            return None
        return self.mean_square_gradient / self.mean_square


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` reports: the functions, and (function, layer) for each of the given layers."""

    profiles: tuple[Profile, ...]
    layers: tuple[tuple[Function, Layer], ...]


def profile(function: Function, epsilon: float) -> Profile:
    """The figures of one function, with the regions of |f'| < epsilon."""
    if function.rowwise:
        return Profile(function, function.range or (-math.inf, math.inf), None, None, None, None, ())
    whole = shape(function)
    nodes, weights = _gaussian(function.breaks)
    f, df = function.f(nodes), function.df(nodes)
    return Profile(
        function,
        range=function.range or whole.range,
        at_zero=float(function.f(0.0)) + 0.0,
        monotone=whole.monotone,
        max_abs_gradient=whole.sup_gradient,
        smoothness=whole.smoothness,
        regions=vanishing_regions(function, epsilon),
        mean=_mean(weights, f),
        mean_square=_mean(weights, np.square(f)),
        mean_square_gradient=_mean(weights, np.square(df)),
    )


def _mean(weights: Array, values: Array) -> float | None:
    """None where f is not defined on the whole line, or grows too fast."""
    mean = float(weights @ values)
    return mean if math.isfinite(mean) else None


@lru_cache(maxsize=64)
def _gaussian(breaks: tuple[float, ...]) -> tuple[Array, Array]:
    """Nodes and weights of E[g(z)], z ~ N(0, 1), for g smooth between the breaks: Gauss-Legendre, panel by panel.

    The panels narrow towards 0 and the breaks, where sharp functions bend; beyond |z| = 39 the density is 0.
    """
    steps = np.concatenate([[0.0], np.geomspace(1e-6, 0.5, 20), np.arange(1.0, 40.0)])
    around = np.concatenate([centre + side * steps for centre in (0.0, *breaks) for side in (-1.0, 1.0)])
    edges = np.unique(np.clip(around, -39.0, 39.0))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = np.diff(edges)[:, None] / 2.0
    z = (edges[:-1, None] + half) + half * nodes
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return z.ravel(), (half * weights * density).ravel()
