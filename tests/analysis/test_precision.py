"""Smaller formats: rounding against numpy and by hand, and what is lost in them."""

from __future__ import annotations

import json
import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run import Cli, rows
from support.sweep import part

from actcli.analysis.precision import computed_gradient, losses
from actcli.numerics.smaller import PRECISIONS
from actcli.registry import specs

FLOAT16, FLOAT32, BFLOAT16 = (PRECISIONS[name] for name in ("float16", "float32", "bfloat16"))
any_float = st.one_of(
    st.floats(),
    st.floats(-7e4, 7e4),
    st.floats(-1e-4, 1e-4),
    st.sampled_from([65519.99, 65520.0, 2.0**-25, 1.5 * 2.0**-24, 3.4028235677973366e38, -0.0]),
)


@given(st.lists(any_float, min_size=1))
def test_rounding_is_numpys(values: list[float]) -> None:
    """To float32 and float16: subnormal numbers, ties, overflow, zeros with their sign, NaN."""
    x = np.array(values)
    for precision, dtype in ((FLOAT32, np.float32), (FLOAT16, np.float16)):
        with np.errstate(over="ignore"):
            expected = x.astype(dtype).astype(np.float64)
        found = precision.round(x)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_bfloat16_is_the_upper_half_of_float32(value: float) -> None:
    """A float32 rounded to bfloat16 is its upper 16 bits, rounded to nearest, ties to even."""
    bits = int(np.float32(value).view(np.uint32))
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    expected = float(np.uint32(rounded & 0xFFFFFFFF).view(np.float32))
    assert BFLOAT16.round(np.array([value]))[0] == expected


@pytest.mark.parametrize(("name", "smallest"), [("float16", 2.0**-24), ("float32", 2.0**-149), ("bfloat16", 2.0**-133)])
def test_the_smallest_numbers(name: str, smallest: float) -> None:
    """The smallest subnormal number; half of it rounds to 0, a little more does not."""
    precision = PRECISIONS[name]
    assert precision.smallest == smallest
    assert precision.round(np.array([smallest / 2, smallest * 0.501])).tolist() == [0.0, smallest]
    assert precision.loses(np.array([0.0, smallest / 2, smallest])).tolist() == [False, True, False]


ENDING = [*product(["tanh", "sigmoid", "gelu", "elu", "softsign", "relu6", "hard_sigmoid", "softplus"], PRECISIONS)]


@pytest.mark.sweep
@pytest.mark.parametrize(("spec", "name"), part(ENDING, 2))
def test_the_regions_end_where_rounding_says(spec: str, name: str) -> None:
    """Inside a region f' rounds to 0 (f to its limit); at the next double outside it does not."""
    function, precision = specs.get(spec), PRECISIONS[name]
    found = losses(function, precision)
    assert found.underflow
    for region in found.underflow:
        for end, away in ((region.start, -math.inf), (region.stop, math.inf)):
            if math.isfinite(end):
                outside = math.nextafter(end, away)
                assert precision.round(np.array([function.df(end)]))[0] == 0.0 or outside in function.breaks
                assert precision.round(np.array([function.df(outside)]))[0] != 0.0
    for region in found.constant_output:
        ends = [end for end in (region.start, region.stop) if math.isfinite(end)]
        assert len(ends) == 1
        at = -math.inf if math.isinf(region.start) else math.inf
        limit = precision.round(np.array([function.f(at)]))[0]
        assert precision.round(np.array([function.f(ends[0])]))[0] == limit
        assert precision.round(np.array([function.f(math.nextafter(ends[0], -at))]))[0] != limit


def test_known_ends_of_tanh_and_sigmoid() -> None:
    """By hand: tanh' = 4 exp(-2x) falls to half of 2^-24 at ln(2^27) / 2; sigmoid' = exp(-x) to it at ln(2^25);
    1 - sigmoid = exp(-x) falls to the half step 2^-12 below 1 at ln(2^12)."""
    tanh, sigmoid = (losses(specs.get(name), FLOAT16) for name in ("tanh", "sigmoid"))
    assert tanh.underflow[1].start == pytest.approx(math.log(2.0**27) / 2, rel=1e-7)
    assert sigmoid.underflow[1].start == pytest.approx(math.log(2.0**25), rel=1e-7)
    assert sigmoid.constant_output[1].start == pytest.approx(math.log(2.0**12 - 1), rel=1e-12)


def test_elements_lost_in_float16_but_not_in_float64(cli: Cli) -> None:
    """At -20, -10, 0, 400: tanh' is lost in float16 at -20 and -10; at 400 it is 0 even in float64; f is constant at
    all but 0."""
    args = ("saturation", "tanh", "-20", "-10", "0", "400", "--dtype", "float16")
    document = json.loads(cli.ok(*args, "-f", "json"))
    layer = document["layers"][0]
    assert (layer["lost_gradient_ratio"], layer["constant_output_ratio"], layer["zero_gradient_ratio"]) == (
        0.5,
        0.75,
        0.25,
    )
    assert document["precision"]["dtype"] == "float16"
    assert [region["to"] for region in document["precision"]["zero_gradient"]][1] is None
    table = cli.ok(*args, "-f", "table")
    assert "in float16 f' is 0 as PyTorch computes it for x <= -4.50586" in table
    assert "in float16 f' underflows for x <= -9.35749" in table
    assert "lost_gradient_ratio" not in json.loads(cli.ok("saturation", "tanh", "1", "-f", "json"))["layers"][0]


# The first number of each format at which PyTorch 2.13's own gradient is 0 (on the CPU), and the one before it.
PYTORCH = {
    ("tanh", "float16"): (4.5078125, 4.50390625),
    ("tanh", "bfloat16"): (3.46875, 3.453125),
    ("tanh", "float32"): (9.011, 9.0109),
    ("sigmoid", "float16"): (8.3203125, 8.3125),
    ("sigmoid", "bfloat16"): (6.25, 6.21875),
    ("sigmoid", "float32"): (16.636, 16.635),
    ("softsign", "float16"): (1365.0, 1364.0),
    ("arctan", "float16"): (256.0, 255.875),
    ("gelu", "float32"): (-6.16, -5.9),
    ("gelu_tanh", "bfloat16"): (-5.0625, -5.03125),
    ("silu", "bfloat16"): (-89.0, -88.5),
}


@pytest.mark.parametrize(("spec", "name"), PYTORCH, ids=str)
def test_gradients_are_lost_where_pytorch_loses_them(spec: str, name: str) -> None:
    lost, kept = PYTORCH[spec, name]
    found = computed_gradient(specs.get(spec), PRECISIONS[name], np.array([lost, kept]))
    assert found[0] == 0.0 != found[1]


def test_what_a_layer_loses_is_counted_as_pytorch_loses_it(cli: Cli) -> None:
    """PyTorch's half-precision gradient is 0 for 38.7 % of this layer; 8.0 % underflow in any implementation."""
    layer = "tests/data/tanh_saturated/layer1.csv"
    found = rows(cli.ok("saturation", "tanh", layer, "--dtype", "float16", "-f", "csv"))[0]
    assert float(found["lost_gradient_ratio"]) == pytest.approx(0.387, abs=5e-4)
    assert float(found["underflow_ratio"]) == pytest.approx(0.0804, abs=5e-5)


def test_regions_of_a_precision_are_in_csv_too(cli: Cli) -> None:
    found = rows(cli.ok("saturation", "tanh", "--dtype", "bfloat16", "-f", "csv"))
    assert {row["what"] for row in found} == {"vanishing", "zero_gradient", "underflow", "constant_output"}
    zero = [row for row in found if row["what"] == "zero_gradient"]
    assert 3.453125 < float(zero[1]["from"]) <= 3.46875
    assert "what" not in rows(cli.ok("saturation", "tanh", "-f", "csv"))[0]
