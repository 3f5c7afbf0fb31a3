"""The laws of partials: identity, associativity, commutativity; any split of the rows equals one pass."""

from __future__ import annotations

import dataclasses
import math
import statistics
from fractions import Fraction
from functools import cache, reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from support.sweep import number

from actcli.activation import Function, Indicator
from actcli.diagnosis.diagnose import Criteria
from actcli.diagnosis.systems import RULES
from actcli.measuring import probe as probing
from actcli.measuring.measures import TALLIES, Measures, measures
from actcli.measuring.moments import Moments
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe, Thresholds, measure_under
from actcli.measuring.tallies import (
    HISTOGRAM,
    MAXIMUM,
    MINIMUM,
    MOMENTS,
    OUTPUT,
    SCORE,
    VANISHING,
    VANISHING_ROWS,
    ZEROS,
)
from actcli.numerics.smaller import PRECISIONS
from actcli.numerics.sums import Sums
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

SPECS = ["relu", "tanh", "gelu", "hard_sigmoid", "softmax"]
MISSING, NON_FINITE, GRADIENT, SQUARE = (
    measures(Measures)[name].tallies[0] for name in ("missing", "non_finite", "mean_abs_gradient", "rms_gradient")
)
FLAGGED = [found.bind() for found in ACTIVATIONS if isinstance(found.df, Indicator)] + [
    specs.get("hard_tanh:max_val=inf")
]
SUMS = {GRADIENT, SQUARE, OUTPUT, SCORE}

numbers = st.one_of(
    st.floats(-30, 30),
    st.floats(allow_subnormal=True),
    st.sampled_from([0.0, -0.0, 5e-324, math.inf, -math.inf, math.nan, 1e9 + 0.1, -1e200, 1.7e308, -1.7e308]),
)
blocks = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9), elements=numbers)


@cache
def probe(spec: str) -> Probe:
    """A probe that counts everything: with a precision, and with another system's rule if one counts values of f."""
    rule = RULES["karpathy" if spec in ("relu", "tanh") else "default"]
    return Criteria(rule=rule, precision=PRECISIONS["float16"], histogram=True).probe(specs.get(spec))


def moments(t: np.ndarray, keep: np.ndarray | None = None) -> Moments:
    size = np.max(np.abs(t), axis=1, initial=0.0, where=True if keep is None else keep)
    return Moments.of(t, keep, size)


def agree(a: Partial, b: Partial) -> None:
    """Counts, minima and maxima exactly, sums and moments to rounding, whatever the size of the values."""
    assert a.samples == b.samples
    for tally in TALLIES:
        if tally in SUMS:
            np.testing.assert_allclose(a[tally].mean(a.values), b[tally].mean(b.values), rtol=1e-13, atol=1e-323)
            np.testing.assert_allclose(
                a[tally].root_mean(a.values), b[tally].root_mean(b.values), rtol=1e-13, atol=1e-323
            )
        elif tally not in (MOMENTS, HISTOGRAM):
            np.testing.assert_array_equal(a[tally], b[tally])
    np.testing.assert_array_equal(dataclasses.astuple(a[HISTOGRAM]), dataclasses.astuple(b[HISTOGRAM]))
    np.testing.assert_array_equal(a[MOMENTS].count, b[MOMENTS].count)
    some = a[MOMENTS].count > 0
    size = np.maximum(np.abs(a[MINIMUM]), np.abs(a[MAXIMUM]))[some]
    mean = a[MOMENTS].mean()[some] - b[MOMENTS].mean()[some]
    assert (np.abs(mean) <= 1e-15 * size + 2e-323).all()  # a few of the smallest doubles
    spread = np.abs(a[MOMENTS].std()[some] / 2.0 - b[MOMENTS].std()[some] / 2.0)
    assert (spread <= 1e-7 * (a[MAXIMUM][some] / 2.0 - a[MINIMUM][some] / 2.0) + 2e-323).all()


@settings(max_examples=number(30, 1000))
@given(st.sampled_from(FLAGGED), blocks)
def test_counting_slopes_agrees_with_adding_them(function: Function, x: np.ndarray) -> None:
    """If f' is 0 or 1, flags are counted instead of adding numbers; the result is the same."""
    own = Probe.of(function, Thresholds(), histogram=True)
    agree(own.measure(x), own.measure(x, known=(function.df(x), function.f(x))))


@settings(max_examples=number(8, 300))
@given(st.sampled_from(SPECS), blocks)
def test_empty_is_the_identity(spec: str, x: np.ndarray) -> None:
    """Merging with nothing, on either side, changes nothing."""
    partial, empty = probe(spec).measure(x), Partial.empty(x.shape[1])
    for merged in (partial.merge(empty), empty.merge(partial)):
        for tally in TALLIES:
            if tally in SUMS:
                np.testing.assert_array_equal(merged[tally].value, partial[tally].value)
                np.testing.assert_array_equal(merged[tally].exponent, partial[tally].exponent)
            elif tally not in (MOMENTS, HISTOGRAM):
                np.testing.assert_array_equal(merged[tally], partial[tally])
        np.testing.assert_array_equal(dataclasses.astuple(merged[HISTOGRAM]), dataclasses.astuple(partial[HISTOGRAM]))
        for field in dataclasses.fields(Moments):
            np.testing.assert_array_equal(getattr(merged[MOMENTS], field.name), getattr(partial[MOMENTS], field.name))


@settings(max_examples=number(10, 300))
@given(st.sampled_from(SPECS), blocks, st.data())
def test_any_split_of_the_rows_agrees_in_any_order(spec: str, x: np.ndarray, data: st.DataObject) -> None:
    """Blocks of any size, merged in any order and grouping, agree with one pass."""
    whole = probe(spec).measure(x)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(x)), max_size=4)))
    parts = [probe(spec).measure(part) for part in np.split(x, cuts)]
    agree(whole, reduce(Partial.merge, data.draw(st.permutations(parts))))
    agree(whole, reduce(lambda right, left: left.merge(right), reversed(parts)))


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 50), st.integers(1, 50))
def test_a_constant_column_has_no_spread(value: float, first: int, second: int) -> None:
    """A constant with a large offset keeps its mean exactly and a standard deviation of 0, merged or not."""
    a, b = np.full((1, first), value), np.full((1, second + 1), value)
    b[0, 0] = math.nan
    merged = moments(a).merge(moments(b, np.isfinite(b)))
    assert merged.mean()[0] == value
    assert merged.std()[0] == 0.0


def test_moments_use_only_the_kept_entries() -> None:
    """1, 3, 8 of five entries: mean 4, squared deviations 9 + 1 + 16."""
    t = np.array([[math.nan, 1.0, 3.0, -math.inf, 8.0]])
    found = moments(t, np.isfinite(t))
    assert (found.count[0], found.mean()[0], found.rest[0], found.deviations().plain()[0]) == (3, 4.0, 0.0, 26.0)


@given(st.lists(st.floats(1e9, 1e9 + 1), min_size=2, max_size=40), st.data())
def test_moments_with_a_large_offset_agree_with_exact_arithmetic(values: list[float], data: st.DataObject) -> None:
    """Mean and deviation of numbers around 1e9 agree with fractions, whatever the split."""
    cut = data.draw(st.integers(0, len(values)))
    t = np.array([values])
    found = moments(t[:, :cut]).merge(moments(t[:, cut:]))
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    assert found.mean()[0] == pytest.approx(float(mean), rel=1e-15)
    variance = statistics.pvariance(exact)
    assert found.std()[0] ** 2 == pytest.approx(float(variance), rel=1e-9, abs=1e-13)
    assert found.squares().plain()[0] == pytest.approx(float(sum(value * value for value in exact)), rel=1e-14)


def test_an_all_negative_column_has_a_negative_maximum() -> None:
    """A maximum does not start from a positive number; a single row is its own minimum, maximum and mean."""
    partial = probe("relu").measure(np.array([[-3.0, -5.0], [-1.0, -9.0]]))
    np.testing.assert_array_equal(partial[MAXIMUM], [-1.0, -5.0])
    single = probe("relu").measure(np.array([[-2.5]]))
    assert (single[MINIMUM][0], single[MAXIMUM][0], single[MOMENTS].mean()[0]) == (-2.5, -2.5, -2.5)


def test_nan_infinities_and_missing_are_counted_and_left_out() -> None:
    """They appear in no ratio, no sum and no extreme; missing is not the same as NaN."""
    x = np.array([[1.0], [math.nan], [math.inf], [math.nan], [-2.0]])
    missing = np.array([[False], [False], [False], [True], [False]])
    partial = probe("relu").measure(x, missing)
    assert (partial[MISSING][0], partial[NON_FINITE][0], partial.values[0]) == (1, 2, 2)
    assert (partial[MINIMUM][0], partial[MAXIMUM][0], partial[MOMENTS].mean()[0]) == (-2.0, 1.0, -0.5)
    assert (partial[VANISHING][0], partial[GRADIENT].plain()[0], partial[OUTPUT].plain()[0]) == (1, 1.0, 1.0)


def test_missing_values_of_both_parts_are_counted() -> None:
    """1 and 2 of 5 are 3, whichever part comes first."""
    x, missing = np.ones((5, 1)), np.array([[True], [False], [True], [True], [False]])
    first, second = probe("relu").measure(x[:2], missing[:2]), probe("relu").measure(x[2:], missing[2:])
    assert first.merge(second)[MISSING][0] == second.merge(first)[MISSING][0] == 3


finite = st.floats(allow_nan=False, allow_infinity=False)
lists = st.lists(st.one_of(finite, st.sampled_from([0.0, 5e-324, 1e-200, -1e-200, 1e308, -1.7e308])), max_size=12)


def exact_root(square: Fraction) -> float:
    """The root of a fraction that may be beyond the doubles."""
    if not square:
        return 0.0
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(square / Fraction(4) ** half), half)


@given(lists, st.data())
def test_measures_agree_with_exact_arithmetic_over_all_doubles(values: list[float], data: st.DataObject) -> None:
    """Mean, standard deviation and root mean square of any finite doubles, whatever the split, even an empty one."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=3)))
    parts = [np.array(part).reshape(1, -1) for part in np.split(np.array(values), cuts)]
    found = reduce(Moments.merge, [moments(part) for part in parts], Moments.empty(1))
    sums = reduce(Sums.merge, [Sums.of(part) for part in parts], Sums.empty(1))
    squares = reduce(Sums.merge, [Sums.of_squares(part) for part in parts], Sums.empty(1))
    n = len(values)
    if not n:
        assert math.isnan(found.std()[0])
        assert math.isnan(sums.mean(0)[0])
        return
    exact = [Fraction(value) for value in values]
    size, mean = max(map(abs, values)), sum(exact) / n
    least = 1e-322  # a few of the smallest doubles
    assert found.mean()[0] == pytest.approx(float(mean), rel=1e-13, abs=1e-15 * size + least)
    assert sums.mean(n)[0] == pytest.approx(float(mean), rel=1e-13, abs=4e-15 * size + least)
    rms = exact_root(sum(value * value for value in exact) / n)
    assert squares.root_mean(n)[0] == pytest.approx(rms, rel=1e-13, abs=least)
    assert found.squares().root_mean(n)[0] == pytest.approx(rms, rel=1e-13, abs=least)
    std = exact_root(sum((value - mean) ** 2 for value in exact) / n)
    assert found.std()[0] == pytest.approx(std, rel=1e-9, abs=1e-15 * size + least)


@given(st.lists(lists, min_size=1, max_size=6))
def test_the_sum_over_all_is_that_of_every_entry(rows: list[list[float]]) -> None:
    """The sums of neurons together are the sum of the layer."""
    parts = [Sums.of_squares(np.array([row])) for row in rows]
    whole = Sums(np.concatenate([p.value for p in parts]), np.concatenate([p.exponent for p in parts])).over_all()
    every = np.array([[value for row in rows for value in row]])
    expected = Sums.of_squares(every).root_mean(1)
    np.testing.assert_allclose(whole.root_mean(1), expected, rtol=1e-13, atol=1e-322)


@pytest.mark.parametrize(
    ("values", "mean", "std"),
    [
        ([1e308, -1e308], 0.0, 1e308),
        ([1e-200, -1e-200], 0.0, 1e-200),
        ([1e308, 1e308, 1e308], 1e308, 0.0),
        ([1.7e308, -1.7e308, 0.0, 0.0], 0.0, 1.7e308 / math.sqrt(2.0)),
        ([5e-324, 1e-323, 1.5e-323], 1e-323, 5e-324),
    ],
)
def test_extremes_have_their_mean_and_spread(values: list[float], mean: float, std: float) -> None:
    """In one block, and each in a block of its own with an empty one between."""
    x = np.array([values]).T
    blocks = [part for row in x for part in (probe("relu").measure(row[None]), Partial.empty(1))]
    for partial in (probe("relu").measure(x), reduce(Partial.merge, blocks)):
        assert partial[MOMENTS].mean()[0] == pytest.approx(mean, abs=0.0 if mean else 1e-323)
        assert partial[MOMENTS].std()[0] == pytest.approx(std, rel=1e-14, abs=0.0 if std > 1e-300 else 5e-324)


def test_gradients_whose_squares_underflow_have_a_root() -> None:
    """tanh' at 200 and 210 is 4 exp(-400) and 4 exp(-420) (mpmath: their root mean square is 5.41e-174)."""
    partial = probe("tanh").measure(np.array([[200.0], [210.0]]))
    assert partial[GRADIENT].mean(2)[0] == pytest.approx(3.8303392e-174, rel=1e-7)
    assert partial[SQUARE].root_mean(2)[0] == pytest.approx(5.4169177e-174, rel=1e-7)


def test_no_values_give_no_measures_but_integer_counts() -> None:
    """Counts are integers from the start, a column without values has no spread, and there are no warnings."""
    empty = Partial.empty(3)
    assert empty.samples == empty[ZEROS] == empty[VANISHING_ROWS] == 0
    for tally in {*TALLIES} - {MOMENTS, HISTOGRAM, ZEROS, VANISHING_ROWS} - SUMS:
        assert empty[tally].shape == (3,)
        assert empty[tally].dtype == probe("tanh").measure(np.zeros((1, 3)))[tally].dtype
    assert empty.values.dtype == np.int64
    assert np.isnan(Moments.empty(2).std()).all()
    np.testing.assert_array_equal(Moments.empty(2).squares().plain(), [0.0, 0.0])
    np.testing.assert_array_equal(moments(np.zeros((2, 0))).count, [0, 0])


def test_sums_of_squares_beyond_the_doubles_are_infinite() -> None:
    """Without a warning, like any overflow here."""
    assert moments(np.array([[1e200, 1e200]])).squares().plain()[0] == math.inf


@pytest.mark.parametrize("holes", [False, True])
def test_groups_of_columns_agree_with_the_whole_to_the_bit(holes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of very many columns is measured in groups of columns, independent of each other."""
    x = np.random.default_rng(4).normal(0.0, np.logspace(-200, 150, 70), (30, 70))
    x[:, 5] = 3.0
    missing = np.random.default_rng(5).random(x.shape) < 0.1 if holes else None
    if missing is not None:
        x[missing] = math.nan
    probes = [probe(spec) for spec in SPECS if not probe(spec).function.rowwise]
    whole = measure_under(probes, x, missing, positions=3)
    monkeypatch.setattr(probing, "_WIDE", 1000)
    monkeypatch.setattr(probing, "_GROUP", 300)
    for one, other in zip(measure_under(probes, x, missing, positions=3), whole, strict=True):
        assert one.samples == other.samples == 10
        for tally in TALLIES:
            a, b = one[tally], other[tally]
            kept = dataclasses.astuple(a) if dataclasses.is_dataclass(a) else [a]
            for left, right in zip(kept, dataclasses.astuple(b) if dataclasses.is_dataclass(b) else [b], strict=True):
                np.testing.assert_array_equal(left, right)


def test_shared_measures_are_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several functions on one block: each gets the same as alone. Moments are taken once, or, with missing cells, once
    more for rowwise functions, which drop incomplete rows."""
    x = np.random.default_rng(3).normal(0, 3, (50, 4))
    x[7, 2] = math.nan
    probes = [probe(spec) for spec in SPECS]
    alone = [each.measure(x) for each in probes]
    seen: list[np.ndarray] = []
    take = Moments.of
    monkeypatch.setattr(Moments, "of", lambda t, keep, size: (seen.append(t), take(t, keep, size))[1])
    for one, other in zip(measure_under(probes, x), alone, strict=True):
        agree(one, other)
    assert len(seen) == 2
