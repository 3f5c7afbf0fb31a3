"""Estimate the parameters of a function that is known by its values, for each activation.

Estimates are polished later, so rough ones will do, except for the position of a jump, which no slope leads to.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from actcli.activation import Array

F: TypeAlias = Callable[[Array], Any]
Estimate: TypeAlias = Callable[[F], dict[str, float]]

_BIG = 1e4


def _at(f: F, x: float) -> float:
    return float(np.asarray(f(np.array([x], np.float64)), np.float64)[0])


def _slope(f: F, x: float, by: float = 1e-3) -> float:
    return (_at(f, x + by) - _at(f, x - by)) / (2.0 * by)


def _edge(f: F, low: float, high: float, above: Callable[[Array, Array], Any]) -> float:
    """Where between two points `above`, of x and f(x), becomes true, to the last bits of single precision."""
    for _ in range(6):
        x = np.linspace(low, high, 130)
        true = np.asarray(above(x, np.asarray(f(x), np.float64)))
        if not true[1:].any():
            return high
        first = 1 + int(np.argmax(true[1:]))
        low, high = float(x[first - 1]), float(x[first])
    return high


def _same(x: Array, y: Array) -> Any:
    return np.abs(y - x) <= 1e-3 * np.abs(x)


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p)) if 0.0 < p < 1.0 else math.nan


def _leak(name: str) -> Estimate:
    return lambda f: {name: -_at(f, -1.0)}


def _hard_sigmoid(f: F) -> dict[str, float]:
    low = _edge(f, -_BIG, _BIG, lambda x, y: y > 0.25)
    width = _edge(f, low, _BIG, lambda x, y: y >= 0.75) - low
    slope = 0.5 / width if width else math.nan
    return {"alpha": slope, "beta": 0.25 - slope * low}


def _thresholded(f: F) -> dict[str, float]:
    return {"theta": _edge(f, -_BIG, _BIG, lambda x, y: _same(x, y) & (y != 0.0))}


def _clipped_gelu(f: F) -> dict[str, float]:
    return {"min": _at(f, -0.75) if _at(f, -0.75) > -0.1699 else -10.0, "max": _at(f, _BIG)}


def _threshold(f: F) -> dict[str, float]:
    value = _at(f, -_BIG)
    return {"threshold": _edge(f, -_BIG, _BIG, lambda x, y: _same(x, y) & (y != value)), "value": value}


def _elu(f: F) -> dict[str, float]:
    return {"alpha": -_at(f, -80.0)}


def _selu(f: F) -> dict[str, float]:
    scale = _at(f, 1.0)
    return {"alpha": -_at(f, -80.0) / scale if scale else math.nan, "scale": scale}


def _xielu(f: F) -> dict[str, float]:
    two, four = _at(f, 2.0), _at(f, 4.0)
    alpha = (four - 2.0 * two) / 8.0
    beta = (two - 4.0 * alpha) / 2.0
    left = _at(f, -4.0) + 4.0 * beta
    return {"alpha_p": alpha, "alpha_n": left / (math.expm1(-4.0) + 4.0), "beta": beta}


def _softplus(f: F) -> dict[str, float]:
    return {"beta": math.log(2.0) / _at(f, 0.0) if _at(f, 0.0) > 0.0 else math.nan}


def _swish(name: str) -> Estimate:
    return lambda f: {name: _logit(_at(f, 1.0))}


def _gelu_tanh(f: F) -> dict[str, float]:
    return {"c": _logit(_at(f, 1.0)) / (2.0 * math.sqrt(2.0 / math.pi)) - 1.0}


def _shrink(f: F) -> dict[str, float]:
    edge = _edge(f, 0.0, _BIG, lambda x, y: y != 0.0)
    far = max(8.0, 2.0 * edge)
    return {"lambd": edge, "bias": far - _at(f, far)}


def _laplace(f: F) -> dict[str, float]:
    middle = _edge(f, -_BIG, _BIG, lambda x, y: y > 0.5)
    return {"mu": middle, "sigma": 1.0 / (_slope(f, middle) * math.sqrt(2.0 * math.pi)) if _slope(f, middle) else 0.0}


def _sine(f: F) -> dict[str, float]:
    small = _at(f, 1e-3)
    return {"w0": math.asin(small) / 1e-3 if abs(small) < 1.0 else math.nan}


def _snake(f: F) -> dict[str, float]:
    small = 0.1
    return {"frequency": (_at(f, small) - small) / (small * small)}


@dataclass(frozen=True, slots=True)
class Family:
    """The estimate for an activation, and what holds for all its parameters: 0 at 0, or made of straight pieces.

    A function without these properties is ruled out before any estimate.
    """

    estimate: Estimate
    is_zero_at_zero: bool = False
    is_straight: bool = False


FAMILIES: dict[str, Family] = {
    "binary_step": Family(lambda f: {"at_zero": _at(f, 0.0)}, is_straight=True),
    "hard_sigmoid": Family(_hard_sigmoid, is_straight=True),
    "laplace_activation": Family(_laplace),
    "leaky_relu": Family(_leak("negative_slope"), True, True),
    "prelu": Family(_leak("a"), True, True),
    "relu_n": Family(lambda f: {"n": _at(f, _BIG)}, True, True),
    "thresholded_relu": Family(_thresholded, True, True),
    "threshold": Family(_threshold, is_straight=True),
    "hard_tanh": Family(lambda f: {"min_val": _at(f, -_BIG), "max_val": _at(f, _BIG)}, is_straight=True),
    "clipped_gelu": Family(_clipped_gelu),
    "elu": Family(_elu, True),
    "selu": Family(_selu, True),
    "celu": Family(_elu, True),
    "xielu": Family(_xielu, True),
    "softplus": Family(_softplus),
    "squareplus": Family(lambda f: {"b": 4.0 * _at(f, 0.0) ** 2}),
    "swish_beta": Family(_swish("beta"), True),
    "quick_gelu": Family(_swish("alpha"), True),
    "gelu_tanh": Family(_gelu_tanh, True),
    "softshrink": Family(lambda f: {"lambd": _shrink(f)["lambd"]}, True, True),
    "hardshrink": Family(lambda f: {"lambd": _shrink(f)["lambd"]}, True, True),
    "shrink": Family(_shrink, True, True),
    "sine": Family(_sine, True),
    "snake": Family(_snake, True),
}
