"""The doubles as an ordered set: grids, and bisection to the adjacent doubles between which a flag changes."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Interval


def grid(breaks: tuple[float, ...], domain: Interval, window: Interval | None) -> Array:
    """Doubles of every magnitude in the domain, dense where activations bend, with the neighbours of each break.

    For a function that oscillates forever, doubles in its window.
    """
    magnitudes = np.concatenate(
        [
            np.ldexp(1.0, np.arange(-1074, 1024)),
            np.geomspace(1e-4, 1e4, 2000),
            np.linspace(0.0, 50.0, 5001),
            [np.finfo(np.float64).max, math.inf],
        ]
    )
    at = np.array(breaks)
    beside = np.concatenate([at, np.nextafter(at, -math.inf), np.nextafter(at, math.inf)])
    low, high = domain if window is None else window
    if window is not None:
        magnitudes = np.concatenate([magnitudes, np.linspace(0.0, max(-low, high), 20_001)])
    points = ascending(np.concatenate([-magnitudes, magnitudes, beside]) + 0.0)
    return points[(points >= low) & (points <= high)]


def ascending(x: Array) -> Array:
    """The distinct numbers in order. `np.unique` would import masked arrays, which takes 14 ms."""
    x = np.sort(x)
    return np.asarray(x[np.concatenate([[True], x[1:] != x[:-1]])])


def _ordered(x: Array) -> NDArray[np.int64]:
    """Doubles as integers in the same order, adjacent doubles as adjacent integers; -0 and 0 are the same."""
    bits = x.view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _from_ordered(n: NDArray[np.int64]) -> Array:
    return np.where(n < 0, np.int64(-(2**63)) - n, n).view(np.float64)


def _bisect(flag: Callable[[Array], NDArray[np.bool_]], low: Array, high: Array) -> tuple[Array, Array]:
    """For brackets with flag(low) != flag(high), the adjacent doubles in each between which the flag changes."""
    a, b = _ordered(low), _ordered(high)
    at_low = flag(low)
    while np.any(b - a > 1):
        middle = a + (b - a) // 2
        same = flag(_from_ordered(middle)) == at_low
        a, b = np.where(same, middle, a), np.where(same, b, middle)
    return _from_ordered(a), _from_ordered(b)


def changes(flag: Callable[[Array], NDArray[np.bool_]], points: Array) -> tuple[Array, Array]:
    """The adjacent doubles between which `flag` changes, one pair for each change between neighbouring points."""
    at = flag(points)
    change = np.flatnonzero(at[:-1] != at[1:])
    return _bisect(flag, points[change], points[change + 1])


def intervals(flag: Callable[[Array], NDArray[np.bool_]], points: Array) -> Iterator[tuple[int, int, float, float]]:
    """The maximal intervals on which `flag` is true: i and j of points[i:j], and the outermost doubles."""
    boundary = iter(np.column_stack(changes(flag, points)).tolist())
    edges = np.flatnonzero(np.diff(flag(points), prepend=False, append=False))
    for i, j in edges.reshape(-1, 2).tolist():
        start = float(points[0]) if i == 0 else next(boundary)[1]
        stop = float(points[-1]) if j == len(points) else next(boundary)[0]
        yield i, j, start, stop
