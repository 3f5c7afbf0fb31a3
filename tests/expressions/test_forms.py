"""Expressions that equal a built-in function, and the functions of the registry as expressions."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest
from support.accuracy import ELEMENTWISE, WIDER, computed, error
from support.expressions import everywhere, spec
from support.run import DATA, Cli
from support.running_error import UNIT, jet_with_bounds
from support.sweep import part

from actcli.activation import Activation
from actcli.analysis.meanfield import mean_field
from actcli.analysis.regions import saturated_sides, shape, vanishing_regions
from actcli.expressions.activation import instability
from actcli.registry import specs

# Forms that people write, and the built-in function that each of them is.
SAME = [
    ("x*tanh(softplus(x))", "mish"),
    ("x * tanh(log(1 + exp(x)))", "mish"),
    ("x*tanh(log1p(exp(x)))", "mish"),
    ("x*sigmoid(x)", "silu"),
    ("x/(1+exp(-x))", "silu"),
    ("x*exp(x)/(1+exp(x))", "silu"),
    ("x*sigmoid(1.702*x)", "quick_gelu"),
    ("log(cosh(x))", "logcosh"),
    ("log(1+exp(x))", "softplus"),
    ("-log(1+exp(-x))", "log_sigmoid"),
    ("log(sigmoid(x))", "log_sigmoid"),
    ("1/(1+exp(-x))", "sigmoid"),
    ("exp(x)/(1+exp(x))", "sigmoid"),
    ("1 - sigmoid(-x)", "sigmoid"),
    ("(exp(x)-exp(-x))/(exp(x)+exp(-x))", "tanh"),
    ("2/(1+exp(-2*x)) - 1", "tanh"),
    ("(1-exp(-2*x))/(1+exp(-2*x))", "tanh"),
    ("x - tanh(x)", "tanhshrink"),
    ("0.5*x*(1+erf(x/sqrt(2)))", "gelu"),
    ("x*normal_cdf(x)", "gelu"),
    ("0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x**3)))", "gelu_tanh"),
    ("x/(1+abs(x))", "softsign"),
    ("(x+sqrt(x**2+4))/2", "squareplus"),
    ("log(1-exp(-x))", "log1mexp"),
    ("x*tanh(exp(x))", "tanhexp"),
    ("sin(pi*x)/(pi*x)", "sinc"),
    ("max(0,x)", "relu"),
    ("where(x>0,x,0.5*(exp(x)-1))", "elu:0.5"),
    ("elu(x, alpha=0.5)", "elu:0.5"),
    ("elu(x, 0.5)", "elu:0.5"),
    ("max(0,x)+a*min(0,x):a=0.25", "prelu"),
    ("min(max(x,-1),1)", "hard_tanh"),
    ("max(0, min(6, x))", "relu6"),
    ("max(0,x)**2", "squared_relu"),
    ("where(abs(x)>0.5, x, 0)", "hardshrink"),
    ("hardsigmoid(x)", "hard_sigmoid"),
    ("log1p(exp(-abs(x)))+max(x,0)", "softplus"),
    ("max(0,x) + log(1+exp(-abs(x)))", "softplus"),
    ("x+log(1+exp(-x))", "softplus"),
    ("min(x,0)-log1p(exp(-abs(x)))", "log_sigmoid"),
    ("x+softplus(-2*x)-log(2)", "logcosh"),
    ("abs(x)+log1p(exp(-2*abs(x)))-log(2)", "logcosh"),
    ("softplus(2*x)-x-log(2)", "logcosh"),
    ("0.5+0.5*tanh(0.5*x)", "sigmoid"),
    ("1/(1+e**(-x))", "sigmoid"),
    ("where(x>=0, 1/(1+exp(-x)), exp(x)/(1+exp(x)))", "sigmoid"),
    ("0.5*x*(1+erf(sqrt(0.5)*x))", "gelu"),
    ("x*(0.5+0.5*erf(x/sqrt(2)))", "gelu"),
    ("0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x*x*x)))", "gelu_tanh"),
    ("0.5*(x+sqrt(x*x+4))", "squareplus"),
    ("sqrt(x**2)", "abs"),
    ("max(x,0.01*x)", "leaky_relu"),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("text", "name"), part(SAME, 2))
def test_a_form_is_its_built_in_function(text: str, name: str) -> None:
    """Within a few ulp over all doubles and at the infinities, breaks included, without warnings or NaN."""
    form, known = specs.get(text), specs.get(name)
    x = everywhere(known)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for quantity in ("f", "df", "d2f"):
            x = x if quantity == "f" else x[~np.isin(x, known.breaks)]  # conventions differ
            ours, theirs = getattr(form, quantity)(x), getattr(known, quantity)(x)
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
            np.testing.assert_allclose(ours, theirs, rtol=1e-15, atol=5e-324 if quantity == "f" else 1e-300)
    assert instability(form) is None
    assert form.breaks == known.breaks
    assert form.limits == pytest.approx(known.limits, nan_ok=True)


@pytest.mark.sweep
@pytest.mark.parametrize(("text", "name"), part(SAME, 6))
def test_regions_and_means_are_those_of_the_built_in(text: str, name: str) -> None:
    form, known = specs.get(text), specs.get(name)
    for epsilon in (1e-3, 1e-30):
        ours, theirs = vanishing_regions(form, epsilon), vanishing_regions(known, epsilon)
        assert [region.kind for region in ours] == [region.kind for region in theirs]
        for a, b in zip(ours, theirs, strict=True):
            assert (a.start, a.stop) == pytest.approx((b.start, b.stop), rel=1e-12)
    left, right = shape(form), shape(known)
    assert left.range == pytest.approx(right.range, rel=1e-14)
    assert (left.monotone, left.smoothness) == (right.monotone, right.smoothness)
    assert left.sup_gradient == pytest.approx(right.sup_gradient, rel=1e-14)
    means, others = mean_field(form), mean_field(known)
    for field in ("mean", "mean_square", "mean_square_gradient"):
        mine, theirs = getattr(means, field), getattr(others, field)
        assert mine == theirs or mine == pytest.approx(theirs, rel=1e-11, abs=1e-15)
    if not known.breaks:
        assert saturated_sides(form, 0.0591) == saturated_sides(known, 0.0591)


@pytest.mark.sweep
@pytest.mark.parametrize("activation", part(ELEMENTWISE, 2), ids=lambda activation: activation.name)
def test_the_formula_of_a_function_is_an_expression(activation: Activation) -> None:
    """The formulas of the registry are valid expressions: what `show` prints can be evaluated."""
    known = activation.bind()
    values = {name: value for name, value in known.values if math.isfinite(value)}
    if len(values) < len(known.parameters):
        return  # infinity is no number of the grammar
    form = specs.get(spec(activation.formula, values))
    low, high = activation.domain
    allowed = 2 * WIDER.get(activation.name, 4.0)
    for x in part([-30.3, -5.1, -1.7, -0.4, 0.3, 0.8, 2.6, 11.9, 33.1], 2):
        if low < x < high and x not in known.breaks:
            for quantity in ("f", "df"):
                value = float(computed(form, quantity, np.array([x]))[0])
                bounds = jet_with_bounds_or_none(activation.formula, x, values, quantity)
                if bounds is None or bounds > allowed:
                    assert error(known, quantity, x, value, allowed) <= max(allowed, bounds or 0.0)
                else:
                    assert error(known, quantity, x, value, allowed) <= allowed


def jet_with_bounds_or_none(text: str, x: float, values: dict[str, float], quantity: str) -> float | None:
    """Return the bound of the formula's own error in ulp; None if the oracle lacks one of its functions."""
    try:
        found = jet_with_bounds(text, x, values)[0 if quantity == "f" else 1]
    except (NameError, TypeError):
        return None
    with mpmath.workdps(60):
        return float(found.error * UNIT / mpmath.mpf(math.ulp(abs(float(found.value)))))


def test_underflow_next_to_a_kink_is_not_a_kink() -> None:
    """Half of the smallest double is 0, at which min takes its other argument: celu as PyTorch writes it."""
    form, known = specs.get("max(0,x)+min(0,a*(exp(x/a)-1)):a=2"), specs.get("celu:2")
    assert [region.kind for region in vanishing_regions(form, 1e-3)] == ["tail"]
    for field in ("monotone", "smoothness"):
        assert getattr(shape(form), field) == getattr(shape(known), field)


@pytest.mark.parametrize(
    ("form", "name"), [("max(0,x)+a*min(0,x):a=0", "relu"), ("x*tanh(log(1+exp(x)))", "mish"), ("tanh(x)", "tanh")]
)
def test_a_diagnosis_is_that_of_the_built_in(cli: Cli, form: str, name: str) -> None:
    """Every measure of every layer and neuron agrees; only the name of the function differs."""
    layers = [str(path) for path in sorted((DATA / "relu_negative_bias").glob("*.csv"))]
    ours, theirs = (json.loads(cli.ok("saturation", text, *layers, "-f", "json")) for text in (form, name))
    for layer in ours["layers"] + theirs["layers"]:
        del layer["remedies"], layer["function"]  # these name the function
    for region in ours["regions"] + theirs["regions"]:
        del region["function"]
    for of in ("regions", "layers", "neurons"):
        assert ours[of] == theirs[of]
    assert cli.ok("eval", form, layers[0]) == cli.ok("eval", name, layers[0])


def test_figures_and_charts_of_expressions(cli: Cli, tmp_path: Path) -> None:
    figure = tmp_path / "plot.svg"
    cli.ok("plot", "max(0,x)+a*min(0,x):a=0.05|0.3", "abs(x-1)-max(0,x)", "--grad", "-o", str(figure))
    assert figure.read_bytes().startswith(b"<?xml")
    assert "x*sigmoid(x)" in cli.ok("plot", "x*sigmoid(x)", LINES="16", COLUMNS="80")
