"""Means over N(0, 1) against mpmath.quad and closed forms."""

from __future__ import annotations

import math

import mpmath
import pytest
from oracle import evaluate

from actcli import registry
from actcli.comparison import profile

SPECS = ["relu", "gelu", "tanh", "elu:0.5", "hard_sigmoid", "relu6", "softplus:beta=20", "mish"]


@pytest.mark.parametrize("spec", SPECS)
def test_gaussian_means_agree_with_mpmath(spec: str) -> None:
    """E f, E f^2 and E f'^2 agree with mpmath.quad, split at the breaks, to 1e-12."""
    function = registry.get(spec)
    found = profile(function, 1e-3)
    with mpmath.workdps(25):
        edges = sorted({-12, -6, -3, -1, -0.2, 0, 0.2, 1, 3, 6, 12, *function.breaks})

        def mean(of):  # type: ignore[no-untyped-def]
            return mpmath.quad(
                lambda z: of(evaluate(function.activation.formula, float(z), function.parameters)) * mpmath.npdf(z),
                edges,
            )

        expected = [float(mean(of)) for of in (lambda j: j.v, lambda j: j.v**2, lambda j: j.d1**2)]
    assert [found.mean, found.mean_square, found.mean_square_gradient] == pytest.approx(expected, rel=1e-12)


def test_closed_forms_of_relu() -> None:
    """E relu = 1/sqrt(2 pi), E relu^2 = E relu'^2 = 1/2, the He gain sqrt 2 and chi_1 1."""
    found = profile(registry.get("relu"), 1e-3)
    assert found.mean == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-14)
    assert (found.mean_square, found.mean_square_gradient) == pytest.approx((0.5, 0.5), rel=1e-14)
    assert (found.he_gain, found.chi_1) == pytest.approx((math.sqrt(2), 1.0), rel=1e-14)


def test_a_rowwise_function_has_no_mean_of_one_number() -> None:
    """Figures of a function of one number are absent for softmax, not made up."""
    found = profile(registry.get("softmax"), 1e-3)
    assert (found.range, found.mean, found.he_gain, found.monotone) == ((0.0, 1.0), None, None, None)
