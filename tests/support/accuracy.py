"""Check elementwise functions against their own formulas, evaluated and differentiated by mpmath."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache

import mpmath
import numpy as np
import pytest
from support.oracle import Jet, evaluate, ulps
from support.sweep import number

from actcli.activation import Activation, Function
from actcli.errors import UsageError
from actcli.registry.collection import ACTIVATIONS

ELEMENTWISE = [activation for activation in ACTIVATIONS if activation.kind == "elementwise"]
# Functions in which a constant or parameter multiplies x inside an exponential: 8 ulp instead of 4.
WIDER = dict.fromkeys(["gelu_tanh", "quick_gelu", "swish_beta", "softplus", "celu"], 8.0)


def settings_of(activation: Activation) -> list[Function]:
    """The function at its defaults and at another legal setting; in a sweep, at up to three others."""
    functions = [activation.bind()]
    candidates = (0.3, 2.5, -0.7, 20.0)
    for first in range(len(candidates)):
        drawn = zip(activation.parameters, candidates[first:] + candidates[:first], strict=False)
        values = {p.name: candidate for p, candidate in drawn if candidate in p.domain}
        with suppress(UsageError):  # a constraint between the parameters
            if values:
                functions.append(activation.bind(values))
    return functions[: number(2, 4)]


ALL = [function for activation in ELEMENTWISE for function in settings_of(activation)]


def points(function: Function) -> np.ndarray:
    """Points of all magnitudes and both signs, in a sweep dense in the curved part, and beside (not at) every break."""
    rng = np.random.default_rng(20261120)
    ends = [5e-324, 3e-320, 2.3e-308, 1e-300, 709.5, 720.3, 745.2, 1e5, 2.0**53, 1e155, 1.7976931348623157e308]
    drawn = [*10.0 ** rng.uniform(-25, 3, number(4, 40)), *rng.uniform(0, 6, number(6, 60))]
    drawn += [*rng.uniform(6, 50, number(3, 30)), *rng.uniform(50, 750, number(2, 25))]
    signs = number(1, 2)  # of those that are drawn: in turn in a usual run
    chosen = {sign * x for x in ends for sign in (-1.0, 1.0)} | {0.0}
    chosen |= {float(x) * (-1.0) ** (k + turn) for k, x in enumerate(drawn) for turn in range(signs)}
    for b in function.breaks:
        chosen |= {float(np.nextafter(b, -math.inf)), float(np.nextafter(b, math.inf)), b - 1e-9, b + 1e-9}
    if function != function.activation.bind():
        chosen = set(sorted(chosen)[:: number(4, 2)])  # at settings other than the defaults a part of them
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
    """The error in ulp; near a sign change, in ulp of the largest true value within a factor of 1.5 of x."""
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


def check_values(function: Function) -> None:
    """f, f', f'' and the derivative by each parameter agree with the formula at every magnitude."""
    allowed = WIDER.get(function.name, 4.0)
    x = points(function)
    bad = []
    for quantity in ("f", "df", "d2f", *function.parameters):
        for at, value in zip(x.tolist(), computed(function, quantity, x).tolist(), strict=True):
            if abs(value) < 1e308 and value == float(truth(function, quantity, at)):
                continue  # it is the nearest, as most are: its error need not be known
            found = error(function, quantity, at, value, allowed)
            if not found <= allowed:
                bad.append(f"{quantity}({at!r}) = {value!r}, off by {found:.3g} ulp")
    assert not bad, "\n".join(bad[:20])


def check_text_of_derivative(function: Function) -> None:
    """The declared `derivative` equals that of the formula, to 25 digits."""
    activation = function.activation
    for x in points(function)[:: number(11, 7)].tolist():
        shown = evaluate(activation.derivative, x, function.parameters).v
        exact = evaluate(activation.formula, x, function.parameters).d1
        assert abs(shown - exact) <= 1e-25 * abs(exact) + mpmath.mpf(10) ** -400, (x, shown, exact)


def check_limits(function: Function) -> None:
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


def check_breaks(function: Function) -> None:
    """At a break each value is that of one side, or lies between the two."""
    for b in function.breaks:
        sides = [float(np.nextafter(b, -math.inf)), float(np.nextafter(b, math.inf))]
        for quantity in ("f", "df", "d2f"):
            low, high = sorted(float(truth(function, quantity, side)) for side in sides)
            slack = 1e-12 * max(1.0, abs(low), abs(high))
            assert low - slack <= computed(function, quantity, np.array([b]))[0] <= high + slack, (b, quantity)
