"""Functions of rows: values and derivatives against mpmath, limits, widths, and what the commands make of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from support.oracle import evaluate, ulps
from support.run import Cli

from actcli.activation import Activation, Function
from actcli.analysis.profile import profile
from actcli.diagnosis import diagnose as diagnosis
from actcli.errors import DataError, UsageError
from actcli.measuring.probe import Probe, Thresholds, own_outputs
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

ROWWISE = [activation for activation in ACTIVATIONS if activation.kind != "elementwise"]
GATED = [activation for activation in ROWWISE if activation.kind == "gated"]

# Their formulas are words: their truth is below.
IN_WORDS = ("hardmax", "sparsemax", "entmax15", "maxout")

SETTINGS = ["gumbel_softmax:tau=0.3", "gumbel_softmax:tau=2.5", "gumbel_softmax:tau=20"]
FORMULAS = [a.bind() for a in ROWWISE if a.name not in IN_WORDS] + [specs.get(spec) for spec in SETTINGS]

# A parameter multiplies x inside the exponential: 8 ulp instead of 4 (DESIGN, section 4).
WIDER = {"gumbel_softmax": 8.0}

ROWS = [
    [0.0],
    [3.5],
    [0.0, 0.0],
    [1e-10, 0.0],
    [1.0, 1.0, 1.0],
    [1.0, 2.0, 3.0],
    [-0.75, -0.25, 0.5, 1.25],
    [-700.25, 0.1, 12.0],
    [1e-300, -1e-300, 5e-324],
    [700.0, -44.3, 0.0, 3.0],
    [1e308, 1e308],
    [30.1, -7.3, 29.9, 2.2, 2.2],
    [0.3, 1e5, -2.0],
    [-2.0, 5e-324, -3.0, 1e-8],
    [-1.1, -1.2],
    [-9.5, 0.25, -9.5, 8.0],
    [720.5, 0.0, 1.0],
    [0.0, -741.0],
    [2.0, -3.0, -30.25, 12.5],
    [1e300, -2.5, -720.5, -39.0],
    [1e308, 1e308, -1400.0, 1399.5],
    [-1e308, 3e305, -50.5, 46.25],
    [0.1, -0.2, -0.6, 0.3, 18.0, 40.5],
]


def rows(function: Function) -> list[list[float]]:
    return [row for row in ROWS if function.activation.kind != "gated" or len(row) % 2 == 0]


def own(i: int, inputs: int, outputs: int) -> list[int]:
    """The outputs that input i belongs to: one, or the two of crelu, of which one is constant."""
    return list(range(i % outputs, outputs, inputs))


def jets(function: Function, row: Sequence[float], i: int) -> Any:
    return evaluate(function.activation.formula, row, function.parameters, entry=i)


def within(function: Function, computed: float, truth: mpf, near: Callable[[float], mpf]) -> bool:
    """Whether so few ulp lie between; where the truth changes sign within a factor of 1.5, of the largest there."""
    allowed = WIDER.get(function.name, 4.0)
    found = ulps(computed, truth)
    if found <= allowed or not math.isfinite(computed):
        return found <= allowed
    around = [near(factor) for factor in np.geomspace(1 / 1.5, 1.5, 13).tolist()]
    if not min(around) < 0 < max(around):
        return False
    return float(abs(computed - truth)) <= allowed * math.ulp(float(max(abs(value) for value in around)))


def scaled(row: Sequence[float], i: int, factor: float) -> list[float]:
    return [factor * x if j == i else x for j, x in enumerate(row)]


@pytest.mark.parametrize("function", FORMULAS, ids=lambda function: function.label)
def test_outputs_and_jacobians_are_within_4_ulp(function: Function) -> None:
    """Every output and every entry of the Jacobian agree with the formula; f' is made of entries of the Jacobian."""
    for row in rows(function):
        x = np.array(row)
        f, df, jacobian = function.f(x), function.df(x), function.jacobian(x)
        assert df.shape == x.shape
        assert jacobian.shape == (len(f), len(row))
        for i in range(len(row)):
            for k, jet in enumerate(jets(function, row, i)):
                assert within(
                    function, f[k], jet.v, lambda s, row=row, i=i, k=k: jets(function, scaled(row, i, s), i)[k].v
                )
                assert within(
                    function,
                    jacobian[k, i],
                    jet.d1,
                    lambda s, row=row, i=i, k=k: jets(function, scaled(row, i, s), i)[k].d1,
                ), (row, k, i, jacobian[k, i], jet.d1)
            assert df[i] == sum(jacobian[k, i] for k in own(i, len(row), len(f))), (row, i)


@pytest.mark.parametrize("function", FORMULAS, ids=lambda function: function.label)
def test_second_derivatives_are_within_4_ulp(function: Function) -> None:
    """Each input's second derivative is that of the output it belongs to."""
    for row in rows(function):
        d2f = function.d2f(np.array(row))
        outputs = len(function.f(np.array(row)))

        def second(row: Sequence[float], i: int, outputs: int = outputs) -> mpf:
            by_i = jets(function, row, i)
            with mpmath.workdps(60):
                return sum(by_i[k].d2 for k in own(i, len(row), outputs))

        for i in range(len(row)):
            exact = second(row, i)
            good = within(function, d2f[i], exact, lambda s, row=row, i=i: second(scaled(row, i, s), i))
            assert good, (row, i, d2f[i], exact)


@pytest.mark.parametrize("function", [f for f in FORMULAS if f.parameters], ids=lambda function: function.label)
def test_derivatives_by_parameters_are_within_8_ulp(function: Function) -> None:
    """Also in the tail, where p is too small for a double and its derivative is not."""
    for parameter in function.parameters:
        for row in rows(function):
            exact = evaluate(function.activation.formula, row, function.parameters, by=parameter)
            found = function.derivative_by(parameter, np.array(row))
            for i, jet in enumerate(exact):
                truth = jet.d1 if len(set(row)) > 1 else mpf(0)
                assert ulps(found[i], truth) <= 8, (row, i, found[i], truth)


@pytest.mark.parametrize("function", FORMULAS, ids=lambda function: function.label)
def test_the_text_of_the_derivative_is_the_derivative(function: Function) -> None:
    """What `show` prints is the derivative of each output by its own input, or by the halves a and b."""
    text = function.activation.derivative
    by_halves = re.fullmatch("by a: (.*); by b: (.*)", text)
    for row in rows(function):
        parts = by_halves.groups() if by_halves else [text]
        shown = np.concatenate([evaluate(part, row, function.parameters) for part in parts])
        outputs = len(function.f(np.array(row)))
        for i, value in enumerate(shown):
            exact = [jets(function, row, i)[k].d1 for k in own(i, len(row), outputs)]
            with mpmath.workdps(60):
                off = abs(value.v - sum(exact))
                assert off <= abs(sum(exact)) * mpf(10) ** -25 + mpf(10) ** -50, (row, i)


# Sparse maps: the threshold t by bisection, the derivatives by differences of 10^-30, all in 130 digits.

POWERS = {"sparsemax": (1, 1), "entmax15": (2, 2)}  # f = max(x / divisor - t, 0)^power

SPARSE_ROWS = [
    [0.0],
    [0.0, 0.0],
    [0.25, 0.5],
    [1e-9, 0.0, -1e-9],
    [0.1, 0.35, -0.2, 0.3],
    [1.0, 1e-20],
    [1.5, 0.7, -3.0, 1.0, 0.5],
    [-800.0, 3.0, 2.9],
    [1e308, -1e308, 1e308],
    [0.5, 0.25, 0.125, -0.0625, -1.0, 0.4],
]


def sparse(name: str, row: Sequence[mpf]) -> list[mpf]:
    divisor, power = POWERS[name]
    z = [x / divisor for x in row]
    low, high = max(z) - 1, max(z)
    for _ in range(430):
        t = (low + high) / 2
        low, high = (t, high) if sum(max(x - t, 0) ** power for x in z) > 1 else (low, t)
    return [max(x - low, mpf(0)) ** power for x in z]


@pytest.mark.parametrize("row", SPARSE_ROWS, ids=str)
@pytest.mark.parametrize("name", POWERS)
def test_sparse_maps_agree_with_bisection(name: str, row: list[float]) -> None:
    """f, the Jacobian and f'' of sparsemax and entmax15."""
    function, x = specs.get(name), np.array(row)
    f, df, d2f, jacobian = function.f(x), function.df(x), function.d2f(x), function.jacobian(x)
    digits = 130 if max(abs(x)) < 1e10 else 440
    with mpmath.workdps(digits):
        h = mpf(10) ** -30
        exact = sparse(name, [mpf(number) for number in row])
        for i, (found, truth) in enumerate(zip(f.tolist(), exact, strict=True)):
            assert ulps(found, truth) <= 4, (i, found, truth)
        for j in range(len(row)):
            up, down = (sparse(name, [mpf(v) + s * h * (i == j) for i, v in enumerate(row)]) for s in (1, -1))
            for i in range(len(row)):
                slope = (up[i] - down[i]) / (2 * h)
                assert jacobian[i, j] == pytest.approx(float(slope), rel=1e-15, abs=1e-28), (i, j)
            assert df[j] == jacobian[j, j]
            bend = (up[j] - 2 * exact[j] + down[j]) / h**2
            if exact[j] > 0 and len(row) > 1:
                assert d2f[j] == pytest.approx(float(bend), rel=1e-14, abs=1e-14)


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


@pytest.mark.parametrize("spread", [0.1, 5.0, 100.0])
def test_wide_rows_lose_nothing_in_their_sums(spread: float) -> None:
    """10,000 columns: softmax, its f', log_softmax and the logarithms within 4 ulp of mpmath's sums."""
    x = np.random.default_rng(3).normal(size=10_000) * spread - 2.0
    with mpmath.workdps(80):
        e = [mpmath.exp(mpf(number)) for number in x.tolist()]
        total = mpmath.fsum(e)
        assert ulps(specs.get("logsumexp").f(x)[0], mpmath.log(total)) <= 4
        assert ulps(specs.get("logmeanexp").f(x)[0], mpmath.log(total / len(e))) <= 4
        figures = {name: (specs.get(name).f(x), specs.get(name).df(x)) for name in ("softmax", "log_softmax")}
        largest = int(np.argmax(x))
        for i in [*range(0, len(e), 97), largest]:
            p = e[i] / total
            assert ulps(figures["softmax"][0][i], p) <= 4
            assert ulps(figures["softmax"][1][i], p * (1 - p)) <= 4
            assert ulps(figures["log_softmax"][0][i], mpmath.log(p)) <= 4
            assert ulps(figures["log_softmax"][1][i], 1 - p) <= 4


def test_logmeanexp_of_equal_entries_is_that_entry() -> None:
    """To the last bit, as log(3 exp(x) / 3) would not be."""
    for x in (0.1, -7.3, 1e-300, 1e308):
        assert specs.get("logmeanexp").f([x, x, x]).tolist() == [x]


@pytest.mark.parametrize("activation", GATED, ids=lambda activation: activation.name)
def test_odd_rows_have_no_halves(activation: Activation) -> None:
    """Said by f and by the derivatives."""
    function = activation.bind()
    for call in (function.f, function.df, function.d2f, lambda x: function.jacobian(np.array(x))):
        with pytest.raises(DataError, match="3 numbers have none"):
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


TABLE = b"t,h0,h1,u,h2,h3\na,1,2,9,0,0\nb,0,0,8,,0\nc,-5,4,7,0,-inf\n"


def test_eval_replaces_the_picked_columns_by_the_outputs(cli: Cli) -> None:
    """They stand where the first picked column stood, named after what they came from; others are untouched."""
    assert cli.ok("eval", "glu", "-c", "h*", stdin=TABLE) == (
        't,"glu(h0,h2)","glu(h1,h3)",u\na,0.5,1.0,9\nb,,,8\nc,-2.5,0.0,7\n'
    )
    assert cli.ok("eval", "maxout:2", "-c", "h*", stdin=TABLE).splitlines()[:2] == [
        "t,maxout:num_units=2.0(1),maxout:num_units=2.0(2),u",
        "a,1.0,2.0,9",
    ]
    assert cli.ok("eval", "logsumexp", "-c", "h2:h3", stdin=TABLE) == (
        f"t,h0,h1,u,logsumexp\na,1,2,9,{math.log(2)}\nb,0,0,8,\nc,-5,4,7,0.0\n"
    )
    assert cli.ok("eval", "crelu", "-c", "h1", stdin=TABLE) == (
        "t,h0,crelu(1),crelu(2),u,h2,h3\na,1,2.0,0.0,9,0,0\nb,0,0.0,0.0,8,,0\nc,-5,4.0,0.0,7,0,-inf\n"
    )


def test_eval_appends_the_outputs(cli: Cli) -> None:
    """--append keeps every input."""
    text = cli.ok("eval", "glu", "-c", "h*", "--append", stdin=TABLE)
    assert text.splitlines()[:2] == ['t,h0,h1,u,h2,h3,"glu(h0,h2)","glu(h1,h3)"', "a,1.0,2.0,9,0.0,0.0,0.5,1.0"]


def test_outputs_in_other_formats(cli: Cli, tmp_path: Path) -> None:
    """JSON and Parquet bear the names, NPY and CSV without a header do without."""
    assert json.loads(cli.ok("eval", "glu", "-c", "h*", "-f", "json", stdin=TABLE))[0] == {
        "t": "a",
        "glu(h0,h2)": 0.5,
        "glu(h1,h3)": 1.0,
        "u": "9",
    }
    parquet, npy = str(tmp_path / "out.parquet"), str(tmp_path / "out.npy")
    cli.ok("eval", "crelu", "-c", "h*", "-o", parquet, stdin=b"h0,u,h1\n1,x,-2\n3,y,0\n")
    assert cli.ok("eval", "identity", parquet, "-c", "crelu*") == (
        "crelu(1),crelu(2),crelu(3),crelu(4),u\n1.0,0.0,0.0,2.0,x\n3.0,0.0,0.0,0.0,y\n"
    )
    cli.ok("eval", "logsumexp", "-o", npy, stdin=b"0,0\n-inf,3\n")
    np.testing.assert_array_equal(np.load(npy), [[math.log(2)], [3.0]])
    assert cli.ok("eval", "glu", stdin=b"4,0\n6,0\n") == "2.0\n3.0\n"


def test_numbers_are_one_row(cli: Cli) -> None:
    """eval has a line an output, grad a line an input, with the output that it belongs to."""
    assert cli.ok("eval", "glu", "4", "6", "0", "0") == "output,f\n1,2.0\n2,3.0\n"
    assert cli.ok("eval", "crelu", "2", "-3") == "output,f\n1,2.0\n2,0.0\n3,0.0\n4,3.0\n"
    assert cli.ok("grad", "glu", "4", "6", "0", "0") == "x,f,df\n4.0,2.0,0.5\n6.0,3.0,0.5\n0.0,2.0,1.0\n0.0,3.0,1.5\n"
    assert cli.ok("grad", "crelu", "2", "-3") == "x,f,df\n2.0,2.0,1.0\n-3.0,3.0,-1.0\n"
    assert cli.ok("grad", "logsumexp", "0", "0").splitlines()[1:] == [f"0.0,{math.log(2)},0.5"] * 2
    assert cli.ok("eval", "hardmax", "1", "2") == "x,f\n1.0,0.0\n2.0,1.0\n"


def test_grad_of_tables_has_one_value_an_input(cli: Cli) -> None:
    """The columns stay as they are, whatever the number of outputs; the Jacobian has a line an output."""
    assert cli.ok("grad", "glu", "-c", "h0:h1", stdin=TABLE).splitlines()[0] == "t,h0,h1,u,h2,h3"
    assert cli.ok("grad", "glu", stdin=b"a,b\n4,0\n") == "a,b\n0.5,1.0\n"
    assert cli.ok("grad", "glu", "--jacobian", stdin=b"a,b,c,d\n4,6,0,0\n") == (
        'row,output,d/da,d/db,d/dc,d/dd\n1,"a,c",0.5,0.0,1.0,0.0\n1,"b,d",0.0,0.5,0.0,1.5\n'
    )
    assert cli.ok("grad", "logsumexp", "--jacobian", "0", "0") == "row,output,d/d1,d/d2\n1,logsumexp,0.5,0.5\n"


@pytest.mark.parametrize(
    "arguments", [("eval", "glu"), ("grad", "glu"), ("grad", "glu", "--jacobian"), ("saturation", "glu")], ids=" ".join
)
def test_an_odd_number_of_columns_is_said(cli: Cli, arguments: tuple[str, ...]) -> None:
    """One error, whatever the command."""
    assert "3 numbers have none" in cli.fails(1, *arguments, stdin=b"a,b,c\n1,2,3\n")


def test_outputs_of_another_number_are_shared_by_the_inputs() -> None:
    """Halves and groups in turn, one for all, and the sum of two of which one is 0."""
    assert own_outputs(np.array([[1.0, 2.0]]), 4).tolist() == [[1, 2, 1, 2]]
    assert own_outputs(np.array([5.0]), 3).tolist() == [5, 5, 5]
    assert own_outputs(np.array([[1.0, 0.0, 0.0, 3.0]]), 2).tolist() == [[1, 3]]
    assert own_outputs(np.array([1.0, 2.0]), 2).tolist() == [1, 2]


def test_a_gated_layer_is_diagnosed() -> None:
    """By hand: where b is far below 0 the gate is shut, for a and for b; |f| counts for both halves."""
    x = np.array([[1.0, 3.0, -50.0, 0.0], [2.0, -3.0, -60.0, 0.0], [math.nan, 1.0, 1.0, 1.0]])
    probe = Probe.of(specs.get("glu"), Thresholds())
    found = diagnosis.diagnose(probe, [("layer", ["a1", "a2", "b1", "b2"], probe.measure(x))])
    assert [neuron.dead for neuron in found.neurons] == [True, False, True, False]
    assert [neuron.dormant for neuron in found.neurons] == [True, False, True, False]
    assert [neuron.mean_abs_output for neuron in found.neurons][1::2] == [1.5, 1.5]
    assert [neuron.mean_abs_gradient for neuron in found.neurons][1::2] == [0.5, 0.75]
    (layer,) = found.layers
    assert (layer.vanishing_ratio, layer.vanishing_rows, layer.non_finite) == (0.5, 0, 1)


def test_saturation_and_compare_on_a_table(cli: Cli, tmp_path: Path) -> None:
    """The commands take functions of any number of outputs, side by side."""
    table = tmp_path / "layer.csv"
    table.write_text("a1,a2,b1,b2\n1,3,-50,0\n2,-3,-60,0\n")
    document = json.loads(cli.ok("saturation", "glu", str(table), "-f", "json"))
    assert [neuron["neuron"] for neuron in document["neurons"] if neuron["dead"]] == ["a1", "b1"]
    assert document["layers"][0]["vanishing_ratio"] == 0.5
    names = ["glu", "swiglu", "logsumexp", "crelu", "maxout:num_units=2"]
    rows = cli.ok("compare", *names, "-i", str(table)).splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {specs.get(name).label.split(",")[0] for name in names}


@pytest.mark.parametrize("activation", ROWWISE, ids=lambda activation: activation.name)
def test_figures_of_one_number_are_absent(activation: Activation) -> None:
    """Only the range is told of a function of rows; values keep to it."""
    function = activation.bind()
    found = profile(function, 1e-3)
    assert (found.at_zero, found.monotone, found.means.mean, found.regions) == (None, None, None, ())
    outputs = function.f(np.random.default_rng(4).normal(size=(50, 6)) * 10)
    assert found.range[0] <= outputs.min()
    assert outputs.max() <= found.range[1]
