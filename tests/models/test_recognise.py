"""Functions are recognised by their values: all of the registry, with parameters, in each precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import DTypeLike

from actcli.activation import Array, Function
from actcli.models.estimates import F
from actcli.models.recognise import FLOAT16, FLOAT32, recognise, shape_of
from actcli.registry.collection import ACTIVATIONS
from actcli.registry.specs import get

ELEMENTWISE = [one.name for one in ACTIVATIONS if one.kind == "elementwise"]
SAME = {
    "leaky_relu_n": "relu",  # at their defaults they are functions with fewer parameters, or none
    "rrelu": "leaky_relu:negative_slope=0.22916667", "relu_n": "relu6", "threshold": "relu", "celu": "elu",
    "swish_beta": "silu", "shrink": "hardshrink",
}  # fmt: skip
WITH_PARAMETERS = (
    "leaky_relu:negative_slope=0.2", "leaky_relu:negative_slope=-0.3", "elu:alpha=0.5", "celu:alpha=1.7",
    "selu:alpha=1.2,scale=1.1", "hard_sigmoid:alpha=0.2", "relu_n:n=20.0", "thresholded_relu:theta=0.3",
    "threshold:threshold=0.1,value=20.0", "hard_tanh:min_val=-2.0,max_val=3.0", "softplus:beta=2.0",
    "squareplus:b=1.0", "swish_beta:beta=1.3", "softshrink:lambd=1.5", "hardshrink:lambd=2.0", "sine:w0=30.0",
    "shrink:lambd=1.0,bias=0.25", "snake:frequency=3.0", "xielu:alpha_p=1.1,alpha_n=0.4,beta=0.3",
    "gelu_tanh:c=0.05", "quick_gelu", "clipped_gelu:max=3.0", "leaky_relu:negative_slope=0.25378418",
)  # fmt: skip


def rounded(function: Function, dtype: DTypeLike) -> F:
    """The function as computed in this precision."""

    def f(x: Array) -> Array:
        with np.errstate(over="ignore"):
            return function.f(x).astype(dtype).astype(np.float64)

    return f


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_function_has_its_name(name: str) -> None:
    """At its defaults, by values in single and in half precision."""
    function = get(name)
    for dtype, rounding in ((np.float32, FLOAT32), (np.float16, FLOAT16)):
        if name == "gelu_tanh" and dtype is np.float16:
            continue  # in half precision it equals gelu
        found = recognise(rounded(function, dtype), rounding)
        assert found is not None
        assert found.name == SAME.get(name, name).partition(":")[0]


@pytest.mark.parametrize("spec", WITH_PARAMETERS)
def test_parameters_are_found(spec: str) -> None:
    found = recognise(rounded(get(spec), np.float32))
    assert found is not None
    assert found.label == spec


@pytest.mark.parametrize(
    "f",
    [
        np.square,
        lambda x: np.tanh(x) + 0.1 * x,
        lambda x: 2.0 * np.tanh(x),
        lambda x: np.maximum(x, 0.0) + 0.001 * np.abs(x - 3.0),
        np.sqrt,
        lambda x: np.full_like(x, np.nan),
    ],
)
def test_other_functions_have_no_name(f: F) -> None:
    assert recognise(f) is None


def test_a_preferred_name_is_taken_among_equals() -> None:
    f = rounded(get("leaky_relu:negative_slope=0.2"), np.float32)
    found = recognise(f, prefer=("prelu",))
    assert found is not None
    assert found.label == "prelu:a=0.2"


@pytest.mark.parametrize(
    ("f", "shape"),
    [(lambda x: x * 0.0 + 2.0, "constant"), (lambda x: 3.0 * x - 1.0, "affine"), (np.tanh, "curve"),
     (np.square, "curve"), (lambda x: x / 1e-3 + 5.0, "affine"), (lambda x: x + np.nan, "curve")],
)  # fmt: skip
def test_the_shape_of_a_function(f: F, shape: str) -> None:
    assert shape_of(f) == shape


def test_an_exact_slope_is_not_rounded() -> None:
    found = recognise(lambda x: np.where(x > 0, x, math.pi / 10 * x))
    assert found is not None
    assert found.parameters["negative_slope"] == pytest.approx(math.pi / 10, rel=1e-7)
