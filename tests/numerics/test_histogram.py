"""The histogram: its laws, counts and quantiles, and its use in a partial."""

from __future__ import annotations

import math
from dataclasses import astuple
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from actcli.measuring.measures import LayerMeasures, measures
from actcli.measuring.probe import Probe, Thresholds
from actcli.measuring.tallies import HISTOGRAM
from actcli.numerics.histogram import BINS, Histogram, edges
from actcli.registry import specs

EVERYTHING = (-math.inf, math.inf)
numbers = st.one_of(
    st.floats(-100, 100),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308, 3.4e38, 1.0, -1.0]),
)
some = arrays(np.float64, st.integers(0, 60), elements=numbers)


@given(some, st.data())
def test_any_split_in_any_order_is_one_pass(x: np.ndarray, data: st.DataObject) -> None:
    """Merging is associative and commutative, the empty histogram is its identity."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(x)), max_size=4)))
    parts = [Histogram.of(part) for part in np.split(x, cuts)]
    whole = astuple(Histogram.of(x))
    for merged in (
        reduce(Histogram.merge, data.draw(st.permutations(parts)), Histogram.empty()),
        reduce(lambda right, left: left.merge(right), reversed(parts)).merge(Histogram.empty()),
    ):
        np.testing.assert_array_equal(astuple(merged), whole)


@given(some)
def test_no_number_is_lost(x: np.ndarray) -> None:
    """Every finite double has a bin, even beyond float32; spreading keeps the sum."""
    histogram = Histogram.of(x)
    assert histogram.total == len(x)
    assert histogram.spread(EVERYTHING)[0] == len(x)
    assert histogram.spread(np.linspace(-1e40, 1e40, 7)).sum() == pytest.approx(len(x), rel=1e-12)


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=numbers), st.data())
def test_what_is_not_kept_is_left_out(x: np.ndarray, data: st.DataObject) -> None:
    """`keep` marks the entries that are counted, whatever the shape and the memory order."""
    keep = data.draw(arrays(np.bool_, x.shape))
    expected = astuple(Histogram.of(x[keep]))
    np.testing.assert_array_equal(astuple(Histogram.of(x, keep)), expected)
    np.testing.assert_array_equal(astuple(Histogram.of(x.T, keep.T)), expected)


def test_a_number_is_in_the_bin_that_holds_it() -> None:
    """By the edges of the bins, up to float32 rounding: 50,000 numbers of all magnitudes and both signs."""
    rng = np.random.default_rng(1)
    x = rng.choice([-1, 1], 50_000) * 10.0 ** rng.uniform(-37, 38, 50_000)
    ends = edges()
    assert len(ends) == BINS + 1
    assert (np.diff(ends) > 0).all()
    for value in x[:2000]:
        (at,) = Histogram.of(np.array([value])).bins
        assert ends[at] <= value * (1 + 1e-7 * np.sign(value))
        assert value * (1 - 1e-7 * np.sign(value)) <= ends[at + 1]
    histogram = Histogram.of(x)
    below = np.cumsum(np.bincount(histogram.bins, histogram.held, BINS))
    np.testing.assert_allclose(below[::997], [(x < end).sum() for end in ends[1::997]])


@pytest.mark.parametrize("share", [0.0, 0.001, 0.25, 0.5, 0.9, 0.999, 1.0])
def test_quantiles_agree_with_numpy(share: float) -> None:
    """To 1 %, for normal, skewed and distant values."""
    rng = np.random.default_rng(2)
    for x in (rng.normal(0.3, 2.0, 20_001), rng.lognormal(0.0, 3.0, 20_001), rng.normal(-1e6, 1.0, 20_001)):
        assert Histogram.of(x).quantile(share) == pytest.approx(np.quantile(x, share), rel=0.01, abs=1e-3)


def test_quantiles_of_few_and_of_none() -> None:
    """A single value is every quantile; no values have no quantile."""
    assert Histogram.of(np.array([3.0])).quantile(0.5) == pytest.approx(3.0, rel=0.01)
    assert math.isnan(Histogram.empty().quantile(0.5))


def test_spread_is_the_count_of_numpy_where_bins_end_at_powers_of_two() -> None:
    """There no bin is cut: the counts are exact."""
    x = np.random.default_rng(3).normal(0.0, 3.0, 10_000).astype(np.float32).astype(np.float64)
    ends = [-8.0, -4.0, -1.0, -0.5, 0.0, 0.25, 2.0, 8.0]
    np.testing.assert_allclose(Histogram.of(x).spread(ends), np.histogram(x, ends)[0], atol=1e-9)


def test_within_counts_closed_intervals() -> None:
    """x <= 0 includes the zeros; parts of a bin count proportionally."""
    histogram = Histogram.of(np.array([-2.0, -0.0, 0.0, 0.0, 1.0, 5.0]))
    assert histogram.within([(-math.inf, 0.0)], EVERYTHING)[0] == 4
    assert histogram.within([(0.0, math.inf)], EVERYTHING)[0] == 5
    assert histogram.within([(-math.inf, -1.0), (4.0, math.inf)], [-10.0, 0.0, 10.0]).tolist() == [1.0, 1.0]
    assert histogram.within([], EVERYTHING)[0] == 0


def test_a_probe_measures_it_when_asked() -> None:
    """For the finite values of all neurons; its saturated share agrees with the exact count."""
    x = np.random.default_rng(4).normal(-1.0, 2.0, (500, 7))
    x[3, 2], x[5, 5] = math.nan, math.inf
    relu = specs.get("relu")
    assert Probe.of(relu, Thresholds()).measure(x)[HISTOGRAM] is None
    probe = Probe.of(relu, Thresholds(), histogram=True)
    partial = probe.measure(x[:200]).merge(probe.measure(x[200:]))
    histogram = partial[HISTOGRAM]
    assert histogram is not None
    np.testing.assert_array_equal(astuple(histogram), astuple(Histogram.of(x[np.isfinite(x)])))
    low = histogram.within(probe.sides.low, EVERYTHING)[0]
    (tally,) = measures(LayerMeasures)["saturated_low_ratio"].tallies
    assert low == pytest.approx(partial[tally].sum(), abs=1e-9)
