"""The elementwise operators of ONNX: what they compute, and how to write that in an expression."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from actcli.activation import Array, Function
from actcli.registry.specs import get

Compute: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Elementwise:
    """`text` has a placeholder for each input; "" if expressions cannot write the operator."""

    compute: Compute
    text: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """An operator that is a registered activation; its parameters come from attributes or constant inputs."""

    name: str
    attributes: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    inputs: Mapping[str, int] = field(default_factory=dict)


def _folded(ufunc: Callable[[Any, Any], Any]) -> Compute:
    return lambda *x: reduce(ufunc, x)


ELEMENTWISE: dict[str, Elementwise] = {
    "Add": Elementwise(np.add, "({0} + {1})"),
    "Sub": Elementwise(np.subtract, "({0} - {1})"),
    "Mul": Elementwise(np.multiply, "{0} * {1}"),
    "Div": Elementwise(np.divide, "{0} / ({1})"),
    "Neg": Elementwise(np.negative, "(-{0})"),
    "Abs": Elementwise(np.abs, "abs({0})"),
    "Exp": Elementwise(np.exp, "exp({0})"),
    "Expm1": Elementwise(np.expm1, "expm1({0})"),  # not in ONNX, nor is Erfc: tf2onnx writes both, nothing runs them
    "Erfc": Elementwise(np.vectorize(math.erfc, otypes=[float]), "(1 - erf({0}))"),
    "Log": Elementwise(np.log, "log({0})"),
    "Sqrt": Elementwise(np.sqrt, "sqrt({0})"),
    "Pow": Elementwise(np.power, "({0})**({1})"),
    "Reciprocal": Elementwise(np.reciprocal, "1 / ({0})"),
    "Sin": Elementwise(np.sin, "sin({0})"),
    "Cos": Elementwise(np.cos, "cos({0})"),
    "Sinh": Elementwise(np.sinh, "sinh({0})"),
    "Cosh": Elementwise(np.cosh, "cosh({0})"),
    "Atan": Elementwise(np.arctan, "arctan({0})"),
    "Asinh": Elementwise(np.arcsinh),
    "Sign": Elementwise(np.sign, "sign({0})"),
    "Floor": Elementwise(np.floor),
    "Ceil": Elementwise(np.ceil),
    "Round": Elementwise(np.round),
    "Max": Elementwise(_folded(np.maximum), "max({0}, {1})"),
    "Min": Elementwise(_folded(np.minimum), "min({0}, {1})"),
    "Sum": Elementwise(_folded(np.add), "({0} + {1})"),
    "Clip": Elementwise(
        lambda x, low=-math.inf, high=math.inf: np.minimum(np.maximum(x, low), high), "max({1}, min({2}, {0}))"
    ),
    "Greater": Elementwise(np.greater, "{0} > {1}"),
    "GreaterOrEqual": Elementwise(np.greater_equal, "{0} >= {1}"),
    "Less": Elementwise(np.less, "{0} < {1}"),
    "LessOrEqual": Elementwise(np.less_equal, "{0} <= {1}"),
    "Equal": Elementwise(np.equal, "{0} == {1}"),
    "And": Elementwise(np.logical_and, "where({0}, where({1}, 1, 0), 0) > 0"),
    "Or": Elementwise(np.logical_or, "where({0}, 1, where({1}, 1, 0)) > 0"),
    "Not": Elementwise(np.logical_not, "where({0}, 0, 1) > 0"),
    "Where": Elementwise(lambda c, a, b: np.where(np.asarray(c, bool), a, b), "where({0}, {1}, {2})"),
}

# Operators whose output is true or false.
CONDITIONS = frozenset({"Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "And", "Or", "Not"})

# Often a step of another function or plain arithmetic: an activation only directly on a weighted sum.
WEAK = frozenset({
    "abs", "exponential", "sine", "cosine", "sign", "binary_step", "sqrt_softplus", "identity", "log1mexp", "arctan",
    "erf_unit",
})  # fmt: skip

NAMED: dict[str, Named] = {
    "Relu": Named("relu"),
    "LeakyRelu": Named("leaky_relu", {"negative_slope": ("alpha", 0.01)}),
    "PRelu": Named("prelu", inputs={"a": 1}),
    "Elu": Named("elu", {"alpha": ("alpha", 1.0)}),
    "Celu": Named("celu", {"alpha": ("alpha", 1.0)}),
    "Selu": Named("selu", {"alpha": ("alpha", 1.6732632423543772), "scale": ("gamma", 1.0507009873554805)}),
    "Sigmoid": Named("sigmoid"),
    "HardSigmoid": Named("hard_sigmoid", {"alpha": ("alpha", 0.2), "beta": ("beta", 0.5)}),
    "HardSwish": Named("hard_swish"),
    "Tanh": Named("tanh"),
    "Erf": Named("erf_unit"),
    "Softplus": Named("softplus"),
    "Softsign": Named("softsign"),
    "Mish": Named("mish"),
    "Gelu": Named("gelu"),
    "FastGelu": Named("gelu_tanh"),
    "BiasGelu": Named("gelu"),
    "Swish": Named("swish_beta", {"beta": ("alpha", 1.0)}),
    "QuickGelu": Named("quick_gelu", {"alpha": ("alpha", 1.702)}),
    "ThresholdedRelu": Named("thresholded_relu", {"theta": ("alpha", 1.0)}),
    "Shrink": Named("shrink", {"lambd": ("lambd", 0.5), "bias": ("bias", 0.0)}),
    "Affine": Named("identity"),
}

# Operators that move values or change their type: the shape may change, f does not.
TRANSPARENT = frozenset({
    "Cast", "CastLike", "Identity", "Dropout", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Expand", "Flatten",
    "QuantizeLinear", "DequantizeLinear",
})  # fmt: skip


def function_of(op: str, attributes: Mapping[str, Any], constants: Sequence[float | None]) -> Function | None:
    """The activation that an operator is; None if it is not one or a constant of it is unknown."""
    if op not in NAMED:
        return None
    named = NAMED[op]
    if attributes.get("approximate") == b"tanh":
        named = NAMED["FastGelu"]
    values = {name: float(attributes.get(key, default)) for name, (key, default) in named.attributes.items()}
    for name, place in named.inputs.items():
        constant = constants[place] if place < len(constants) else None
        if constant is None:
            return None
        values[name] = constant
    return plain(get(named.name).activation.bind(values))


def plain(function: Function) -> Function:
    """The function with parameters that float32 rounded from a default or a short decimal restored to that."""
    defaults = {parameter.name: parameter.default for parameter in function.activation.parameters}
    values = {name: _short(value, defaults[name]) for name, value in function.values}
    own = {name: [_short(value, defaults[name]) for value in each] for name, each in function.columns}
    return function.activation.bind({**values, **own})


def sloped(slopes: Array) -> Function:
    """The prelu with these slopes: one per channel, or a single one if all are equal."""
    each = slopes.ravel().tolist()
    return plain(get("prelu").activation.bind({"a": each if len(set(each)) > 1 else each[0]}))


def _short(value: float, default: float) -> float:
    if math.isclose(value, default, rel_tol=3e-7):  # 1/6 is written as 0.1666667
        return default
    for digits in range(1, 8):
        if math.isclose(short := float(f"{value:.{digits}g}"), value, rel_tol=1e-7):
            return short
    return value
