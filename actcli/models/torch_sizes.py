"""|f'| and |f| on a GPU, where the numpy kernels of the functions cannot run.

A function is sent to the device once, as a table: between neighbouring nodes, f' and f are cubics with the right
values and slopes at both nodes. Where |f'| crosses epsilon, or f' or f becomes 0, the doubles on both sides are nodes,
and each cubic is clipped to the range of its ends: so flags (vanishing, zero gradient) are exact, and so are piecewise
linear functions. Other values have at least nine digits for x between -50 and 50, and fewer further out.
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

_PARTS = 8  # nodes for each point of the shape
_KINDS = frozenset(("cuda",))  # includes ROCm; other kinds of device, such as mps, lack float64 on some or all models

Sizes: TypeAlias = Callable[[Any], tuple[Any, Any]]


def stays(function: Function, device: Any) -> bool:
    """Whether values on this device are measured there. Rowwise and gated functions, those that oscillate forever and
    those with a bounded domain have no table."""
    own = function.activation
    is_tabled = own.window is None and own.domain == (-np.inf, np.inf) and not function.rowwise
    return is_tabled and device.type in _KINDS


@lru_cache(maxsize=16)
def sizes(function: Function, epsilon: float, device: Any) -> Sizes:
    """A callable that gives |f'| and |f| of a float64 tensor on the device, one row per neuron."""
    return _straight(function, device) or _tabled(function, epsilon, device)


def _straight(function: Function, device: Any) -> Sizes | None:
    """For a function that is linear on each side of 0, with slopes that may differ by column; None for any other."""
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
    """Doubles between which f and f' are monotone and nearly cubic, and no flag changes."""
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
    """For each interval the range of its ends, and the cubic in the relative position, highest power first."""
    with np.errstate(all="ignore"):  # overflow beyond the doubles
        step, rise = np.diff(x), np.diff(y)
        first, last = step * slope[:-1], step * slope[1:]
        rest = np.stack([first + last - 2.0 * rise, 3.0 * rise - 2.0 * first - last, first])
    rest[:, ~np.isfinite(rest).all(axis=0)] = 0.0
    low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
    return np.stack([low, high, *rest, y[:-1]])
