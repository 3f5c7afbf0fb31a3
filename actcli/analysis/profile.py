"""One function by itself, and a deep network of it at initialisation."""

import math
from dataclasses import dataclass

from actcli.activation import Function
from actcli.analysis.meanfield import FixedPoint, MeanField, Step, fixed_point, mean_field, propagate
from actcli.analysis.regions import Region, shape, vanishing_regions


@dataclass(frozen=True, slots=True)
class Network:
    """Assumptions about a deep network at initialisation: the variance q of its pre-activations, sigma_w and sigma_b of
    its weights and biases (sigma_w None: the He gain), and the number of layers to follow."""

    q: float = 1.0
    sigma_w: float | None = None
    sigma_b: float = 0.0
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """One function by itself. None for a number that has no meaning (rowwise functions) or does not exist."""

    function: Function
    range: tuple[float, float]
    at_zero: float | None
    monotone: str | None
    max_abs_gradient: float | None
    smoothness: str | None
    regions: tuple[Region, ...]
    means: MeanField
    fixed_point: FixedPoint | None = None
    steps: tuple[Step, ...] = ()


def profile(function: Function, epsilon: float, network: Network = Network()) -> Profile:
    """The profile of one function, with its regions of |f'| < epsilon."""
    function = function.one()
    if function.rowwise:
        range = function.range or (-math.inf, math.inf)
        return Profile(function, range, None, None, None, None, (), mean_field(function, network.q))
    whole = shape(function)
    point = None if network.sigma_w is None else fixed_point(function, network.sigma_w, network.sigma_b)
    return Profile(
        function,
        range=function.range or whole.range,
        at_zero=float(function.f(0.0)) + 0.0,
        monotone=whole.monotone,
        max_abs_gradient=whole.sup_gradient,
        smoothness=whole.smoothness,
        regions=vanishing_regions(function, epsilon),
        means=mean_field(function, network.q),
        fixed_point=point,
        steps=tuple(propagate(function, network.depth, network.q, network.sigma_w, network.sigma_b)),
    )
