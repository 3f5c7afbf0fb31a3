"""The grid on which a function is examined, and shapes that are known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from actcli.analysis.regions import shape
from actcli.numerics.doubles import grid
from actcli.registry import specs

LARGEST = float(np.finfo(np.float64).max)


def test_the_grid_has_every_magnitude_and_is_dense_where_functions_bend() -> None:
    """Every power of 2, steps of 1 % for 1e-4..1e4 and of 0.01 up to 50, and a break with its neighbours."""
    points = grid((0.3, -7e9), (-math.inf, math.inf), None)
    assert (np.diff(points[1:-1]) > 0).all()
    assert not np.signbit(points[points == 0]).any()
    np.testing.assert_array_equal(points[[0, 1, -2, -1]], [-math.inf, -LARGEST, LARGEST, math.inf])
    powers = np.array([math.ldexp(1.0, exponent) for exponent in range(-1074, 1024)])
    breaks = np.array([0.3, -7e9])
    wanted = [powers, -powers, [0.0], breaks, np.nextafter(breaks, -math.inf), np.nextafter(breaks, math.inf)]
    assert np.isin(np.concatenate(wanted), points).all()
    for side in (points, -points[::-1]):
        ratios = side[(side >= 1e-4) & (side <= 1e4)]
        assert (ratios[1:] / ratios[:-1] < 1.01).all()
        assert (np.diff(side[(side >= 0) & (side <= 50)]) < 0.01 + 1e-12).all()


def test_the_grid_keeps_to_the_domain_and_is_even_in_a_window() -> None:
    """Ends included. For an oscillating function the grid covers the whole window, in 20,000 steps to its end."""
    ends = grid((), (0.0, 4.0), None)[[0, -1]]
    assert ends.tolist() == [0.0, 4.0]
    assert not np.signbit(ends[0])
    points = grid((), (-math.inf, math.inf), (-100.0, 50.0))
    assert points[[0, -1]].tolist() == [-100.0, 50.0]
    assert (np.diff(points) < 100.0 / 20_000 + 1e-12).all()


@pytest.mark.parametrize(
    ("formula", "monotone", "smoothness", "sup"),
    [
        ("0*x + 3", "constant", "Cinf", 0.0),
        ("(-x)", "decreasing", "Cinf", 1.0),
        ("3 - max(x, 2*x)", "decreasing", "C0", 2.0),
        ("min(0, 0-x)", "nonincreasing", "C0", 1.0),
        ("relu(x/8)", "nondecreasing", "C0", 0.125),  # f' is 0 up to 4 * 2^-1074
        ("where(x > 0, 1e-20*x, 0)", "nondecreasing", None, 1e-20),
        ("where(x == 1, 1, 0)", "no", None, 0.0),  # steps up to a point and as far down from it
        ("1/x", "no", "discontinuous", math.inf),  # falls, but for the step up at its pole
        ("log(abs(x))", "no", "discontinuous", math.inf),  # finite but at 0
        ("where(x == 0, 0, 1/(x*x))", "no", "discontinuous", math.inf),  # finite at 0 only
        ("min(x, 1e9)", "nondecreasing", "C0", 1.0),  # neighbours of 1e9 are 1e-7 apart: no jump
        ("where(x > 1, 0, 0.5)", "nonincreasing", "discontinuous", 0.0),
        ("where(x < 1, 0.5, 0)", "nonincreasing", "discontinuous", 0.0),
        ("where(x > 1, 0.5, 0)", "nondecreasing", "discontinuous", 0.0),
        ("where(x < 1, 0, 0.5)", "nondecreasing", "discontinuous", 0.0),
        ("where(x > 1, 1e-9, 0)", "nondecreasing", "discontinuous", 0.0),
        ("where(x > 1, x - 0.5, x)", "no", "discontinuous", 1.0),
        ("where(x == 1, x + 0.5, x)", "no", None, 1.0),  # up to a point, down from it
        ("where(x > 1, 0.5*x**2, x - 0.5)", "increasing", "C1", math.inf),
        ("where(x > 1, (x - 1)**3, 0) + x", "increasing", "C2", math.inf),
    ],
)
def test_the_shape_of_a_formula(formula: str, monotone: str, smoothness: str | None, sup: float) -> None:
    """Known by looking at the graph."""
    found = shape(specs.get(formula))
    assert found.monotone == monotone
    assert smoothness in (None, found.smoothness)
    assert found.sup_gradient == pytest.approx(sup, rel=1e-12)


def test_a_shape_holds_the_extremes_and_inflections() -> None:
    """For silu: f' = 0 at -1.278464542761074 (1 + x sigmoid(-x) = 0), sup|f'| at 2.39935728052 (x tanh(x/2) = 2)."""
    found = shape(specs.get("silu"))
    for x in (-1.278464542761074, 2.399357280520):
        assert np.abs(found.points - x).min() < 1e-11
    np.testing.assert_array_equal(found.value, specs.get("silu").f(found.points))
    np.testing.assert_array_equal(found.slope, specs.get("silu").df(found.points))
    assert found.range == (pytest.approx(-0.2784645427610738, rel=1e-15), math.inf)
