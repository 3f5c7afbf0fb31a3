"""|f'| and |f| of tensors where they lie: the kernels of the functions are numpy's, which no device but the CPU runs.

What an elementwise function is goes there once, as a table: between neighbouring nodes f' and f are the cubics that
have their values and slopes at both. Where f' crosses epsilon, or it or f becomes 0, both doubles beside are nodes, and
no cubic leaves the range of its ends: which values are flagged is exact, and so is what is made of lines. Of the rest
the cubics have nine digits between -50 and 50, and further out fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Function, flat
from actcli.analysis.regions import shape
from actcli.numerics.doubles import ascending, changes

_PARTS = 8  # of each stretch between the points of the shape
_KINDS = frozenset(("cuda",))  # also AMD's; others, as Apple's, have no float64, or not on each model

Sizes: TypeAlias = Callable[[Any], tuple[Any, Any]]


def stays(function: Function, device: Any) -> bool:
    """Whether values on a device are measured there: not under what maps rows, oscillates for ever or has a bound."""
    own = function.activation
    is_tabled = own.window is None and own.domain == (-np.inf, np.inf) and not function.rowwise
    return is_tabled and device.type in _KINDS


@lru_cache(maxsize=16)
def sizes(function: Function, epsilon: float, device: Any) -> Sizes:
    """What gives |f'| and |f| of float64 values on a device, one row per neuron; NaN of NaN."""
    return _straight(function, device) or _tabled(function, epsilon, device)


def _straight(function: Function, device: Any) -> Sizes | None:
    """That of a function, or of one for each column, whose two sides are straight and meet in 0; None of others."""
    import torch

    if function.activation.d2f is not flat or any(function.breaks):
        return None
    x = np.repeat([[-1.0], [0.0], [1.0]], function.width or 1, axis=1)
    slopes = function.df(x)
    if (function.f(x) != slopes * x).any():
        return None
    below, at, above = torch.as_tensor(np.abs(slopes), device=device)[:, :, None]

    def of(t: Any) -> tuple[Any, Any]:
        gradient = torch.where(t > 0.0, above, torch.where(t < 0.0, below, at))
        return gradient, t.abs() * gradient

    return of


def _tabled(function: Function, epsilon: float, device: Any) -> Sizes:
    import torch

    x = _nodes(function, epsilon)
    f, df, d2f = function.f(x), function.df(x), function.d2f(x)
    starts, widths, *curves = (
        torch.as_tensor(part, device=device) for part in (x[:-1], np.diff(x), _cubics(x, df, d2f), _cubics(x, f, df))
    )
    inner = starts[1:].contiguous()

    def of(t: Any) -> tuple[Any, Any]:
        at = torch.searchsorted(inner, t, right=True)
        part = (t - starts[at]) / widths[at]
        slope, value = (_value(curve, at, part) for curve in curves)
        return slope, value

    def _value(curve: Any, at: Any, part: Any) -> Any:
        low, high, *coefficients = curve
        total = coefficients[0][at]
        for coefficient in coefficients[1:]:
            total = total.mul_(part).add_(coefficient[at])
        return torch.minimum(torch.maximum(total, low[at]), high[at]).abs_()

    return of


def _nodes(function: Function, epsilon: float) -> Array:
    """Doubles between neighbours of which f and f' are monotone, no flag changes and both are nearly cubics."""
    points = shape(function).points
    flags: tuple[Callable[[Array], NDArray[np.bool_]], ...] = (
        lambda x: np.abs(function.df(x)) < epsilon,
        lambda x: function.df(x) == 0.0,
        lambda x: function.f(x) == 0.0,
    )
    beside = [end for flag in flags for end in changes(flag, points)]
    points = ascending(np.concatenate([points, *beside]))
    points = points[np.isfinite(points)]
    between = points[:-1, None] + np.diff(points)[:, None] * (np.arange(_PARTS) / _PARTS)
    return ascending(np.append(between.ravel(), points[-1]))


def _cubics(x: Array, y: Array, slope: Array) -> Array:
    """For each stretch the ends of its range, and the cubic in the part of it that is passed, highest power first."""
    with np.errstate(all="ignore"):  # of what is beyond the doubles
        step, rise = np.diff(x), np.diff(y)
        first, last = step * slope[:-1], step * slope[1:]
        rest = np.stack([first + last - 2.0 * rise, 3.0 * rise - 2.0 * first - last, first])
    rest[:, ~np.isfinite(rest).all(axis=0)] = 0.0
    low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
    return np.stack([low, high, *rest, y[:-1]])
