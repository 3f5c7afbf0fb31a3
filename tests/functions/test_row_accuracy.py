"""Functions of rows: values and derivatives against mpmath."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from support.oracle import evaluate, ulps
from support.rows import FORMULAS, jets, own, rows
from support.sweep import part

from actcli.activation import Function
from actcli.registry import specs

# A parameter multiplies x inside the exponential: 8 ulp instead of 4.
WIDER = {"gumbel_softmax": 8.0}


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


@pytest.mark.sweep
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
                if len(row) == 1 and abs(jet.d1) < 1e-100:  # the rounding of the truth, where shares of one are 1
                    assert jacobian[k, i] == 0.0
                    continue
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


@pytest.mark.sweep
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


@pytest.mark.sweep
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


@pytest.mark.sweep
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


@pytest.mark.sweep
@pytest.mark.parametrize("row", part(SPARSE_ROWS, 4), ids=str)
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
