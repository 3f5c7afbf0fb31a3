"""Vanishing regions: closed forms in mpmath, membership of random numbers, kinds, and what follows from the shape."""

from __future__ import annotations

import math
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.accuracy import ALL
from support.oracle import evaluate
from support.sweep import part

from actcli.activation import Function
from actcli.analysis.regions import Region, SaturatedSides, constant_tails, saturated_sides, shape, vanishing_regions
from actcli.registry import specs

EPSILONS = [0.2, 1e-3, 1e-7, 1e-30, 1e-300, 5e-324]


def after(x: float, way: int) -> float:
    """The neighbour of x above it, or below."""
    return math.nextafter(x, way * math.inf)


def closed_form(name: str, epsilon: float) -> mpmath.mpf:
    """The x > 0 at which |f'| = epsilon (for elu: |x|, x < 0), by hand."""
    e = mpmath.mpf(epsilon)
    return {
        "sigmoid": lambda: 2 * mpmath.acosh(1 / (2 * mpmath.sqrt(e))),
        "tanh": lambda: mpmath.acosh(1 / mpmath.sqrt(e)),
        "softsign": lambda: 1 / mpmath.sqrt(e) - 1,
        "elu": lambda: -mpmath.log(e),
        "softplus": lambda: mpmath.log(1 / e - 1),
    }[name]()


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softsign", "elu", "softplus"])
def test_boundaries_are_the_closed_forms_to_the_last_bit(name: str, epsilon: float) -> None:
    """The end of the tail is the outermost double inside, up to the last bits of f' itself."""
    with mpmath.workdps(400):
        exact = closed_form(name, epsilon)
        regions = vanishing_regions(specs.get(name), epsilon)
        low = regions[0]
        assert (low.start, low.kind) == (-math.inf, "tail")
        # f' steps by ulp(epsilon) there: x cannot be told better than the width of a few of these steps.
        step = abs(exact - closed_form(name, epsilon + math.ulp(epsilon)))
        assert abs(-low.stop - exact) <= math.ulp(low.stop) + 3 * step
        if name in ("sigmoid", "tanh", "softsign"):
            assert (regions[1].start, regions[1].stop, regions[1].kind) == (-low.stop, math.inf, "tail")


def test_known_boundaries() -> None:
    """Numbers that other systems' documentation gets wrong: sigmoid 16.118, tanh 8.752 at 1e-7."""
    assert vanishing_regions(specs.get("sigmoid"), 1e-7)[1].start == pytest.approx(16.118095450958317, rel=1e-15)
    assert vanishing_regions(specs.get("tanh"), 1e-7)[1].start == pytest.approx(8.752194981039102, rel=1e-15)


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "epsilon"), part([*product(["gelu", "silu", "mish", "gelu_tanh"], EPSILONS[1:])], 3))
def test_gated_functions_have_a_tail_and_a_stationary_point(name: str, epsilon: float) -> None:
    """The stationary region contains the zero of f' that mpmath finds."""
    function = specs.get(name)
    tail, stationary = vanishing_regions(function, epsilon)
    assert (tail.kind, stationary.kind) == ("tail", "stationary")
    with mpmath.workdps(60):
        slope = lambda x: evaluate(function.activation.formula, x, function.parameters).d1  # noqa: E731
        low, high = stationary.start - 1e-9, stationary.stop + 1e-9
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    assert stationary.start - math.ulp(1.0) <= low <= stationary.stop + math.ulp(1.0)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("relu", [(-math.inf, 0.0, "zero")]),
        ("relu6", [(-math.inf, 0.0, "zero"), (6.0, math.inf, "zero")]),
        ("hard_sigmoid", [(-math.inf, -3.0, "zero"), (3.0, math.inf, "zero")]),
        ("identity", []),
        ("leaky_relu", []),
        ("leaky_relu:1e-4", [(-math.inf, 0.0, "tail")]),
        ("leaky_relu:1e-3", []),  # not below
        ("min(abs(x), 1)", [(-math.inf, after(-1, -1), "zero"), (after(1, 1), math.inf, "zero")]),
        ("where(x <= 1, x - 1, where(x >= 4, x - 4, 0))", [(after(1, 1), after(4, -1), "zero")]),
        ("max(-x, x - 3)", []),
        ("where(x < 0.3, -x, x - 0.6)", []),
        ("where(x <= 0.3, -x, x - 0.6)", []),
        # x/8 is 0 up to 4 * 2^-1074
        ("abs(x/8)", []),
        ("relu(x/8)", [(-math.inf, 4 * math.ulp(0.0), "zero")]),
        ("min(x/8, 0)", [(math.ulp(0.0), math.inf, "zero")]),
    ],
)
def test_piecewise_linear_regions(spec: str, expected: list[tuple[float, float, str]]) -> None:
    """Flat pieces are of kind zero and include a kink where f' is 0; a slope below epsilon is a tail."""
    assert [(r.start, r.stop, r.kind) for r in vanishing_regions(specs.get(spec), 1e-3)] == expected


def test_a_gradient_that_vanishes_at_infinity_only_is_no_region() -> None:
    """f = -log(1 - x) for x <= 0: f' = 1 / (1 - x) is 5.6e-309 at the last double."""
    (flat,) = vanishing_regions(specs.get("where(x > 0, 0, -log(1 - x))"), 1e-310)
    assert (flat.start, flat.stop) == (math.ulp(0.0), math.inf)


@pytest.mark.parametrize("epsilon", [1e-17, abs(specs.get("sine").df(math.pi / 2))])
def test_a_zero_between_doubles_is_the_nearest_double(epsilon: float) -> None:
    """For sin' = cos at odd multiples of pi/2, even if |f'| there equals epsilon instead of being smaller."""
    regions = vanishing_regions(specs.get("sine"), epsilon)
    with mpmath.workdps(50):
        nearest = [float(k * mpmath.pi / 2) for k in (-5, -3, -1, 1, 3, 5)]
    assert regions == tuple(Region(x, x, "stationary") for x in nearest)


@given(st.sampled_from(ALL), st.floats(1e-320, 2.0), st.lists(st.floats(-800, 800), min_size=1, max_size=60))
def test_a_number_is_in_a_region_just_when_its_gradient_vanishes(
    function: Function, epsilon: float, numbers: list[float]
) -> None:
    """|f'(x)| < epsilon if and only if x lies in a region, for any function and epsilon."""
    x = np.setdiff1d(np.array(numbers), function.breaks)
    low, high = function.activation.window or (-math.inf, math.inf)
    x = x[(x >= low) & (x <= high)]
    inside = np.zeros(len(x), bool)
    for region in vanishing_regions(function, epsilon):
        if region.start < region.stop:
            inside |= (x >= region.start) & (x <= region.stop)
    expected = np.abs(function.df(x)) < epsilon
    # f' is good to 4 ulp only, so within some ulp of the boundary either answer is right.
    clear = np.abs(np.abs(function.df(x)) - epsilon) > 16 * np.spacing(epsilon)
    np.testing.assert_array_equal(inside[clear], expected[clear])


@given(st.sampled_from(ALL), st.floats(1e-300, 0.5), st.floats(1.001, 1e6))
def test_regions_grow_with_epsilon(function: Function, epsilon: float, factor: float) -> None:
    """Each region lies within one of any larger epsilon."""
    larger = vanishing_regions(function, epsilon * factor)
    for region in vanishing_regions(function, epsilon):
        assert any(outer.start <= region.start and region.stop <= outer.stop for outer in larger)


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.label)
def test_the_declared_range_is_the_one_found(function: Function) -> None:
    """The declared range is that of f at its critical points and limits."""
    found = shape(function).range
    if function.activation.window is not None:  # it may reach further beyond
        assert function.range[0] <= found[0] + 1e-15
        assert found[1] <= function.range[1] + 1e-15
        return
    if function.range is not None:
        assert found == pytest.approx(function.range, rel=1e-15)
    assert found[0] <= np.nanmin(function.f(np.linspace(-50, 50, 10_001)))


@pytest.mark.parametrize(
    ("spec", "monotone", "smoothness", "sup"),
    [
        ("sigmoid", "increasing", "Cinf", 0.25),
        ("relu", "nondecreasing", "C0", 1.0),
        ("elu", "increasing", "C1", 1.0),
        ("elu:0.5", "increasing", "C0", 1.0),
        ("elu:3", "increasing", "C0", 3.0),
        ("softsign", "increasing", "C1", 1.0),
        ("leaky_relu:-0.5", "no", "C0", 1.0),
        ("softplus:threshold=20", "no", "discontinuous", 1.0),
        ("gelu", "no", "Cinf", 1.1289041451851547),  # 0.5 + erf(1)/2 + exp(-1)/sqrt(pi), at sqrt(2)
        ("sign", "nondecreasing", "discontinuous", 0.0),
        ("shrink:bias=2", "no", "discontinuous", 1.0),
        ("silu", "no", "Cinf", 1.0998393201288669),  # at 2.3994
    ],
)
def test_shape(spec: str, monotone: str, smoothness: str, sup: float) -> None:
    """Monotonicity, smoothness and the largest gradient are those known by hand."""
    found = shape(specs.get(spec))
    assert (found.monotone, found.smoothness) == (monotone, smoothness)
    assert found.sup_gradient == pytest.approx(sup, rel=2e-15)


def test_saturation_is_097_of_tanh() -> None:
    """The default threshold is |tanh| > 0.97, and carried over to the logistic it is twice as far out."""
    tau = 1 - 0.97**2
    low, high = saturated_sides(specs.get("tanh"), tau).low, saturated_sides(specs.get("tanh"), tau).high
    assert low[0][1] == pytest.approx(-math.atanh(0.97), rel=1e-14)
    assert high[0][0] == pytest.approx(math.atanh(0.97), rel=1e-14)
    assert saturated_sides(specs.get("sigmoid"), tau).high[0][0] == pytest.approx(2 * math.atanh(0.97), rel=1e-14)
    assert saturated_sides(specs.get("gelu"), tau).high == ()


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (Region(-math.inf, 1 / 3, "tail"), "x <= 0.333"),
        (Region(1 / 3, math.inf, "tail"), "x >= 0.333"),
        (Region(-1 / 3, 2.0, "stationary"), "-0.333 <= x <= 2"),
        (Region(0.5, 0.5, "stationary"), "x = 0.5"),
        (Region(1 / 3, 0.33333, "stationary"), "x = 0.333"),
        (Region(-math.inf, math.inf, "zero"), "everywhere"),
    ],
)
def test_a_region_in_words(region: Region, words: str) -> None:
    """A condition on x, with as many digits as asked for."""
    assert region.condition(3) == words


def test_a_region_in_words_with_all_digits() -> None:
    """With 17 digits the words give back the exact number."""
    assert Region(-math.inf, 0.1, "tail").condition(17) == "x <= 0.1"
    assert vanishing_regions(specs.get("relu"), 1e-3)[0].condition(17) == "x <= 0.0"  # and not -0
    assert Region(1 / 3, math.inf, "tail").condition(17) == "x >= 0.3333333333333333"
    assert Region(1 / 3, math.inf, "tail").condition(16) == "x >= 0.3333333333333333"


def test_rowwise_functions_have_no_regions() -> None:
    """Their f' takes a whole row."""
    assert vanishing_regions(specs.get("softmax"), 1e-3) == ()
    assert saturated_sides(specs.get("softmax"), 0.1) == SaturatedSides((), ())


def test_sides_of_a_flat_middle_and_of_a_flat_line() -> None:
    """A region that reaches both ends, or neither, is split in the middle, so each number is on one side."""
    flat = saturated_sides(specs.get("softshrink:lambd=3"), 0.5)
    assert flat == SaturatedSides(((-3.0, 0.0),), ((5e-324, 3.0),))
    middle = saturated_sides(specs.get("where(x < 1, x - 1, where(x > 4, x - 4, 0))"), 0.5)
    assert middle == SaturatedSides(((1.0, 2.5),), ((after(2.5, 1), 4.0),))
    line = saturated_sides(specs.get("sign"), 0.5)
    assert line == SaturatedSides(((-math.inf, 0.0),), ((5e-324, math.inf),))


def test_the_mirrored_function_saturates_on_the_other_side() -> None:
    """silu(-x), with its stationary point before its tail; a stationary point is on no side."""
    silu, mirrored = (saturated_sides(specs.get(spec), 1e-3) for spec in ("silu", "silu(-x)"))
    assert silu.high == mirrored.low == ()
    assert mirrored.high == tuple((-stop, -start) for start, stop in silu.low)


def test_where_f_prime_has_no_bound_tau_itself_is_the_threshold() -> None:
    """exp: f' <= tau for x <= log(tau)."""
    (side,) = saturated_sides(specs.get("exponential"), 0.25).low
    assert side[0] == -math.inf
    assert side[1] == pytest.approx(math.log(0.25), rel=1e-14)


def test_constant_tails_are_where_the_rounded_value_is_the_limit() -> None:
    """By hand: rounded to multiples of 1/8, tanh is 1 from atanh(15/16) on."""
    tails = constant_tails(specs.get("tanh"), lambda y: np.round(y * 8) / 8)
    end = math.atanh(15 / 16)
    assert [tail.kind for tail in tails] == ["tail", "tail"]
    assert (tails[0].start, tails[1].stop) == (-math.inf, math.inf)
    assert tails[0].stop == pytest.approx(-end, rel=1e-14)
    assert tails[1].start == pytest.approx(end, rel=1e-14)
    assert constant_tails(specs.get("relu"), lambda y: y) == (Region(-math.inf, 0.0, "tail"),)
