"""Bounds and intervals against mpmath's binomial sums and the equations that define them."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actcli.numerics.certainty import samples_for_bound, samples_to_tell, upper_bound, wilson


@pytest.mark.parametrize("n", [1, 2, 59, 1797, 10**6])
def test_the_bound_of_a_dead_neuron(n: int) -> None:
    """On n samples, none of them active, the 95 % bound p solves (1 - p)^n = 0.05."""
    with mpmath.workdps(50):
        exact = 1 - mpmath.mpf("0.05") ** (mpmath.mpf(1) / n)
        assert upper_bound(0, n) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize(("active", "n"), [(1, 10), (3, 100), (50, 1797), (9, 10)])
def test_the_bound_with_some_active_samples(active: int, n: int) -> None:
    """At the bound p, the chance of at most this many active samples is 5 % (mpmath's binomial sum)."""
    with mpmath.workdps(50):
        p = mpmath.mpf(upper_bound(active, n))
        chance = sum(mpmath.binomial(n, k) * p**k * (1 - p) ** (n - k) for k in range(active + 1))
        assert float(chance) == pytest.approx(0.05, rel=1e-9)
    assert upper_bound(n, n) == 1.0


def test_the_samples_that_bound_a_dead_neuron_by_1_percent_are_299() -> None:
    """The textbook number (rule of three: about 300); one sample less is not enough."""
    assert samples_for_bound(0.01) == 299
    assert upper_bound(0, 299) <= 0.01 < upper_bound(0, 298)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_the_ends_of_the_score_interval_solve_its_equation(part: int, n: int) -> None:
    """(share - p)^2 = z^2 p (1 - p) / n at both ends (Wilson 1927), except that shares 0 and 1 are ends themselves."""
    share = min(part, n) / n
    low, high = wilson(share, n)
    assert 0.0 <= low <= share <= high <= 1.0
    z = float(mpmath.sqrt(2) * mpmath.erfinv(mpmath.mpf("0.95")))
    for p in (low, high):
        if 0.0 < p < 1.0:
            assert (share - p) ** 2 == pytest.approx(z * z * p * (1 - p) / n, rel=1e-9, abs=1e-15)


def test_a_known_interval() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611; no samples, no bounds."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0.5, 0) == (0.0, 1.0)


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_the_samples_that_tell_a_share_from_a_limit(share: float, limit: float) -> None:
    """With this many samples the interval does not cross the limit, with fewer it does."""
    if abs(share - limit) < 1e-3:
        return
    n = samples_to_tell(share, limit)
    low, high = wilson(share, n)
    assert limit >= high or limit <= low or math.isclose(limit, low) or math.isclose(limit, high)
    if n > 1:
        low, high = wilson(share, n - 1)
        assert low <= limit * (1 + 1e-9)
        assert high >= limit * (1 - 1e-9)
