"""The laws of the partials: identity, associativity, commutativity, and any split of the rows equals one pass."""

from __future__ import annotations

import dataclasses
import math
import statistics
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from actcli.analysis.precision import PRECISIONS
from actcli.diagnosis.diagnose import Criteria
from actcli.diagnosis.systems import RULES
from actcli.measuring.measures import TALLIES, Measures, measures
from actcli.measuring.moments import Moments
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe
from actcli.measuring.tallies import HISTOGRAM, MAXIMUM, MINIMUM, MOMENTS, OUTPUT, VANISHING, VANISHING_ROWS, ZEROS
from actcli.registry import specs

SPECS = ["relu", "tanh", "gelu", "hard_sigmoid", "softmax"]
MISSING, NON_FINITE, GRADIENT, SQUARE = (
    measures(Measures)[name].tallies[0] for name in ("missing", "non_finite", "mean_abs_gradient", "rms_gradient")
)
INEXACT = {GRADIENT, SQUARE, OUTPUT}

numbers = st.one_of(
    st.floats(-30, 30),
    st.sampled_from([0.0, -0.0, 5e-324, math.inf, -math.inf, math.nan, 1e9 + 0.1, -1e200]),
)
blocks = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9), elements=numbers)


def probe(spec: str) -> Probe:
    """Every count is made: with a precision, and with a rule of another system where one counts values of f."""
    rule = RULES["karpathy" if spec in ("relu", "tanh") else "default"]
    return Criteria(rule=rule, precision=PRECISIONS["float16"], histogram=True).probe(specs.get(spec))


def agree(a: Partial, b: Partial) -> None:
    """Counts, minima and maxima exactly, sums and moments to rounding."""
    assert a.samples == b.samples
    for tally in TALLIES:
        if tally in INEXACT:
            np.testing.assert_allclose(a[tally], b[tally], rtol=1e-13)
        elif tally not in (MOMENTS, HISTOGRAM):
            np.testing.assert_array_equal(a[tally], b[tally])
    np.testing.assert_array_equal(a[HISTOGRAM].counts, b[HISTOGRAM].counts)
    np.testing.assert_array_equal(a[MOMENTS].count, b[MOMENTS].count)
    size = np.maximum(np.abs(a[MINIMUM]), np.abs(a[MAXIMUM]))
    size = np.where(np.isfinite(size), size, 0.0)
    ordinary = (size < 1e100) & (a[MOMENTS].count > 0)  # beyond, squares overflow
    size = size[ordinary]
    mean = a[MOMENTS].mean[ordinary] - b[MOMENTS].mean[ordinary]
    assert (np.abs(mean) <= 1e-15 * size + 2e-323).all()  # some of the smallest steps that there are
    deviation = a[MOMENTS].deviation[ordinary] - b[MOMENTS].deviation[ordinary]
    spread = np.square(a[MAXIMUM][ordinary] - a[MINIMUM][ordinary]) * a[MOMENTS].count[ordinary]
    assert (np.abs(deviation) <= 1e-13 * spread).all()


@given(st.sampled_from(SPECS), blocks)
def test_empty_is_the_identity(spec: str, x: np.ndarray) -> None:
    """Merging with nothing, on either side, changes nothing."""
    partial, empty = probe(spec).measure(x), Partial.empty(x.shape[1])
    for merged in (partial.merge(empty), empty.merge(partial)):
        for tally in TALLIES:
            if tally not in (MOMENTS, HISTOGRAM):
                np.testing.assert_array_equal(merged[tally], partial[tally])
        np.testing.assert_array_equal(merged[HISTOGRAM].counts, partial[HISTOGRAM].counts)
        for field in dataclasses.fields(Moments):
            np.testing.assert_array_equal(getattr(merged[MOMENTS], field.name), getattr(partial[MOMENTS], field.name))


@given(st.sampled_from(SPECS), blocks, st.data())
def test_any_split_of_the_rows_gives_the_same_in_any_order(spec: str, x: np.ndarray, data: st.DataObject) -> None:
    """Blocks of any size, merged in any order and grouping, agree with one pass."""
    whole = probe(spec).measure(x)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(x)), max_size=4)))
    parts = [probe(spec).measure(part) for part in np.split(x, cuts)]
    agree(whole, reduce(Partial.merge, data.draw(st.permutations(parts))))
    agree(whole, reduce(lambda right, left: left.merge(right), reversed(parts)))


@given(st.floats(-1e15, 1e15), st.integers(1, 50), st.integers(1, 50))
def test_a_constant_column_has_no_spread(value: float, first: int, second: int) -> None:
    """A constant with a large offset keeps its mean exactly and a standard deviation of 0, merged or not."""
    a, b = np.full((1, first), value), np.full((1, second + 1), value)
    b[0, 0] = math.nan
    merged = Moments.of(a, None).merge(Moments.of(b, np.isfinite(b)))
    assert merged.mean[0] == value
    assert merged.std()[0] == 0.0


def test_moments_are_of_the_kept_entries() -> None:
    """1, 3, 8 of five entries: mean 4, squared deviations 9 + 1 + 16."""
    t = np.array([[math.nan, 1.0, 3.0, -math.inf, 8.0]])
    found = Moments.of(t, np.isfinite(t))
    assert (found.count[0], found.mean[0], found.rest[0], found.deviation[0]) == (3, 4.0, 0.0, 26.0)


@given(st.lists(st.floats(1e9, 1e9 + 1), min_size=2, max_size=40), st.data())
def test_moments_of_a_large_offset_are_those_of_exact_arithmetic(values: list[float], data: st.DataObject) -> None:
    """Mean and deviation of numbers around 1e9 agree with fractions, whatever the split."""
    cut = data.draw(st.integers(0, len(values)))
    t = np.array([values])
    found = Moments.of(t[:, :cut], None).merge(Moments.of(t[:, cut:], None))
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    assert found.mean[0] == pytest.approx(float(mean), rel=1e-15)
    variance = statistics.pvariance(exact)
    assert found.std()[0] ** 2 == pytest.approx(float(variance), rel=1e-9, abs=1e-13)
    assert found.sum_square()[0] == pytest.approx(float(sum(value * value for value in exact)), rel=1e-14)


def test_an_all_negative_column_has_a_negative_maximum() -> None:
    """No maximum starts from a positive number, and a single row is its own minimum, maximum and mean."""
    partial = probe("relu").measure(np.array([[-3.0, -5.0], [-1.0, -9.0]]))
    np.testing.assert_array_equal(partial[MAXIMUM], [-1.0, -5.0])
    single = probe("relu").measure(np.array([[-2.5]]))
    assert (single[MINIMUM][0], single[MAXIMUM][0], single[MOMENTS].mean[0]) == (-2.5, -2.5, -2.5)


def test_nan_infinities_and_missing_are_counted_and_left_out() -> None:
    """They appear in no ratio, no sum and no extreme; missing is not the same as NaN."""
    x = np.array([[1.0], [math.nan], [math.inf], [math.nan], [-2.0]])
    missing = np.array([[False], [False], [False], [True], [False]])
    partial = probe("relu").measure(x, missing)
    assert (partial[MISSING][0], partial[NON_FINITE][0], partial.values[0]) == (1, 2, 2)
    assert (partial[MINIMUM][0], partial[MAXIMUM][0], partial[MOMENTS].mean[0]) == (-2.0, 1.0, -0.5)
    assert (partial[VANISHING][0], partial[GRADIENT][0], partial[OUTPUT][0]) == (1, 1.0, 1.0)


def test_missing_values_of_both_parts_are_counted() -> None:
    """1 and 2 of 5 are 3, whichever part comes first."""
    x, missing = np.ones((5, 1)), np.array([[True], [False], [True], [True], [False]])
    first, second = probe("relu").measure(x[:2], missing[:2]), probe("relu").measure(x[2:], missing[2:])
    assert first.merge(second)[MISSING][0] == second.merge(first)[MISSING][0] == 3


def test_huge_numbers_print_no_warning() -> None:
    """Differences beyond the doubles are infinite, in silence (warnings are errors in these tests)."""
    x = np.array([[1.7e308], [-1.7e308]])
    partial = probe("tanh").measure(x).merge(probe("tanh").measure(-x))
    assert partial[MAXIMUM][0] == 1.7e308
    moments = Moments.of(x.T, None)
    assert not np.isfinite(moments.merge(moments).deviation).any()


def test_nothing_has_no_figures_and_whole_counts() -> None:
    """Counts are integers from the start, a column without values has no spread, and nothing warns."""
    empty = Partial.empty(3)
    assert empty.samples == empty[ZEROS] == empty[VANISHING_ROWS] == 0
    for tally in {*TALLIES} - {MOMENTS, HISTOGRAM, ZEROS, VANISHING_ROWS}:
        assert empty[tally].shape == (3,)
        assert empty[tally].dtype == probe("tanh").measure(np.zeros((1, 3)))[tally].dtype
    assert empty.values.dtype == np.int64
    assert np.isnan(Moments.empty(2).std()).all()
    np.testing.assert_array_equal(Moments.empty(2).sum_square(), [0.0, 0.0])
    np.testing.assert_array_equal(Moments.of(np.zeros((2, 0)), None).count, [0, 0])


def test_sums_of_squares_beyond_the_doubles_are_infinite() -> None:
    """In silence, as all that overflows here."""
    assert Moments.of(np.array([[1e200, 1e200]]), None).sum_square()[0] == math.inf
