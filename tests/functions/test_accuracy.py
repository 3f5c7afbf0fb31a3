"""Every function of the registry against its own formula, evaluated and differentiated by mpmath."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from support.oracle import Jet, evaluate, ulps

from actcli.activation import Activation, Function
from actcli.errors import UsageError
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

ELEMENTWISE = [activation for activation in ACTIVATIONS if activation.kind == "elementwise"]

# A constant or a parameter multiplies x inside their exponential: 8 ulp instead of 4 (DESIGN, section 4).
WIDER = dict.fromkeys(["gelu_tanh", "quick_gelu", "swish_beta", "softplus", "celu"], 8.0)


def settings_of(activation: Activation) -> list[Function]:
    """The function at its defaults and at up to three other legal settings."""
    functions = [activation.bind()]
    candidates = (0.3, 2.5, -0.7, 20.0)
    for first in range(len(candidates)):
        drawn = zip(activation.parameters, candidates[first:] + candidates[:first], strict=False)
        values = {p.name: candidate for p, candidate in drawn if candidate in p.domain}
        with suppress(UsageError):  # a constraint between the parameters
            if values:
                functions.append(activation.bind(values))
    return functions[:4]


ALL = [function for activation in ELEMENTWISE for function in settings_of(activation)]


def points(function: Function) -> np.ndarray:
    """All magnitudes of both signs, the curved part densely, and beside every break; the breaks themselves not."""
    rng = np.random.default_rng(20261120)
    positive = [5e-324, 3e-320, 2.3e-308, 1e-300, 709.5, 720.3, 745.2, 1e5, 2.0**53, 1e155, 1.7976931348623157e308]
    positive += list(10.0 ** rng.uniform(-25, 3, 40))
    positive += list(rng.uniform(0, 6, 60)) + list(rng.uniform(6, 50, 30)) + list(rng.uniform(50, 750, 25))
    chosen = {sign * x for x in positive for sign in (-1.0, 1.0)} | {0.0}
    for b in function.breaks:
        chosen |= {float(np.nextafter(b, -math.inf)), float(np.nextafter(b, math.inf)), b - 1e-9, b + 1e-9}
    if function != function.activation.bind():
        chosen = set(sorted(chosen)[::2])  # at settings other than the defaults half of them
    low, high = function.activation.domain
    if function.activation.window is not None:  # it oscillates: accurate for |a * x| up to 2^20
        high = 2.0**20 / max(1.0, *(abs(value) for value in function.parameters.values()), 1.0)
        low = -high
    return np.array(sorted(x for x in chosen - set(function.breaks) if low < x < high))


def truth(function: Function, quantity: str, x: float) -> mpmath.mpf:
    """f, df, d2f, or the derivative by the parameter of that name."""
    jet = _jet(function, x, quantity if quantity in function.parameters else "x")
    return {"f": jet.v, "d2f": jet.d2}.get(quantity, jet.d1)


@lru_cache(maxsize=4096)  # one jet tells f, f' and f''
def _jet(function: Function, x: float, by: str) -> Jet:
    return evaluate(function.activation.formula, x, function.parameters, by)


def error(function: Function, quantity: str, x: float, computed: float, allowed: float) -> float:
    """The error in ulp; near a change of sign in ulp of the largest true value within a factor of 1.5 of x."""
    exact = truth(function, quantity, x)
    found = ulps(computed, exact)
    if found <= allowed or not math.isfinite(found):
        return found
    around = [x * factor for factor in np.geomspace(1 / 1.5, 1.5, 13).tolist()]
    near = [truth(function, quantity, at) for at in around if math.isfinite(at)]
    if min(near) < 0 < max(near):
        found = float(abs(computed - exact) / math.ulp(float(max(abs(value) for value in near))))
    for b in function.breaks:
        # A break that is no double moves by half an ulp, and f beside it with it.
        if quantity == "f" and abs(x - b) <= 4 * math.ulp(b):
            found = min(found, float(abs(computed - exact) / (math.ulp(b) * max(1.0, abs(function.df(x))))))
    return found


def computed(function: Function, quantity: str, x: np.ndarray) -> np.ndarray:
    if quantity in function.parameters:
        return np.asarray(function.derivative_by(quantity, x))
    return np.asarray(getattr(function, quantity)(x))


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_every_figure_is_within_a_few_ulp_over_all_doubles(function: Function) -> None:
    """f, f', f'' and the derivative by each parameter agree with the formula at every magnitude."""
    allowed = WIDER.get(function.name, 4.0)
    x = points(function)
    bad = []
    for quantity in ("f", "df", "d2f", *function.parameters):
        for at, value in zip(x.tolist(), computed(function, quantity, x).tolist(), strict=True):
            found = error(function, quantity, at, value, allowed)
            if not found <= allowed:
                bad.append(f"{quantity}({at!r}) = {value!r}, off by {found:.3g} ulp")
    assert not bad, "\n".join(bad[:20])


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_the_text_of_the_derivative_is_the_derivative(function: Function) -> None:
    """The `derivative` that is shown equals the formula's, to 25 digits."""
    activation = function.activation
    for x in points(function)[::7].tolist():
        shown = evaluate(activation.derivative, x, function.parameters).v
        exact = evaluate(activation.formula, x, function.parameters).d1
        assert abs(shown - exact) <= 1e-25 * abs(exact) + mpmath.mpf(10) ** -400, (x, shown, exact)


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_infinities_give_the_limits_and_nan_gives_nan(function: Function) -> None:
    """f at the infinities is the declared limit, the derivatives are those at +-1e300 or infinite, NaN stays NaN."""
    np.testing.assert_array_equal([function.f(-math.inf), function.f(math.inf)], function.limits)
    for x, limit in zip((-math.inf, math.inf), function.limits or (), strict=True):
        for quantity in ("df", "d2f", *function.parameters):
            found = computed(function, quantity, np.array([x]))[0]
            if math.isnan(limit):  # outside the domain, or oscillating
                assert math.isnan(found)
                continue
            exact = truth(function, quantity, math.copysign(1e300, x))
            if function.activation.window is not None:
                others = [truth(function, quantity, math.copysign(m, x)) for m in (1.1e300, 1.3e300, 1.7e300)]
                if not all(float(o) == pytest.approx(float(exact), rel=1e-14, abs=1e-140) for o in others):
                    assert math.isnan(found)  # it oscillates for ever
                    continue
            if abs(exact) > 1e140:
                assert found == math.copysign(math.inf, exact)
            else:
                assert found == pytest.approx(float(exact), rel=1e-14, abs=1e-140)
    for quantity in ("f", "df", "d2f", *function.parameters):
        assert math.isnan(computed(function, quantity, np.array([math.nan]))[0]), quantity


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_breaks_are_where_the_formula_has_them(function: Function) -> None:
    """At a break each figure is the true one of one of its sides, or lies between them."""
    for b in function.breaks:
        sides = [float(np.nextafter(b, -math.inf)), float(np.nextafter(b, math.inf))]
        for quantity in ("f", "df", "d2f"):
            low, high = sorted(float(truth(function, quantity, side)) for side in sides)
            slack = 1e-12 * max(1.0, abs(low), abs(high))
            assert low - slack <= computed(function, quantity, np.array([b]))[0] <= high + slack, (b, quantity)


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
