"""Expressions as activations: values and exact derivatives against mpmath, kinks by hand, and poles."""

from __future__ import annotations

import math
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.accuracy import computed
from support.expressions import everywhere, spec
from support.oracle import evaluate
from support.running_error import UNIT, jet_with_bounds
from support.sweep import part

from actcli.analysis.meanfield import mean_field
from actcli.analysis.profile import Network, profile
from actcli.analysis.regions import saturated_sides, shape
from actcli.expressions.activation import instability
from actcli.registry import specs

# Evaluated as they stand by the oracle: its grammar and that of expressions are one.
TEXTS: list[tuple[str, dict[str, float]]] = [
    ("x", {}),
    ("2*x - 3", {}),
    ("x*tanh(log(1+exp(x)))", {}),
    ("max(0,x) + a*min(0,x)", {"a": 0.05}),
    ("where(x > t, x, t + a*(exp(x-t)-1))", {"t": 0.5, "a": 0.7}),
    ("x / (1 + exp(-b*x))", {"b": 1.3}),
    ("x**3 / (1 + x**2) - exp(-x / c)", {"c": 2.0}),
    ("sqrt(1 + b*x**2)", {"b": 2.0}),
    ("x / sqrt(1 + a*x**2)", {"a": 0.3}),
    ("exp(x) / (2 + exp(x))", {}),
    ("sin(w*x) + cos(x)**2 / w", {"w": 1.7}),
    ("abs(x)*tanh(x) + erf(x / s)", {"s": 1.5}),
    ("log1p(x**2) + expm1(-x**2)", {}),
    ("pi*x - e*abs(x - 1)", {}),
    ("1 / (1 + exp(-x)) * tanh(a*x)", {"a": -0.8}),
    ("exp(-(x - m)**2 / 2)", {"m": 0.25}),
    ("(x*x*x + 2) / (x**4 + 1)", {}),
    ("min(max(x, -1), 1) * (2 + min(x, 3))", {}),
]
X = [-750.5, -41.7, -9.1, -2.75, -1.3, -0.31, -1e-3, -1e-9, 1e-12, 2e-4, 0.17, 0.9, 1.6, 3.4, 7.7, 29.3, 300.25]


@pytest.mark.sweep
@pytest.mark.parametrize(("text", "values"), part(TEXTS, 2))
def test_derivatives_are_exact_to_the_condition_of_the_formula(text: str, values: dict[str, float]) -> None:
    """f, f', f'' and the derivatives by parameters, within the rounding error of the formula."""
    function = specs.get(spec(text, values))
    quantities = [("x", "f", 0), ("x", "df", 1), ("x", "d2f", 2), *((name, name, 1) for name in values)]
    for x in X:
        for by, quantity, place in quantities:
            allowed = jet_with_bounds(text, x, values, by)[place]
            value = float(computed(function, quantity, np.array([x]))[0])
            exact = evaluate(text, x, values, by)
            truth = (exact.v, exact.d1, exact.d2)[place]
            with mpmath.workdps(80):
                slack = 4 * allowed.error * UNIT + 1e-300
                assert abs(mpmath.mpf(value) - truth) <= slack, (x, quantity, value, truth)


@given(st.sampled_from(TEXTS), st.floats(-40, 40), st.sampled_from(["f", "df", "d2f"]))
def test_drawn_numbers(case: tuple[str, dict[str, float]], x: float, quantity: str) -> None:
    text, values = case
    function = specs.get(spec(text, values))
    if any(abs(x - b) < 1e-9 for b in function.breaks):
        return
    place = ["f", "df", "d2f"].index(quantity)
    allowed = jet_with_bounds(text, x, values)[place]
    exact = evaluate(text, x, values)
    with mpmath.workdps(80):
        off = abs(mpmath.mpf(getattr(function, quantity)(x)) - (exact.v, exact.d1, exact.d2)[place])
        assert off <= 4 * allowed.error * UNIT + 1e-300


KINKS = [
    ("max(0,x)+a*min(0,x):a=0.05", [0.0]),
    ("abs(x-1)-max(0,x)", [0.0, 1.0]),
    ("max(x**2-2, 0)", [-math.sqrt(2), math.sqrt(2)]),
    ("relu6(2*x+1)", [-0.5, 2.5]),
    ("where(x>3, x, elu(x))", [0.0, 3.0]),
    ("where(x>3, x, abs(x-5))", [3.0]),
    ("max(x, abs(x-10))", [5.0]),
    ("1/(x-2)", [2.0]),
    ("abs(x)**1.5", [0.0]),
    ("tanh(max(0,x))", [0.0]),
    ("hard_tanh(x/t):t=3", [-3.0, 3.0]),
    ("x*sigmoid(x)", []),
    ("max(x-1e-300, 0)", [1e-300]),
    ("max(x-1e300, 0)", [1e300]),
]


@pytest.mark.parametrize(("text", "expected"), KINKS)
def test_kinks(text: str, expected: list[float]) -> None:
    """By hand, to 1 ulp."""
    assert list(specs.get(text).breaks) == pytest.approx(expected, rel=2.3e-16, abs=0.0)


def test_the_value_at_a_kink_is_that_of_the_tree() -> None:
    """max and min take the first in a tie, abs gives 0, where follows its condition; relu is as in PyTorch."""
    for text, at, slope in [
        ("max(0,x)", 0.0, 0.0),
        ("max(x,0)", 0.0, 1.0),
        ("min(0,x)", 0.0, 0.0),
        ("abs(x)", 0.0, 0.0),
        ("where(x>0,x,2*x)", 0.0, 2.0),
        ("where(x>=0,x,2*x)", 0.0, 1.0),
    ]:
        assert specs.get(text).df(at) == slope


# By hand: f at -1e200 and 1e200, where something on the way overflows.
FAR = [
    ("x**2*exp(-x**2)", 0.0, 0.0),
    ("x/sqrt(1+x**2)", -1.0, 1.0),
    ("exp(x)/(2+exp(x))", 0.0, 1.0),
    ("tanh(exp(x))", 0.0, 1.0),
    ("log(2+exp(x))", math.log(2), 1e200),
    ("sqrt(1+x**2)", 1e200, 1e200),
    ("x - sqrt(abs(x))", -1e200, 1e200),
    ("x**2/(1+x**2)", 1.0, 1.0),
    ("x*exp(-x)", -math.inf, 0.0),
    ("exp(-exp(-x))", 0.0, 1.0),
    ("(2+exp(x))/(1+exp(2*x))", 2.0, 0.0),
    ("x**3/(1+x**2)", -1e200, 1e200),
    ("x*((1+exp(x))**2-1)/((1+exp(x))**2+1)", 0.0, 1e200),
    ("x*(exp(2*x)+2*exp(x))/(exp(2*x)+2*exp(x)+2)", 0.0, 1e200),
]


@pytest.mark.parametrize(("text", "low", "high"), FAR)
def test_an_intermediate_overflow_is_continued(text: str, low: float, high: float) -> None:
    """f and f' are numbers everywhere, with their limits at the infinities, and no instability is reported."""
    function = specs.get(text)
    assert function.f([-1e200, 1e200]) == pytest.approx([low, high], rel=1e-14, abs=1e-99)
    ends = [math.copysign(math.inf, value) if abs(value) > 1.0 and value != 2.0 else value for value in (low, high)]
    assert function.limits == pytest.approx(ends, rel=1e-15)
    assert instability(function) is None
    x = everywhere(function)
    for quantity in ("f", "df"):
        assert not np.isnan(getattr(function, quantity)(x)).any()


def test_unstable_forms_are_named() -> None:
    """A value that cannot be continued stays NaN; the message names the place and the part responsible."""
    lost = specs.get("log(1+x**2)")
    assert math.isnan(lost.f(1e200))
    said = instability(lost)
    assert said is not None
    assert "x**2 overflows" in said
    brought_back = specs.get("exp(2*x)*exp(-x)")
    assert math.isnan(brought_back.f(400.0))  # and not infinite: it is 5e173
    assert brought_back.limits == (0.0, math.inf)
    assert "exp(2 * x) overflows" in (instability(brought_back) or "")
    assert instability(specs.get("x + sin(b*x):b=2")) is None  # looked at within its window
    hole = instability(specs.get("(exp(x)-1)/x"))
    assert hole is not None
    assert "0/0 at x = 0, and 1 next to it" in hole
    assert instability(specs.get("log(x)")) is None  # its domain is its own
    assert instability(specs.get("gelu")) is None


def test_domains() -> None:
    """The domain ends at the last double at which f is a number."""
    assert specs.get("log(x)").activation.domain == (0.0, math.inf)
    assert specs.get("sqrt(1-x**2)").activation.domain == (-1.0, 1.0)
    assert specs.get("sqrt(2-x)").activation.domain == (-math.inf, 2.0)
    assert specs.get("x*sigmoid(x)").activation.domain == (-math.inf, math.inf)
    assert specs.get("x*log(x)").activation.domain == (5e-324, math.inf)
    assert specs.get("(x-1)*log(x-1)").activation.domain == (np.nextafter(1.0, 2.0), math.inf)


def test_multiples_in_the_argument_are_seen() -> None:
    """2x - log(1 + exp(2x)) is -log(1 + exp(-2x)), which subtraction would cancel to 0."""
    exact = -mpmath.log1p(mpmath.exp(-100))
    assert specs.get("2*x - log(1+exp(2*x))").f(50.0) == pytest.approx(float(exact), rel=1e-15)
    assert specs.get("x-1 + log(1+exp(1-x))").f(-99.0) == pytest.approx(-float(exact), rel=1e-15)


def test_the_tail_of_erf() -> None:
    """With a factor other than 1/sqrt(2): erfc, to the condition of its argument."""
    exact = mpmath.erfc(mpmath.mpf(0.7) * 20)
    assert specs.get("1 + erf(0.7*x)").f(-20.0) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("max(x, 0.01*x)", 0.01, 1.0),
        ("min(x, 2*x)", 2.0, 1.0),
        ("where(x > 0.01*x, x, 0.01*x)", 0.01, 1.0),
        ("where(2*x < x, 3*x, x)", 3.0, 1.0),
    ],
)
def test_infinities_are_compared_by_their_limits(text: str, low: float, high: float) -> None:
    """At -inf x and 0.01 x are both infinite, but not tied."""
    function = specs.get(text)
    assert function.df([-math.inf, math.inf]).tolist() == [low, high]


def test_a_side_that_barely_rises_is_saturated() -> None:
    assert saturated_sides(specs.get("max(x, 0.01*x)"), 0.0591).low == ((-math.inf, -5e-324),)


def test_poles() -> None:
    """There is no warning, f is not smooth at a pole, and 1/x does not fall from -1 to 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shapes = {text: shape(specs.get(text)) for text in ("1/x", "log(abs(x))", "exp(x)/x", "exp(1/x)", "log(x)")}
        mean_field(specs.get("exp(1/x)"))
    assert (shapes["1/x"].monotone, shapes["1/x"].smoothness) == ("no", "discontinuous")
    assert shapes["log(abs(x))"].smoothness == "discontinuous"
    assert shapes["log(x)"].monotone == "increasing"


@pytest.mark.parametrize("text", ["1/(x*x)", "1/(x-1)**2", "log(x*x)", "log((x-1)**4)", "1/((x+2)*(x-1)**2)"])
def test_poles_without_a_change_of_sign(text: str) -> None:
    """A square touches 0 where its base crosses 0."""
    assert shape(specs.get(text)).smoothness == "discontinuous"


def test_functions_that_oscillate_have_a_window() -> None:
    assert specs.get("x+sin(a*x)**2/a:a=2").activation.window == (-10.0, 10.0)
    assert specs.get("sin(tanh(x))").activation.window is None


def test_parameters_of_called_functions_keep_their_domain() -> None:
    from actcli.errors import UsageError

    assert specs.get("elu(x, alpha=2*a):a=0.25").f(-1.0) == specs.get("elu:0.5").f(-1.0)
    with pytest.raises(UsageError, match="valid parameters of relu_n"):
        specs.get("relu_n(x, n=2*a):a=-1")


def test_a_profile_of_an_expression() -> None:
    """The profile has everything that a built-in function's has, and the form it is computed by."""
    function = specs.get("x*sigmoid(b*x):b=1")
    assert function.activation.computed == "swish_beta(x, beta=b)"
    found = profile(function, 1e-3, Network())
    assert found.means.mean_square == pytest.approx(mean_field(specs.get("silu")).mean_square, rel=1e-12)


def test_a_spec_is_one_function() -> None:
    """Equal specs are equal functions, so that caches work and a sweep detects a repeated value."""
    assert specs.get("x*sigmoid(b*x):b=1") == specs.get("x*sigmoid(b*x):b=1.0")
    sweep = specs.family("max(0,x)+a*min(0,x):a=0.01|0.1|0.3")
    assert [function.f(-1.0) for function in sweep] == [-0.01, -0.1, -0.3]
    assert sweep[1].label == "max(0,x)+a*min(0,x):a=0.1"


@pytest.mark.parametrize(
    ("spec", "x", "value"),
    [
        ("where(x*exp(x) > exp(x), x, 0)", 800.0, 800.0),
        ("where(x*exp(x) > exp(x), x, 0)", -800.0, 0.0),
        ("where(x*exp(x) > exp(x), x, 0)", math.inf, math.inf),
        ("where(x*exp(x) > 1000*exp(x), x, 0)", 800.0, 0.0),
        ("where(x*exp(x) > 1000*exp(x), x, 0)", 2000.0, 2000.0),
        ("where(x*exp(-x) > exp(-x), x, 0)", 800.0, 800.0),
        ("where(exp(-x) > 0, x, 0)", 800.0, 800.0),
        ("where(2*sinh(x) > cosh(x), 1, x)", 900.0, 1.0),
        ("where(2*sinh(x) > cosh(x), 1, x)", -900.0, -900.0),
        ("where(x**200 > x**201, 1, x)", -1000.0, 1.0),
        ("where(x**200 > x**201, 1, x)", 1000.0, 1000.0),
        ("where(exp(x)**2 - exp(x) > x*exp(x), 1, x)", 800.0, 1.0),
    ],
)
def test_overflow_and_underflow_are_still_compared(spec: str, x: float, value: float) -> None:
    """If both sides are infinite, or 0, their magnitudes decide."""
    function = specs.get(spec)
    assert function.f(x) == value
    assert specs.instability(function) is None


def test_an_undecidable_comparison_is_reported() -> None:
    function = specs.get("where(exp(exp(x)) > exp(exp(x) - 1), x, 0)")
    assert math.isnan(function.f(800.0))
    assert "overflows" in str(specs.instability(function))
