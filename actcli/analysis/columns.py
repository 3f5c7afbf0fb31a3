"""Where functions saturate and are constant, including functions that differ from column to column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Function, Interval
from actcli.analysis.precision import losses
from actcli.analysis.regions import saturated_sides
from actcli.numerics.smaller import Precision

Span: TypeAlias = tuple[float | Array, float | Array]  # an interval, or one per column


class Sides(NamedTuple):
    """The closed intervals where f saturates, on the low and the high side, and where it is constant in a precision."""

    low: tuple[Span, ...]
    high: tuple[Span, ...]
    constant: tuple[Span, ...] = ()

    @classmethod
    def of(cls, function: Function, tau: float, precision: Precision | None) -> Sides:
        """The sides of a function, which may differ from column to column."""

        def constant(own: Function) -> Sequence[Interval]:
            regions = () if precision is None else losses(own, precision).constant_output
            return [(region.start, region.stop) for region in regions]

        return cls(
            _spans(function, tau, lambda own: saturated_sides(own, tau).low),
            _spans(function, tau, lambda own: saturated_sides(own, tau).high),
            _spans(function, tau, constant),
        )


def _spans(function: Function, tau: float, intervals: Callable[[Function], Sequence[Interval]]) -> tuple[Span, ...]:
    """The intervals of a function. Columns that are alike share those of the first; missing intervals are empty."""
    if not function.columns:
        return tuple(intervals(function))
    first, kind = _alike(function, tau)
    found = [list(intervals(function.at(column))) for column in first]
    most = max(map(len, found))
    ends = np.array([own + [(math.inf, -math.inf)] * (most - len(own)) for own in found]).reshape(len(found), most, 2)
    return tuple((ends[kind, place, :1], ends[kind, place, 1:]) for place in range(most))


def _alike(function: Function, tau: float) -> tuple[list[int], NDArray[np.intp]]:
    """The first column of each kind, and the kind of each column. f is straight on either side of 0; kinds differ in
    which side is flat, or flat compared with the other."""
    slopes = np.abs(function.df(np.repeat([[-1.0], [1.0]], function.width or 1, axis=1)))
    traits = np.concatenate([slopes <= tau * slopes.max(axis=0), slopes == 0.0])
    _, first, kind = np.unique(traits, axis=1, return_index=True, return_inverse=True)
    return first.tolist(), kind.ravel()


def own_outputs(outputs: Array, inputs: int) -> Array:
    """Return, for each input, the output that it belongs to, if there are more or fewer outputs (rows along the last
    axis).

    Fewer outputs are repeated: the halves of a gated function, the groups of maxout, the single logsumexp. More outputs
    are assigned to the inputs in turn and added: of the two outputs of crelu one is 0.
    """
    count = outputs.shape[-1]
    if count == inputs:
        return outputs
    if count < inputs:
        return np.concatenate([outputs] * (inputs // count), axis=-1)
    total: Array = outputs.reshape(*outputs.shape[:-1], count // inputs, inputs).sum(axis=-2)
    return total
