"""Parameters and inputs at the ends of the doubles: no warning, and the figures of exact arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.accuracy import computed, truth
from support.sweep import part

from actcli.activation import Activation, Function
from actcli.errors import UsageError
from actcli.registry.collection import ACTIVATIONS

SIZES = [0.0, 5e-324, 1e-308, 1e-300, 1e-160, 1e-10, 0.5, 3.0, 1e5, 1e100, 1e154, 1e160, 1e300, 1e305, 1.7e308]
X = np.array([-s for s in [math.inf, *SIZES[::-1]]] + [*SIZES, 1.0, 20.0, -1.0, -20.0, -800.0, math.inf, math.nan])
# The breaks of clipped_gelu are solved for, with hundreds of digits at each of its parameters.
WITH_PARAMETERS = [a for a in ACTIVATIONS if a.kind == "elementwise" and a.parameters and a.name != "clipped_gelu"]
ENDLESS = ("sine", "snake")  # whose phase may be no double, so that they have no value


def functions(activation: Activation) -> list[Function]:
    """With each parameter at each extreme that is legal."""
    found = []
    for parameter in activation.parameters:
        for size in SIZES:
            for value in (size, -size):
                try:
                    found.append(activation.bind({parameter.name: value}))
                except UsageError:
                    continue
    return found


@pytest.mark.parametrize("activation", WITH_PARAMETERS, ids=lambda activation: activation.name)
def test_kernels_warn_of_nothing_and_give_numbers(activation: Activation) -> None:
    for function in functions(activation):
        with np.errstate(divide="raise", invalid="raise"):
            for quantity in ("f", "df", "d2f", *function.parameters):
                found = computed(function, quantity, X)
                numbers = ~np.isnan(X) & (np.isfinite(X) | (function.name not in ENDLESS))
                if function.name not in ENDLESS:
                    assert not np.isnan(found[numbers]).any(), (function.label, quantity)
            assert all(math.isfinite(at) for at in function.breaks)
            assert function.range is None or len(function.range) == 2


@pytest.mark.sweep
@pytest.mark.parametrize(
    "activation", [a for a in WITH_PARAMETERS if a.name != "laplace_activation"], ids=lambda activation: activation.name
)
def test_kernels_at_extremes_are_those_of_exact_arithmetic(activation: Activation) -> None:
    """f and f' at what extreme parameters leave of moderate arguments, to ten digits or some of the smallest steps."""
    bad = []
    for function in part(functions(activation), 11):
        for quantity in ("f", "df"):
            for x in part(X[np.isfinite(X)].tolist(), 3):
                if any(abs(x - b) <= 1e-6 * abs(b) for b in function.breaks):
                    continue
                value, exact = float(computed(function, quantity, np.array([x]))[0]), truth(function, quantity, x)
                if function.name in ENDLESS and not abs(x * max(map(abs, function.parameters.values()))) < 2.0**20:
                    continue  # beyond the phases that they are accurate for
                if not abs(value - float(exact)) <= 1e-10 * abs(float(exact)) + 1e-320 and value != float(exact):
                    bad.append(f"{function.label} {quantity}({x!r}) = {value!r}, not {float(exact)!r}")
    assert not bad, f"{len(bad)}\n" + "\n".join(bad[:40])


@pytest.mark.parametrize(
    ("spec", "values", "x", "f"),
    [
        ("sinc", {}, 0.0, 1.0),
        ("sinc", {}, -1e-10, 1.0),
        ("sinc", {}, 5e-324, 1.0),
        ("swish_beta", {"beta": 1e308}, 1.0, 1.0),
        ("swish_beta", {"beta": 1e305}, -1.0, -0.0),
        ("softplus", {"beta": 1e-308}, 1e308, 1.3132616875182228e308),
        ("softplus", {"beta": 1e-308}, -1e308, 3.132616875182228e307),
        ("celu", {"alpha": 1e308}, -1e308, -6.321205588285577e307),
        ("hard_sigmoid", {"alpha": 1e-308}, 1e307, 0.6),
        ("hard_sigmoid", {}, -2.9999999999999996, 7.401486830834377e-17),
        ("laplace_activation", {"mu": 0.0, "sigma": 1e308}, 1e308, 0.8413447460685429),
        ("squareplus", {"b": 1e308}, 1e154, 1.2071067811865475e154),
        ("selu", {"scale": 1.7e308}, -5e-324, -1.405393203643597e-15),
        ("xielu", {"alpha_n": 1e305}, -1e-300, 4.99995e-296),
    ],
)
def test_scaled_alike_functions_keep_their_values(spec: str, values: dict[str, float], x: float, f: float) -> None:
    """Softplus, CELU and their like at 1e308 are those at 1, scaled."""
    function = next(a for a in ACTIVATIONS if a.name == spec).bind(values)
    assert function.f(x) == (f if spec == "sinc" else pytest.approx(f, rel=1e-14))
