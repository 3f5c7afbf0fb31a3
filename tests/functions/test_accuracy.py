"""Every function of the registry against its own formula, evaluated and differentiated by mpmath."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from support.accuracy import ALL, check_breaks, check_limits, check_text_of_derivative, check_values, computed, error

from actcli.activation import Function
from actcli.functions import stretches
from actcli.registry import specs


@pytest.mark.sweep
@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_every_figure_is_within_a_few_ulp_over_all_doubles(function: Function) -> None:
    check_values(function)


@pytest.mark.sweep
@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_the_text_of_the_derivative_is_the_derivative(function: Function) -> None:
    check_text_of_derivative(function)


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_infinities_give_the_limits_and_nan_gives_nan(function: Function) -> None:
    check_limits(function)


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_breaks_are_where_the_formula_has_them(function: Function) -> None:
    check_breaks(function)


@pytest.mark.parametrize("name", ["MISH", "TANHEXP", "SQRT_SOFTPLUS", "SINC", "SILU"])
def test_second_derivatives_are_accurate_in_and_beside_each_stretch(name: str) -> None:
    """Where polynomials take the place of the closed form: within, and on both sides of their ends."""
    function = specs.get(name.lower())
    found = getattr(stretches, f"{name}_D2")
    ends = [(s.low, s.high) for s in found] if name != "SILU" else [(-1.0, 1.0)]  # which is one in x^2
    beside = [np.nextafter(end, side) for pair in ends for end in pair for side in (-9.0, 9.0)]
    x = np.sort(np.append(np.array(beside), [np.linspace(low, high, 9) for low, high in ends]))
    for at, value in zip(x.tolist(), computed(function, "d2f", x).tolist(), strict=True):
        assert error(function, "d2f", at, value, 4.0) <= 4.0, at


# What autograd of PyTorch gives at the kinks (torch 2.13).
CONVENTIONS = {
    "relu": {0.0: 0.0},
    "relu6": {0.0: 0.0, 6.0: 0.0},
    "leaky_relu": {0.0: 0.01},
    "prelu": {0.0: 0.25},
    "elu:2": {0.0: 2.0},
    "selu": {0.0: 1.7580993408473766},
    "hard_sigmoid": {-3.0: 0.0, 3.0: 0.0},
    "softsign": {0.0: 1.0},
    "softplus:threshold=20": {20.0: 1.0},
}


@pytest.mark.parametrize(("spec", "values"), CONVENTIONS.items())
def test_kinks_follow_pytorch(spec: str, values: dict[float, float]) -> None:
    """f' at a kink is what PyTorch takes there."""
    for x, slope in values.items():
        assert specs.get(spec).df(x) == pytest.approx(slope, rel=1e-8)


def test_the_gradients_that_frameworks_lose() -> None:
    """The tails of sigmoid, tanh, GELU and SiLU keep their digits (values of mpmath at 50 digits)."""
    assert specs.get("sigmoid").df(39.0) == pytest.approx(1.1548224173015786e-17, rel=1e-15)
    assert specs.get("tanh").df(19.5) == pytest.approx(4.6193289700400485e-17, rel=1e-15)
    assert specs.get("gelu").f(-38.0) == pytest.approx(-1.0965104146735e-314, rel=1e-9)
    assert specs.get("silu").f(-740.0) == pytest.approx(-3.073e-319, rel=1e-3)


@pytest.mark.parametrize(
    ("spec", "x", "quantity", "expected"),
    [
        ("swish_beta:beta=1e-98", -2e276, "f", 0.0),
        ("swish_beta:beta=1e-98", -2e276, "beta", 0.0),
        ("quick_gelu:alpha=1e91", -1.3e185, "d2f", 0.0),
        ("laplace_activation:mu=1,sigma=1e-18", 0.0, "f", 0.0),
        ("laplace_activation:mu=1,sigma=1e-18", 0.0, "df", 0.0),
        ("laplace_activation:mu=1,sigma=1e-18", math.inf, "f", 1.0),
        ("laplace_activation:sigma=1e200", 1.0, "d2f", 0.0),
    ],
)
def test_parameters_of_any_size(spec: str, x: float, quantity: str, expected: float) -> None:
    """Far out in a tail nothing is left, whatever the scale of the parameter."""
    assert computed(specs.get(spec), quantity, np.array([x]))[0] == expected


def test_a_gain_too_small_for_a_double_is_0() -> None:
    """sqrt(2 / (1 + 1e600))."""
    assert specs.get("leaky_relu:negative_slope=1e300").gain == 0.0


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_shapes_and_numbers_are_kept(function: Function) -> None:
    """A number gives a number, an array an array of its shape, in any memory order, with the same values."""
    x = np.linspace(-3, 3, 24).reshape(4, 6)
    expected = function.f(x)
    assert expected.shape == (4, 6)
    np.testing.assert_array_equal(function.f(np.asfortranarray(x)), expected)
    assert isinstance(function.f(1.0), float)
    assert function.f([]).shape == (0,)


@pytest.mark.parametrize("function", [f for f in ALL if not f.breaks], ids=lambda function: function.label)
def test_a_smooth_function_is_monotone_where_its_derivative_has_one_sign(function: Function) -> None:
    """Between doubles far enough apart f moves the way f' points."""
    x = np.linspace(-5, 5, 401)
    f, df = function.f(x), function.df(x)
    for (a, fa, da), (b, fb, db) in pairwise(zip(x, f, df, strict=True)):
        if da > 0 and db > 0:
            assert fb > fa or da * (b - a) < 4 * math.ulp(fa), (a, b)
        if da < 0 and db < 0:
            assert fb < fa or -da * (b - a) < 4 * math.ulp(fa), (a, b)
