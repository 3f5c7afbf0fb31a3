"""Mean field theory against mpmath.quad, closed forms and simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from support.oracle import evaluate
from support.sweep import part

from actcli.activation import Function
from actcli.analysis.meanfield import fixed_point, mean_field, propagate
from actcli.registry import specs

SPECS = ["relu", "relu6", "hard_sigmoid", "tanh", "elu:0.5", "snake", "mish", "softplus:beta=20", "gelu"]


@cache
def jet(function: Function, z: Any) -> Any:
    """f and f' at a node, shared by all means of a function."""
    return evaluate(function.activation.formula, float(z), function.parameters)


def expectation(function: Function, q: float, of: Callable[[Any], Any]) -> Any:
    """E[of(jet of f at z)], z ~ N(0, q), by mpmath, split at the breaks and where f bends."""
    sigma = mpmath.sqrt(q)
    ends = {k * sigma for k in (-12, -6, -3, -1, 0, 1, 3, 6, 12)} | {mpmath.mpf(b) for b in function.breaks}
    bends = {mpmath.mpf(b) for b in (-16, -8, -4, -2, -1, -0.2, 0.2, 1, 2, 4, 8, 16)}
    edges = sorted(e for e in ends | bends if abs(e) <= 12 * sigma)
    return mpmath.quad(lambda z: of(jet(function, z)) * mpmath.npdf(z, 0, sigma), edges)


@pytest.mark.sweep
@pytest.mark.parametrize(("spec", "q"), part([*product(SPECS, [0.25, 1.0, 9.0])], 14))
def test_means_agree_with_mpmath(spec: str, q: float) -> None:
    """E f, E f^2 and E f'^2 agree with mpmath.quad to 1e-12."""
    function = specs.get(spec)
    found = mean_field(function, q)
    with mpmath.workdps(16):
        expected = [float(expectation(function, q, of)) for of in (lambda j: j.v, lambda j: j.v**2, lambda j: j.d1**2)]
    means = [found.mean, found.mean_square, found.mean_square_gradient]
    assert means == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("q", [1e-8, 1e-3, 1.0, 1e6])
def test_closed_forms(q: float) -> None:
    """relu: E f = sqrt(q / 2 pi), E f^2 = q / 2, E f'^2 = 1/2; sin: E f^2 = (1 - exp(-2q)) / 2; exp: E f = exp(q/2)."""
    relu = mean_field(specs.get("relu"), q)
    assert relu.mean == pytest.approx(math.sqrt(q / (2 * math.pi)), rel=1e-13)
    assert (relu.mean_square, relu.mean_square_gradient) == pytest.approx((q / 2, 0.5), rel=1e-13)
    assert (relu.he_gain, relu.chi_1) == pytest.approx((math.sqrt(2), 1.0), rel=1e-12)
    assert relu.critical_weight_variance == pytest.approx(2.0, rel=1e-12)
    assert relu.vanishing_depth is None
    if q <= 1.0:
        sine = mean_field(specs.get("sine"), q)
        assert (sine.mean, sine.mean_square) == pytest.approx((0.0, -math.expm1(-2 * q) / 2), rel=1e-12)
        assert mean_field(specs.get("exponential"), q).mean == pytest.approx(math.exp(q / 2), rel=1e-12)


def test_means_that_do_not_exist_are_none() -> None:
    """exp(z)^2 overflows over N(0, 1e4), sin(z) is not resolved over N(0, 1e12)."""
    assert mean_field(specs.get("exponential"), 1e4).mean_square is None
    assert mean_field(specs.get("sine"), 1e12).mean_square is None


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("spec", "sigma_w", "sigma_b"),
    part([("tanh", 1.5, 0.05), ("tanh", 3.0, 1.0), ("sigmoid", 2.0, 0.3), ("gelu", 1.2, 0.4)], 4),
)
def test_the_fixed_point_solves_the_length_map(spec: str, sigma_w: float, sigma_b: float) -> None:
    """q* = sigma_w^2 E[f^2] + sigma_b^2 and chi = sigma_w^2 E[f'^2], both by mpmath, to 1e-11."""
    function = specs.get(spec)
    point = fixed_point(function, sigma_w, sigma_b)
    assert point is not None
    with mpmath.workdps(16):
        square = float(expectation(function, point.q, lambda j: j.v**2))
        slope = float(expectation(function, point.q, lambda j: j.d1**2))
    assert sigma_w**2 * square + sigma_b**2 == pytest.approx(point.q, rel=1e-11)
    assert point.chi == pytest.approx(sigma_w**2 * slope, rel=1e-11)
    assert point.phase == ("ordered" if sigma_w**2 * slope < 1 else "chaotic")


@pytest.mark.parametrize(
    ("spec", "sigma_w", "q", "phase"),
    [
        ("relu", math.sqrt(2.0), 1.0, "critical"),  # every q is a fixed point: the one that we start from
        ("relu", 1.0, 0.0, "ordered"),
        ("relu", 2.0, math.inf, "unbounded"),
        ("tanh", 1.0, 0.0, "critical"),  # Poole et al. 2016
        ("tanh", 0.9, 0.0, "ordered"),
        ("exponential", 1.0, math.inf, "unbounded"),
    ],
)
def test_where_the_length_map_has_no_other_fixed_point(spec: str, sigma_w: float, q: float, phase: str | None) -> None:
    """Without biases the variance stays, shrinks to 0 or grows forever."""
    point = fixed_point(specs.get(spec), sigma_w, 0.0)
    assert point is not None
    assert (point.q, point.phase) == (q, phase)


def test_vanishing_depth_is_the_first_layer_below_1e_7() -> None:
    """chi_1^(depth/2) < 1e-7 there, but not one layer earlier."""
    for spec in ("sigmoid", "log_sigmoid", "hard_sigmoid", "softplus"):
        found = mean_field(specs.get(spec))
        assert found.chi_1 is not None
        assert found.vanishing_depth is not None
        assert found.chi_1 ** (found.vanishing_depth / 2) < 1e-7 <= found.chi_1 ** ((found.vanishing_depth - 1) / 2)


def test_a_variance_that_reaches_0_ends_the_network() -> None:
    """hard_shrink maps these inputs to 0: after the first layer nothing is left to propagate."""
    assert [step.layer for step in propagate(specs.get("hard_shrink"), 5, 1e-6, 1.0, 0.0)] == [1]


def test_propagation_agrees_with_a_simulated_network() -> None:
    """A random tanh network of width 1,000: variances and squared gradient, layer by layer."""
    width, sigma_w, sigma_b = 1000, 1.3, 0.2
    rng = np.random.default_rng(0)
    steps = list(propagate(specs.get("tanh"), 4, 2.0, sigma_w, sigma_b))
    x = rng.normal(scale=math.sqrt(2.0), size=(200, width))
    squares = []
    for step in steps:
        assert float(np.mean(x * x)) == pytest.approx(step.q, rel=0.05)
        slope = 1 - np.tanh(x) ** 2
        squares.append(sigma_w**2 * float(np.mean(slope**2)))
        weights = rng.normal(scale=sigma_w / math.sqrt(width), size=(width, width))
        x = np.tanh(x) @ weights + rng.normal(scale=sigma_b, size=width)
    products = np.cumprod(squares)
    assert [step.gradient_variance for step in steps] == pytest.approx(products, rel=0.1)
    he = list(propagate(specs.get("sigmoid"), 3, 1.0, None, 0.0))
    chi = mean_field(specs.get("sigmoid")).chi_1
    assert chi is not None
    assert [step.gradient_variance for step in he] == pytest.approx([chi, chi**2, chi**3], rel=1e-14)
