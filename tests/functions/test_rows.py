"""Functions of rows: limits, kinks, widths, shapes and names."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.rows import GATED, ROWWISE

from actcli.activation import Activation
from actcli.errors import DataError, UsageError
from actcli.registry import specs


def test_an_output_beside_its_kink_keeps_its_digits() -> None:
    """x = (1, e) gives (1 - e/2, e/2) for sparsemax, however small e is."""
    for e in (1e-3, 1e-17, 1e-40, 1e-300):
        assert specs.get("sparsemax").f([1.0, e])[1] == pytest.approx(e / 2, rel=1e-15, abs=0)
    assert specs.get("sparsemax").f([1.0, 0.0]).tolist() == [1.0, 0.0]
    assert specs.get("sparsemax").df([1.0, 0.0]).tolist() == [0.0, 0.0]
    assert specs.get("entmax15").f([2.0, 0.0]).tolist() == [1.0, 0.0]


def test_hardmax_takes_the_first_of_equal_entries() -> None:
    """As ONNX has it; its derivatives are 0."""
    function, x = specs.get("hardmax"), np.array([[1.0, 3.0, 3.0], [-math.inf] * 3, [0.0, math.inf, math.inf]])
    np.testing.assert_array_equal(function.f(x), [[0, 1, 0], [1, 0, 0], [0, 1, 0]])
    for zeros in (function.df(x), function.d2f(x), function.jacobian(x)):
        assert not zeros.any()


def test_maxout_groups_as_tfa_does() -> None:
    """Unit u is the largest of the entries u, u + units, u + 2 units ...; the first of equal ones has f' = 1."""
    function, x = specs.get("maxout:num_units=2"), np.array([5.0, -1.0, 7.0, -1.0, 7.0, -2.0])
    assert function.f(x).tolist() == x.reshape(3, 2).max(axis=0).tolist() == [7.0, -1.0]
    assert function.df(x).tolist() == [0, 1, 1, 0, 0, 0]
    assert function.jacobian(x).tolist() == [[0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0]]
    assert not function.d2f(x).any()
    assert specs.get("maxout").f(x).tolist() == [7.0]
    assert np.isnan(function.f([math.nan, 1.0, 2.0, 3.0])).tolist() == [True, False]


def test_crelu_keeps_both_signs() -> None:
    """relu(x) and then relu(-x), no -0 among them; f' is 0 at 0 as for relu."""
    function = specs.get("crelu")
    outputs = function.f([2.0, -3.0, 0.0, -0.0])
    assert outputs.tolist() == [2, 0, 0, 0, 0, 3, 0, 0]
    assert not np.signbit(outputs).any()
    assert function.df([2.0, -3.0, 0.0, -0.0]).tolist() == [1, -1, 0, 0]


def test_gumbel_softmax_at_tau_1_is_softmax() -> None:
    """Without the noise."""
    x = np.random.default_rng(1).normal(size=(5, 7))
    np.testing.assert_array_equal(specs.get("gumbel_softmax").f(x), specs.get("softmax").f(x))


@pytest.mark.parametrize("tau", [1e-300, 1e-10, 1e10, 1e300])
def test_any_temperature_is_legal(tau: float) -> None:
    """Two entries are the logistic function of their difference over tau, in any units."""
    function = specs.get(f"gumbel_softmax:tau={tau!r}")
    for difference in (0.0, 1.0, 3.0, 30.0):
        assert function.f([0.0, -difference * tau])[0] == pytest.approx(1 / (1 + math.exp(-difference)), rel=1e-14)
    huge = specs.get("gumbel_softmax:tau=1e308").f([1.5e308, -1.5e308])
    assert huge[0] == pytest.approx(1 / (1 + math.exp(-3)), rel=1e-14)


INF, NAN = math.inf, math.nan
LIMITS = {
    "softmax": {(0, INF, 3): [0, 1, 0], (-INF, 0): [0, 1], (-INF, -INF): [NAN, NAN], (INF, INF): [NAN, NAN]},
    "softmin": {(0, -INF, 3): [0, 1, 0], (INF, 0): [0, 1], (INF, INF): [NAN, NAN]},
    "softmax1": {(0, INF, 3): [0, 1, 0], (-INF, 0): [0, 0.5], (-INF, -INF): [0, 0], (INF, INF): [NAN, NAN]},
    "gumbel_softmax:tau=2.5": {(0, INF, 3): [0, 1, 0], (-INF, 0): [0, 1], (-INF, -INF): [NAN, NAN]},
    "log_softmax": {(0, INF, 3): [-INF, 0, -INF], (-INF, 0): [-INF, 0], (-INF, -INF): [NAN, NAN]},
    "logsumexp": {(0, INF, 3): [INF], (INF, INF): [INF], (-INF, 0): [0], (-INF, -INF): [-INF], (INF, -INF): [INF]},
    "logmeanexp": {(0, INF, 3): [INF], (-INF, 0): [-math.log(2)], (-INF, -INF): [-INF]},
    "hardmax": {(0, INF, 3): [0, 1, 0], (-INF, 0): [0, 1]},
    "sparsemax": {(0, INF, 3): [0, 1, 0], (-INF, 0): [0, 1], (-INF, -INF): [NAN, NAN], (INF, INF): [NAN, NAN]},
    "entmax15": {(0, INF, 3): [0, 1, 0], (-INF, 0): [0, 1], (-INF, -INF): [NAN, NAN], (INF, INF): [NAN, NAN]},
    "maxout": {(0, INF, 3): [INF], (-INF, -INF): [-INF]},
    "crelu": {(-INF, INF): [0, INF, INF, 0]},
    "glu": {(-2, INF): [-2], (-2, -INF): [0], (INF, -5): [INF], (INF, -INF): [NAN], (0, INF): [0], (-INF, 1): [-INF]},
    "reglu": {(-2, INF): [-INF], (-2, -INF): [0], (INF, -5): [0], (INF, -INF): [0], (0, INF): [0]},
    "geglu": {(-2, INF): [-INF], (-2, -INF): [0], (INF, -5): [-INF], (INF, -INF): [NAN], (0, INF): [0]},
    "swiglu": {(-2, INF): [-INF], (-2, -INF): [0], (INF, -5): [-INF], (INF, -INF): [NAN], (0, INF): [0]},
}


@pytest.mark.parametrize(("spec", "cases"), LIMITS.items())
def test_infinite_entries_give_the_limits_that_exist(spec: str, cases: dict[tuple[float, ...], list[float]]) -> None:
    """One +inf takes all of a softmax, a row of -inf has no shares; NaN only where there is no limit."""
    function = specs.get(spec)
    for row, expected in cases.items():
        np.testing.assert_array_equal(function.f(row), np.array(expected) + 0.0, err_msg=str(row))
        for figure in (function.df, function.d2f):
            assert figure(row).shape == (len(row),)
        function.jacobian(np.array(row))


@pytest.mark.parametrize("activation", ROWWISE, ids=lambda activation: activation.name)
def test_nan_spreads_over_its_row_only(activation: Activation) -> None:
    """The other rows are as if it was not there; an input that is NaN has NaN as its derivatives."""
    function = activation.bind()
    x = np.array([[math.nan, 1.0, 0.5, 2.0], [1.0, 1.0, 0.5, 2.0]])
    for figure in (function.f, function.df, function.d2f):
        both = figure(x)
        assert np.isnan(both[0, 0])
        np.testing.assert_array_equal(both[1], figure(x[1]))
        assert np.isfinite(both[1]).all()


@pytest.mark.parametrize("activation", ROWWISE, ids=lambda activation: activation.name)
def test_rows_stand_alone_in_any_shape_and_order(activation: Activation) -> None:
    """Any leading shape and memory order give the same rows; the Jacobian has a line for each output."""
    function = activation.bind()
    x = np.random.default_rng(2).normal(size=(2, 3, 8)) * 4
    f = function.f(x)
    assert f.shape[:2] == (2, 3)
    jacobian = function.jacobian(x)
    assert jacobian.shape == (*f.shape, 8)
    for i in range(2):
        for j in range(3):
            np.testing.assert_array_equal(f[i, j], function.f(x[i, j].tolist()))
            np.testing.assert_array_equal(function.df(x)[i, j], function.df(x[i, j]))
            np.testing.assert_array_equal(jacobian[i, j], function.jacobian(x[i, j]))
    np.testing.assert_array_equal(function.f(np.asfortranarray(x[0])), f[0])


SHARES = ["softmax", "softmin", "gumbel_softmax:tau=0.3", "sparsemax", "entmax15", "hardmax"]


@pytest.mark.parametrize("spec", SHARES)
@pytest.mark.parametrize("columns", [1, 2, 17, 10_000])
@pytest.mark.parametrize("spread", [0.0, 1e-3, 1.0, 30.0])
def test_shares_sum_to_one(spec: str, columns: int, spread: float) -> None:
    """Rows of any width and spread, equal entries included."""
    x = np.random.default_rng(columns).normal(size=columns) * spread
    assert math.fsum(specs.get(spec).f(x)) == pytest.approx(1.0, rel=4e-16)


def test_logmeanexp_of_equal_entries_is_that_entry() -> None:
    """To the last bit, as log(3 exp(x) / 3) would not be."""
    for x in (0.1, -7.3, 1e-300, 1e308):
        assert specs.get("logmeanexp").f([x, x, x]).tolist() == [x]


@pytest.mark.parametrize("activation", GATED, ids=lambda activation: activation.name)
def test_odd_rows_have_no_halves(activation: Activation) -> None:
    """Said by f and by the derivatives."""
    function = activation.bind()
    for call in (function.f, function.df, function.d2f, lambda x: function.jacobian(np.array(x))):
        with pytest.raises(DataError, match="3 numbers cannot be split"):
            call([1.0, 2.0, 3.0])
    assert function.f(np.ones(6)).shape == (3,)


def test_units_that_do_not_divide_the_row_are_an_error() -> None:
    """And so is a broken number of units, or its derivative."""
    with pytest.raises(DataError, match="2 equal groups"):
        specs.get("maxout:2").f([1.0, 2.0, 3.0])
    with pytest.raises(UsageError, match="whole number"):
        specs.get("maxout:2.5")
    with pytest.raises(UsageError, match="it counts"):
        specs.get("maxout").derivative_by("num_units", [1.0, 2.0])


def test_framework_names() -> None:
    """Dialects and aliases of the row functions."""
    expected = {
        "Softmax2d@pytorch": "softmax",
        "softmax2d": "softmax",
        "softmin@pytorch": "softmin",
        "quiet_softmax": "softmax1",
        "logsoftmax@nnlib": "log_softmax",
        "reduce_logsumexp@tensorflow": "logsumexp",
        "ReduceLogSumExp@onnx": "logsumexp",
        "logmeanexp@jax": "logmeanexp",
        "sparsemax@tfa": "sparsemax",
        "Maxout@tfa": "maxout",
        "crelu@tensorflow": "crelu",
        "GLU@pytorch": "glu",
        "SwiGLU@onnx": "swiglu",
    }
    assert {spec: specs.get(spec).name for spec in expected} == expected


@pytest.mark.parametrize("name", ["glu", "reglu", "geglu", "swiglu", "glu@pytorch"])
def test_the_gate_may_be_the_first_half(name: str) -> None:
    """Then all is that of the row with its halves exchanged, each derivative at its input."""
    first, second = specs.get(f"{name}:gate=first"), specs.get(f"{name}:gate=second")
    assert second == specs.get(name)
    assert first == specs.get(f"{name}:gate=first")
    row = np.array([0.3, -2.0, 1.5, 0.7, -0.2, 4.0])
    turned = np.roll(row, 3)
    np.testing.assert_array_equal(first.f(row), second.f(turned))
    for quantity in ("df", "d2f"):
        np.testing.assert_array_equal(getattr(first, quantity)(row), np.roll(getattr(second, quantity)(turned), 3))
    expected = [
        np.gradient([first.f(row + h * np.eye(6)[i]) for h in (-1e-5, 0, 1e-5)], 1e-5, axis=0)[1] for i in range(6)
    ]
    np.testing.assert_allclose(first.jacobian(row), np.array(expected).T, atol=1e-8)


def test_what_is_no_place_of_a_gate_is_refused() -> None:
    with pytest.raises(UsageError, match="neither first nor second"):
        specs.get("swiglu:gate=third")
    with pytest.raises(UsageError, match="no parameter"):
        specs.get("relu:gate=first")
