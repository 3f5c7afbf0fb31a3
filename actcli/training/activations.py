"""A function as applied by a layer: its kernels called without checks, its parameters fixed or learned.

Kernels take float64, so a float32 network is widened for them. The caller silences numpy's warnings once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Array, Function, Kernel
from actcli.errors import DataError, UsageError
from actcli.parameters import Parameter
from actcli.training.words import Learn

if TYPE_CHECKING:
    from actcli.parameters import Domain

_INSIDE = 1e-3  # the least distance of a learned parameter from an open end of its domain


class Fixed:
    """f with the given parameters."""

    learned: tuple[Parameter, ...] = ()

    def __init__(self, function: Function, width: int) -> None:
        self.start = function
        self.given = function.parameters
        self.values = self.slopes = np.empty((0, 1))
        self.outputs = _outputs(function, width)

    @property
    def size(self) -> tuple[int, int]:
        """The number of learned parameters, and of values of each (one, or one per neuron)."""
        return (len(self.learned), self.values.shape[1])

    def at(self) -> Function:
        """The layer's current function; if each neuron has its own parameters, with their means."""
        return self.start

    def f(self, z: Array) -> Array:
        return self.start.activation.f(z, **self.given)

    def back(self, z: Array, dy: Array) -> tuple[Array, Array | None]:
        """Turn derivatives with respect to f(z) into those with respect to z; also f'(z) if f is elementwise. Those
        with respect to learned parameters are stored in `slopes`."""
        slope = self.start.activation.df(z, **self.given)
        return slope * dy, slope

    def keep_inside(self) -> None:
        """Bring learned parameters back into their domains."""


class Rowwise(Fixed):
    """A rowwise f with the given parameters."""

    def back(self, z: Array, dy: Array) -> tuple[Array, None]:
        jacobian = self.start.activation.jacobian
        assert jacobian is not None
        return _through(jacobian(z, **self.given), dy), None


class Learned(Fixed):
    """f with learned parameters, one value of each for the whole layer."""

    def __init__(self, function: Function, width: int) -> None:
        super().__init__(function, width)
        self.learned = learnable(function)
        self.domains = [_inside(parameter.domain) for parameter in self.learned]
        self.neurons = 1
        self._prepare()

    def _prepare(self) -> None:
        start = [[self.given[parameter.name]] * self.neurons for parameter in self.learned]
        self.values, self.slopes = np.array(start), np.zeros((len(self.learned), self.neurons))
        self.before = self.values.copy()

    def named(self, neuron: int = 0) -> dict[str, float]:
        values = self.values[:, neuron].tolist()
        return {**self.given, **{parameter.name: value for parameter, value in zip(self.learned, values, strict=True)}}

    def at(self) -> Function:
        means = self.values.mean(axis=1, dtype=np.float64).tolist()
        known = {**self.given, **{parameter.name: value for parameter, value in zip(self.learned, means, strict=True)}}
        return replace(self.start, values=tuple(known.items()))

    def f(self, z: Array) -> Array:
        return self.start.activation.f(z, **self.named())

    def back(self, z: Array, dy: Array) -> tuple[Array, Array | None]:
        activation, values = self.start.activation, self.named()
        for place, parameter in enumerate(self.learned):
            self.slopes[place] = np.vdot(activation.wrt[parameter.name](z, **values), dy)
        if activation.jacobian is not None:
            return _through(activation.jacobian(z, **values), dy), None
        slope = activation.df(z, **values)
        return slope * dy, slope

    def keep_inside(self) -> None:
        for place, (low, high) in enumerate(self.domains):
            np.clip(self.values[place], low, high, out=self.values[place])
        if (constraint := self.start.activation.constraint) is not None:
            for neuron in range(self.neurons):
                if not constraint[1](**self.named(neuron)):
                    self.values[:, neuron] = self.before[:, neuron]
            self.before[:] = self.values


class LearnedByNeuron(Learned):
    """f with learned parameters, one value of each per neuron, as in PReLU."""

    def __init__(self, function: Function, width: int) -> None:
        super().__init__(function, width)
        self.neurons = width
        self._prepare()

    def f(self, z: Array) -> Array:
        return self._by_row(self.start.activation.f)(np.ascontiguousarray(z.T)).T

    def back(self, z: Array, dy: Array) -> tuple[Array, Array]:
        activation, t, dt = self.start.activation, np.ascontiguousarray(z.T), dy.T
        for place, parameter in enumerate(self.learned):
            slopes = self._by_row(activation.wrt[parameter.name])(t)
            np.einsum("ns,ns->n", slopes, dt, out=self.slopes[place], casting="unsafe")
        slope = self._by_row(activation.df)(t).T
        return slope * dy, slope

    def _by_row(self, kernel: Kernel) -> Callable[[Array], Array]:
        """The kernel applied to each neuron's row, as kernels take one value of each parameter."""

        def work(t: Array) -> Array:
            found = np.empty_like(t)
            for neuron in range(len(t)):
                found[neuron] = kernel(t[neuron], **self.named(neuron))
            return found

        return work


def _through(jacobian: Array, dy: Array) -> Array:
    back: Array = np.matmul(dy[:, None, :], jacobian)[:, 0, :]
    return back


def learnable(function: Function) -> tuple[Parameter, ...]:
    """The parameters that training can move, which leaves out infinite thresholds."""
    return tuple(p for p in function.activation.parameters if math.isfinite(function.parameters[p.name]))


def applied(function: Function, width: int, learn: Learn) -> Fixed:
    """The function, as applied to layers of this width. Raises DataError for a width that it cannot take."""
    if learn == "none" or not learnable(function):
        return Rowwise(function, width) if function.rowwise else Fixed(function, width)
    if learn == "layer":
        return Learned(function, width)
    if function.rowwise:
        raise UsageError(
            f"{function.label} maps rows: its neurons have no parameters of their own", "use --learn layer"
        )
    return LearnedByNeuron(function, width)


def _outputs(function: Function, width: int) -> int:
    if not function.rowwise:
        return width
    try:
        return int(function.f(np.zeros((1, width))).shape[-1])
    except DataError as error:
        raise DataError(f"{function.label} on a hidden layer of {width}: {error.message}", error.hint) from error


def _inside(domain: Domain) -> tuple[float, float]:
    low = domain.low + _INSIDE if domain.low_open else domain.low
    high = domain.high - _INSIDE if domain.high_open else domain.high
    return low, high
