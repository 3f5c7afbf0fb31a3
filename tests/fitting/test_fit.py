"""Fits: minima by closed forms and mpmath's quadrature, searches, points, inputs, and impossible fits."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run import DATA, Cli
from support.sweep import number, part

from actcli.errors import DataError, UsageError
from actcli.figures.fitting import fit_figure
from actcli.fitting.fit import fit, over_inputs, over_points
from actcli.numerics.histogram import Histogram
from actcli.registry import specs


def gauss(integrand, *cuts: float) -> mpmath.mpf:  # type: ignore[no-untyped-def]
    """The mean over N(0, 1), by mpmath."""
    with mpmath.workdps(30):
        return mpmath.quad(lambda x: integrand(x) * mpmath.npdf(x), [-12, -3, *cuts, 3, 12])


@pytest.mark.exhaustive
def test_the_sigmoid_form_of_gelu() -> None:
    """By mpmath, b is a minimum of the distance, better than 1.702, which minimises the largest error of Phi."""
    found = fit(specs.get("x*sigmoid(b*x):b=1"), specs.get("gelu"))
    b = found.fitted.parameters["b"]

    def off(x: mpmath.mpf, b: float) -> mpmath.mpf:
        return x / (1 + mpmath.exp(-b * x)) - x * mpmath.ncdf(x)

    def slope(x: mpmath.mpf) -> mpmath.mpf:
        return x * x * mpmath.exp(-b * x) / (1 + mpmath.exp(-b * x)) ** 2

    assert abs(gauss(lambda x: off(x, b) * slope(x), 0)) < 1e-14
    here, known = (mpmath.sqrt(gauss(lambda x, c=c: off(x, c) ** 2, 0)) for c in (b, 1.702))
    assert here < known
    assert found.after.rms == pytest.approx(float(here), rel=1e-10)
    assert found.before.rms > 10 * found.after.rms
    assert found.after.largest == pytest.approx(abs(float(off(mpmath.mpf(found.after.at), b))), rel=1e-12)
    assert [step.rms for step in found.steps if step.by != "polish"] == sorted(
        (step.rms for step in found.steps if step.by != "polish"), reverse=True
    )


def test_linear_parameters_have_a_closed_form() -> None:
    """alpha of elu is E[g h] / E[h^2] with h = exp(x) - 1 below 0; likewise the slope of a leaky ReLU."""
    found = fit(specs.get("elu"), specs.get("gelu"))
    h = mpmath.expm1
    exact = mpmath.quad(lambda x: h(x) * x * mpmath.ncdf(x) * mpmath.npdf(x), [-12, -3, 0]) / mpmath.quad(
        lambda x: h(x) ** 2 * mpmath.npdf(x), [-12, -3, 0]
    )
    assert found.fitted.parameters["alpha"] == pytest.approx(float(exact), rel=1e-10)
    leaky = fit(specs.get("max(0,x)+a*min(0,x):a=0.05"), specs.get("elu"))
    exact = 2 * mpmath.quad(lambda x: x * h(x) * mpmath.npdf(x), [-12, -3, 0])
    assert leaky.fitted.parameters["a"] == pytest.approx(float(exact), rel=1e-10)


@pytest.mark.parametrize("search", ["none", "grid", "random", "adam"])
def test_every_search_ends_in_the_same_minimum(search: str) -> None:
    """tanh in terms of the sigmoid: an exact fit."""
    found = fit(specs.get("a*tanh(b*x)+c:a=1,b=1,c=0"), specs.get("sigmoid"), search=search)  # type: ignore[arg-type]
    assert found.after.rms < 1e-15
    values = found.fitted.parameters
    assert (abs(values["a"]), abs(values["b"]), values["c"]) == pytest.approx((0.5, 0.5, 0.5), rel=1e-12)


def test_a_seed_gives_the_same_fit() -> None:
    function, target = specs.get("elu"), specs.get("gelu")
    first = fit(function, target, seed=3).steps
    assert first == fit(function, target, seed=3).steps
    assert first != fit(function, target, seed=4).steps


@settings(max_examples=number(8, 100))
@given(st.floats(0.2, 3), st.floats(-2, 2))
def test_parameters_are_recovered_from_points(a: float, b: float) -> None:
    x = np.linspace(-3, 3, 50)
    y = a * np.tanh(x) + b * np.maximum(x, 0)
    found = fit(specs.get("p*tanh(x)+q*max(0,x):p=1,q=1"), over_points(x, y, "points"))
    assert (found.fitted.parameters["p"], found.fitted.parameters["q"]) == pytest.approx((a, b), rel=1e-9, abs=1e-9)


def test_inputs_weight_the_distance() -> None:
    """On inputs below 0 only the negative side counts; the slope is that of least squares through the bins."""
    x = -np.geomspace(0.5, 2.0, 1001)
    weighed = over_inputs(specs.get("elu"), Histogram.of(x), "inputs")
    found = fit(specs.get("leaky_relu"), weighed)
    exact = float(np.sum(np.expm1(x) * x) / np.sum(x * x))
    assert found.fitted.parameters["negative_slope"] == pytest.approx(exact, rel=1e-2)
    assert float(weighed.weight.sum()) == pytest.approx(1.0, rel=1e-12)


def test_a_figure_shows_the_inputs() -> None:
    """Near 200 and around 0; without inputs only around 0."""
    far = Histogram.of(np.linspace(199.0, 201.0, 100))
    elu, gelu = specs.get("elu"), specs.get("gelu")
    measure = over_inputs(gelu, far, "far")
    for inputs, low, high in ((measure, -5.0, 200.0), (None, -5.0, 5.0)):
        axes, _ = fit_figure(fit(elu, gelu, inputs=inputs)).axes
        x = axes.lines[0].get_xdata()
        assert (x[0], x[-1]) == (low, pytest.approx(high, rel=0.01))


@pytest.mark.exhaustive
def test_only_and_the_domain() -> None:
    """Parameters that are not named stay; none leaves its domain."""
    found = fit(specs.get("a*tanh(b*x):a=2,b=1"), specs.get("tanh"), only=["b"])
    assert found.fitted.parameters["a"] == 2.0
    bounded = fit(specs.get("celu"), specs.get("leaky_relu:negative_slope=-1"))
    assert bounded.fitted.parameters["alpha"] > 0.0


@pytest.mark.exhaustive
def test_a_distance_without_a_minimum_is_reported(cli: Cli) -> None:
    assert b"beta has gone to" in cli("fit", "softplus", "--to", "relu").stderr


def test_an_end_of_a_domain_does_not_hold_up_the_others() -> None:
    """The scale of selu with alpha at 0: E[x^3; x > 0] / E[x^2; x > 0] = 4 / sqrt(2 pi)."""
    found = fit(specs.get("selu"), specs.get("x**2"))
    assert found.ends == ("alpha",)
    assert found.fitted.parameters["scale"] == pytest.approx(4 / math.sqrt(2 * math.pi), rel=1e-10)


# Notes on the parameters of a fit: one without effect, one that moves a jump, an endless valley, and none.
SAID: list[tuple[str, str, dict[str, tuple[str, ...]]]] = [
    ("a*x+0*b:a=1,b=0", "tanh", {"undetermined": ("b",)}),
    ("thresholded_relu", "gelu", {"jumping": ("theta",)}),
    ("a*tanh(b*x):a=1,b=1", "relu", {"runaways": ("a", "b")}),
    ("elu", "gelu", {}),
    ("hard_tanh", "tanh", {}),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("text", "target", "said"), part(SAID, 3))
def test_parameters_that_the_distance_does_not_determine(
    text: str, target: str, said: dict[str, tuple[str, ...]]
) -> None:
    found = fit(specs.get(text), specs.get(target))
    for kind in ("runaways", "undetermined", "jumping", "ends"):
        assert getattr(found, kind) == said.get(kind, ())


def test_parameters_that_only_count_together_are_reported(cli: Cli) -> None:
    """Their sum is the least-squares one."""
    together = fit(specs.get("a*x+b*x:a=1,b=0"), specs.get("tanh"))
    exact = gauss(lambda x: x * mpmath.tanh(x), 0)
    assert together.undetermined == ("a", "b")
    assert sum(together.fitted.parameters.values()) == pytest.approx(float(exact), rel=1e-10)
    assert b"a and b: not determined" in cli("fit", "a*x+b*x:a=1,b=0", "--to", "tanh").stderr


MINIMA = [
    ("where(x>t,x,a*(exp(x)-1)):t=0,a=1", "hard_swish", (2.93011248, 0.27304716)),
    ("a*exp(-(x-m)**2/s**2):a=1,m=0,s=1", "sin(3*x)", (1.0959268, 0.52346423, -0.33668193)),
    ("a*x+b*max(0,x-c):a=1,b=1,c=0", "sin(3*x)", (0.17575541, -0.6045841, 0.72029236)),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("text", "target", "best"), part(MINIMA, 3))
def test_the_deepest_of_several_minima(text: str, target: str, best: tuple[float, ...]) -> None:
    """No worse than the best of many starts of scipy.optimize.least_squares."""
    start, goal = specs.get(text), specs.get(target)
    names = [name for name, _ in start.values]
    there = start.activation.bind(dict(zip(names, best, strict=True)))
    assert fit(start, goal).after.rms <= fit(there, goal, search="none").before.rms * (1 + 1e-6)


def test_the_trace_shows_steps_that_gained_something() -> None:
    """Each step of the descent but the last gains at least a thousandth; a parameter named twice counts once."""
    found = fit(specs.get("x*sigmoid(b*x):b=1"), specs.get("gelu"), only=["b", "b"])
    assert found.parameters == ("b",)
    polish = [step.rms for step in found.steps if step.by == "polish"]
    assert all(b < 0.999 * a for a, b in itertools.pairwise(polish[:-1]))


def test_points_in_the_order_of_the_columns(cli: Cli, tmp_path: Path) -> None:
    """-c v,t makes v the x; missing cells are left out and counted; a pipe is read."""
    table = tmp_path / "points.csv"
    table.write_text("t,u,v\n1,0,2\n2,0,4\n3,0,6\n")
    for columns, slope in (("t,v", 2.0), ("v,t", 0.5), ("3,1", 0.5), ("1,3", 2.0)):
        last = cli.ok("fit", "a*x:a=1", "--to", str(table), "-c", columns).splitlines()[-1]
        assert float(last.split(",")[-1]) == pytest.approx(slope)
    done = cli("fit", "a*x:a=1", "--to", "-", stdin=b"x,y\n1,3\n2,\n3,9\n")
    assert b"1 of 3 points left out" in done.stderr
    assert float(done.stdout.decode().splitlines()[-1].split(",")[-1]) == pytest.approx(3.0)


def test_what_cannot_be_fitted() -> None:
    gelu = specs.get("gelu")
    with pytest.raises(UsageError, match="relu has no parameter to fit"):
        fit(specs.get("relu"), gelu)
    with pytest.raises(UsageError, match="rowwise"):
        fit(specs.get("elu"), specs.get("softmax"))
    with pytest.raises(UsageError, match="no parameter 'b'"):
        fit(specs.get("elu"), gelu, only=["b"])
    with pytest.raises(DataError, match="log1mexp is not finite"):
        fit(specs.get("elu"), specs.get("log1mexp"))
    with pytest.raises(DataError, match="is not finite where"):
        fit(specs.get("log(a*x):a=1"), gelu)
    with pytest.raises(DataError, match="point 2 is missing"):
        over_points(np.array([0.0, 1.0]), np.array([0.0, math.nan]), "points")


def test_the_command(cli: Cli, tmp_path: Path) -> None:
    """JSON, the trace as CSV, points, inputs and a figure."""
    document = json.loads(cli.ok("fit", "x*sigmoid(b*x):b=1", "--to", "gelu", "-f", "json"))
    assert document["schema"] == "actcli.fit/1"
    assert document["end"]["parameters"]["b"] == pytest.approx(1.7119130489927, rel=1e-10)
    assert document["trace"][0]["parameters"] == {"b": 1.0}
    figure = tmp_path / "fit.png"
    trace = cli.ok("fit", "elu", "--to", "gelu", "-o", str(figure)).splitlines()
    assert trace[0] == "step,by,rms,alpha"
    assert trace[1].startswith("0,start,")
    assert figure.read_bytes().startswith(b"\x89PNG")
    points = tmp_path / "points.csv"
    points.write_text("y,x\n-2,-1\n0,0\n3,1\n")
    last = cli.ok("fit", "a*max(0,x)+b*min(0,x):a=1,b=1", "--to", str(points)).splitlines()[-1]
    assert [float(cell) for cell in last.split(",")[3:]] == pytest.approx([3.0, 2.0])
    layer = str(DATA / "relu_trained" / "layer2.csv")
    over = json.loads(cli.ok("fit", "elu", "--to", "gelu", "-i", layer, "-f", "json"))
    assert over["over"] == "layer2"
    assert cli.fails(2, "fit", "elu", "--to", str(points), "-i", layer)
    assert "columns" in cli.fails(1, "fit", "elu", "--to", layer)
    assert "no such file" in cli.fails(1, "fit", "elu", "--to", "nowhere.csv")


def test_the_largest_distance_is_at_the_first_of_equals() -> None:
    """1/2 + tanh(x/2)/2 is the sigmoid, so a tanh(b x) is off by 1/2 everywhere, up to rounding."""
    found = fit(specs.get("a*tanh(b*x):a=0.5,b=0.5"), specs.get("sigmoid"))
    assert found.after.largest == pytest.approx(0.5)
    assert found.after.at == -6.0
