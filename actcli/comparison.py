"""Functions side by side: what they are, and what each makes of the same pre-activations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from actcli.activation import Function
from actcli.meanfield import FixedPoint, MeanField, Step, fixed_point, mean_field, walk
from actcli.regions import Region, shape, vanishing_regions
from actcli.verdicts import Layer


@dataclass(frozen=True, slots=True)
class Network:
    """What is assumed of a deep network at initialisation: the variance q of its pre-activations, sigma_w and sigma_b
    of its weights and biases (sigma_w None: the He gain), and the number of layers to follow."""

    q: float = 1.0
    sigma_w: float | None = None
    sigma_b: float = 0.0
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """One function alone. None where a figure has no meaning (rowwise functions) or does not exist."""

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


@dataclass(frozen=True, slots=True)
class Change:
    """What another function would make of the same layer, in a sentence."""

    layer: str
    function: Function
    in_place_of: Function
    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` reports: the functions; each of the given layers under each function, those first that let most
    gradient through; and what changing the first function named for another would do."""

    profiles: tuple[Profile, ...]
    layers: tuple[tuple[Function, Layer], ...]
    changes: tuple[Change, ...]


def profile(function: Function, epsilon: float, network: Network = Network()) -> Profile:
    """The figures of one function, with the regions of |f'| < epsilon."""
    if function.rowwise:
        nothing = MeanField(network.q, None, None, None)
        return Profile(function, function.range or (-math.inf, math.inf), None, None, None, None, (), nothing)
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
        steps=tuple(walk(function, network.depth, network.q, network.sigma_w, network.sigma_b)),
    )


def compare(profiles: Sequence[Profile], layers: Sequence[tuple[Function, Sequence[Layer]]]) -> Comparison:
    """The comparison of functions and of the same layers under each of them."""
    by_name: dict[str, list[tuple[Function, Layer]]] = {}
    for function, of_function in layers:
        for layer in of_function:
            by_name.setdefault(layer.name, []).append((function, layer))
    changes = [
        Change(name, function, rows[0][0], _change(*rows[0], function, layer))
        for name, rows in by_name.items()
        for function, layer in rows[1:]
    ]
    ordered = [
        row for rows in by_name.values() for row in sorted(rows, key=lambda row: -(row[1].mean_abs_gradient or 0.0))
    ]
    return Comparison(tuple(profiles), tuple(ordered), tuple(changes))


def _change(today: Function, before: Layer, other: Function, after: Layer) -> str:
    start = f"{other.label} in place of {today.label}"
    if before.mean_abs_gradient is None or after.mean_abs_gradient is None:
        return f"{start}: there are no values to judge by"
    parts = [f"mean|f'| {after.mean_abs_gradient:.3g} instead of {before.mean_abs_gradient:.3g}"]
    if before.mean_abs_gradient > 0.0:
        parts[0] += f" ({after.mean_abs_gradient / before.mean_abs_gradient:.3g} times)"
    if after.dead_neurons != before.dead_neurons:
        parts.append(f"{after.dead_neurons} dead neurons instead of {before.dead_neurons}")
    if before.verdict != after.verdict:
        parts.append(f"{after.verdict} instead of {before.verdict}")
    return f"{start}: {', '.join(parts)}"
