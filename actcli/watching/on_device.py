"""Reduce pre-activations on a GPU: only numbers per neuron leave the device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from actcli.activation import Array
from actcli.measuring import moments
from actcli.measuring.moments import Moments
from actcli.measuring.tallies import Counts, Values
from actcli.models.tensors import patterns, taken
from actcli.numerics import sums
from actcli.numerics.histogram import Histogram
from actcli.numerics.sums import Sums

_FAR = 1000  # the largest exponent to scale by: both 2**_FAR and 2**-_FAR are normal doubles


class OnDevice(Values):
    """A block whose values are a float64 tensor, one row per neuron, like the flags and numbers made from it. Results
    with one entry per neuron are arrays."""

    __slots__ = ()

    @classmethod
    def block(cls, t: Any, positions: int) -> OnDevice:
        keep = t.isfinite()
        least = taken(t.masked_fill(~keep, math.inf).amin(1))
        most = taken(t.masked_fill(~keep, -math.inf).amax(1))
        return cls(t, keep, np.zeros(len(t), np.int64), taken((~keep).sum(1)), least, most, positions)

    def count(self, flags: Any) -> Counts:
        return taken((flags & self.keep).sum(1))

    def total(self, numbers: Any) -> Sums:
        return self._sums(numbers, 1)

    def squares(self, numbers: Any) -> Sums:
        return self._sums(numbers, 2)

    def moments(self) -> Moments:
        """From the differences to the smallest value, so that the mean of a constant column is exactly its value."""
        exponent = np.clip(moments.scaling(self.size), -_FAR, _FAR)
        scale = self._column(np.ldexp(1.0, -exponent))
        count = self.t.shape[1] - self.non_finite
        shift = self._column(np.where(count > 0, self.least, 0.0)) * scale
        more = self._kept(self.t * scale - shift)
        offset = more.sum(1, keepdim=True) / self._column(np.maximum(count, 1))
        deviation = self._kept(more - offset).square().sum(1)
        return Moments.around(count, exponent, *(taken(part) for part in (shift[:, 0], offset[:, 0], deviation)))

    def histogram(self) -> Histogram:
        return Histogram.of_patterns(patterns(self.t[self.keep]))

    def inputs_with(self, flags: Any) -> Counts:
        flagged: Any = self.keep if flags is None else self.keep & flags
        return taken(flagged.reshape(len(flagged), -1, self.positions).any(2).sum(1))

    def like(self, end: Any) -> Any:
        tensor: Any = self.t
        return tensor.new_tensor(end)

    def _sums(self, numbers: Any, power: int) -> Sums:
        kept = self._kept(numbers.double())
        exponent = np.clip(sums.exponents(taken(kept.abs().amax(1))), -_FAR, _FAR)
        scaled = kept * self._column(np.ldexp(1.0, -exponent))
        return Sums.normal(taken((scaled**power).sum(1)), power * exponent)

    def _kept(self, numbers: Any) -> Any:
        return numbers.masked_fill(~self.keep, 0.0)  # type: ignore[operator]  # a tensor

    def _column(self, numbers: Array | Counts) -> Any:
        return self.like(numbers[:, None])
