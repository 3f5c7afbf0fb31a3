"""Find the registered function with the values of f on a few hundred points, however f is written.

Before that, `shape_of` decides whether f is constant, affine or a curve.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import numpy as np

from actcli.activation import Activation, Array, Flags, Function
from actcli.errors import UsageError
from actcli.models.estimates import FAMILIES, F, Family
from actcli.registry import additions

Shape: TypeAlias = Literal["constant", "affine", "curve"]

FLOAT32, FLOAT16, BFLOAT16 = 2.0**-24, 2.0**-11, 2.0**-8  # the rounding of constants and of arithmetic
_SLACK = {FLOAT32: 24.0, FLOAT16: 6.0, BFLOAT16: 4.0}
_TOO_FAR = 80.0  # beyond it e^x overflows in single precision, and beyond an eighth of it in half precision
_FAR = (12.0, 20.0, 28.0, 40.0, 85.0, 300.0, 1000.0)
_ALIKE = 3.0  # among functions whose errors differ by less than this factor, the simplest is chosen
_SAME = 0.01  # smaller errors count as this
_STEPS = 12
_EVEN = 320  # evenly spaced points
_BENDS = 12  # points at which a function of straight pieces may bend: a few beside each kink or jump
_COARSE = 0.1  # an estimate that is farther off anywhere, relative to 1 + |f|, belongs to another function


def shape_of(f: F, rounding: float = FLOAT32) -> Shape:
    """Whether f is constant, affine, or neither."""
    target = _Target.of(f, rounding)
    x, y = target.x, target.y
    at, one = (float(_values(f, np.array([x]))[0]) for x in (0.0, 1.0))
    if not np.isfinite(y).all() or target.error(at + (one - at) * x) > 1.0:
        return "curve"
    return "constant" if target.error(np.full_like(y, at)) <= 1.0 else "affine"


def recognise(
    f: F, rounding: float = FLOAT32, prefer: Sequence[str] = (), *, at_defaults: bool = False
) -> Function | None:
    """The registered function with the values of f, with its parameters fitted; None if there is none.

    f maps float64 arrays to arrays of the same shape, accurate to the `rounding` of its constants or arithmetic. Among
    equal functions, such as silu and swish_beta with beta = 1, those in `prefer` come first, then those at their
    defaults, then those with the fewest parameters. `at_defaults`: do not fit parameters.
    """
    target = _Target.of(f, rounding)
    candidates = _candidates(additions.activations())
    wanted = tuple(one for one in candidates if one.name in prefer and not at_defaults)
    found = _at_defaults(wanted, target) or _fitted(wanted, target) or _at_defaults(candidates, target)
    if not found and not at_defaults:
        found = _fitted(candidates, target)
    return target.simplest(found) if found else None


@dataclass(frozen=True, eq=False)
class _Target:
    """The function to recognise: its values at the points, and the tolerance there."""

    f: F
    rounding: float
    x: Array
    y: Array
    tolerance: Array
    counts: Flags  # where the target has not overflowed

    @classmethod
    def of(cls, f: F, rounding: float) -> _Target:
        x = _points(rounding)
        y = _values(f, x)
        finite = np.isfinite(y)
        size = np.where(finite, np.abs(y), 0.0)
        tolerance = _SLACK.get(rounding, 24.0) * rounding * (1.0 + size + 0.1 * np.abs(x))
        overflowed = ~finite & (np.abs(x) > (_TOO_FAR if rounding <= FLOAT32 else _TOO_FAR / 8.0))
        return cls(f, rounding, x, y, tolerance, ~overflowed)

    def error(self, g: Array) -> float:
        """The largest error of g in units of the tolerance; infinite if only one of the two is NaN somewhere."""
        return float(self.errors(g[None])[0])

    def errors(self, g: Array) -> Array:
        """The error of each row of g."""
        y = self.y
        with np.errstate(all="ignore"):
            alike = (g == y) | (np.isnan(g) & np.isnan(y)) | ~self.counts
            off = np.where(alike, 0.0, np.abs(g - y) / self.tolerance)
        return np.asarray(np.where(np.isnan(off), math.inf, off).max(axis=1))

    @cached_property
    def is_zero_at_zero(self) -> bool:
        """Whether f(0) = 0; 0 is the last point."""
        return bool(np.abs(self.y[-1]) <= self.tolerance[-1])

    @cached_property
    def is_straight(self) -> bool:
        """Whether f bends at only a few of the evenly spaced points."""
        y, tolerance = self.y[:_EVEN], self.tolerance[:_EVEN]
        with np.errstate(all="ignore"):
            bends = np.abs(np.diff(y, 2)) > 4.0 * tolerance[1:-1]
        return int(bends.sum()) <= _BENDS

    def may_be(self, family: Family) -> bool:
        """Whether the target has the properties that all functions of a family have."""
        return (self.is_zero_at_zero or not family.is_zero_at_zero) and (self.is_straight or not family.is_straight)

    def is_met(self, function: Function) -> bool:
        return self.error(_values(function.f, self.x)) <= 1.0

    def is_near(self, function: Function) -> bool:
        """Whether a function is roughly the target, on a few of the points."""
        few = (np.abs(self.x) < 20.0) & np.isfinite(self.y) & (np.arange(len(self.x)) % 8 == 0)
        y = self.y[few]
        return bool((np.abs(_values(function.f, self.x[few]) - y) <= _COARSE * (1.0 + np.abs(y))).all())

    def simplest(self, found: Sequence[Function]) -> Function:
        """Among functions about as close as the closest, the one with the fewest parameters, declared first."""
        errors = [self.error(_values(function.f, self.x)) for function in found]
        least = max(min(errors), _SAME)
        alike = [function for function, error in zip(found, errors, strict=True) if error <= _ALIKE * least]
        return min(alike, key=lambda function: len(function.values))


@lru_cache(maxsize=4)
def _points(rounding: float) -> Array:
    """Where functions are compared: 0, points off the round numbers where kinks lie, and a few far out."""
    near = (np.arange(_EVEN) - _EVEN // 2) * 0.0503 + 0.0071
    far = [x for x in _FAR if x <= 30.0 or rounding <= FLOAT32]  # beyond, float16 overflows on the way
    x = np.concatenate([near, np.linspace(-1.0, 1.0, 41) * 0.91, far, np.negative(far), [0.0]])
    x.flags.writeable = False
    return x


@lru_cache(maxsize=4)
def _candidates(activations: tuple[Activation, ...]) -> tuple[Activation, ...]:
    """The elementwise functions, without rrelu: in evaluation it is a leaky_relu."""
    return tuple(one for one in activations if one.kind == "elementwise" and one.name != "rrelu")


@lru_cache(maxsize=64)
def _defaults(activations: tuple[Activation, ...], rounding: float) -> tuple[tuple[Function, ...], Array]:
    """The activations with a default for every parameter, at their defaults, and their values at the points, as
    rows."""
    functions = tuple(function for one in activations if (function := _bound(one, {})) is not None)
    return functions, np.array([_values(function.f, _points(rounding)) for function in functions])


def _values(f: F, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(f(x), dtype=np.float64)


def _bound(activation: Activation, values: dict[str, float]) -> Function | None:
    if any(map(math.isnan, values.values())):
        return None
    try:
        return activation.bind(values)
    except UsageError:  # outside its domain
        return None


def _at_defaults(activations: tuple[Activation, ...], target: _Target) -> list[Function]:
    """The activations that equal the target at their defaults."""
    functions, values = _defaults(activations, target.rounding)
    return [functions[place] for place in np.flatnonzero(target.errors(values) <= 1.0)] if functions else []


def _fitted(activations: Sequence[Activation], target: _Target) -> list[Function]:
    """The activations that equal the target with fitted parameters."""
    return [function for one in activations if (function := _fit(one, target)) is not None]


def _fit(activation: Activation, target: _Target) -> Function | None:
    family = FAMILIES.get(activation.name)
    if family is None or not target.may_be(family):
        return None
    with np.errstate(all="ignore"):
        function = _bound(activation, family.estimate(target.f))
    if function is None or not target.is_near(function):
        return None
    function = _polished(function, target)
    return _rounded(function, target) if target.is_met(function) else None


def _polished(function: Function, target: _Target) -> Function:
    """A few Gauss-Newton steps with the exact parameter derivatives, as long as the distance falls."""
    names = [name for name, value in function.values if math.isfinite(value)]
    near = np.isfinite(target.y) & (np.abs(target.x) <= 20.0)
    x, y = target.x[near], target.y[near]
    best = _distance(function, x, y)
    for _ in range(_STEPS):
        slopes = np.stack([np.asarray(function.derivative_by(name, x)) for name in names], axis=1)
        miss = y - function.f(x)
        if not (np.isfinite(slopes).all() and np.isfinite(miss).all()):
            return function
        step = np.linalg.lstsq(slopes, miss, rcond=1e-10)[0].tolist()
        moved = {name: function.parameters[name] + by for name, by in zip(names, step, strict=True)}
        closer = _bound(function.activation, {**function.parameters, **moved})
        if closer is None or not (distance := _distance(closer, x, y)) < best * (1.0 - 1e-6):
            return function
        function, best = closer, distance
    return function


def _distance(function: Function, x: Array, y: Array) -> float:
    return float(np.square(_values(function.f, x) - y).sum())


def _rounded(function: Function, target: _Target) -> Function:
    """The function with each parameter replaced by the plainest value that still meets the target."""
    for parameter in function.activation.parameters:
        for plain in _plainer(function.parameters[parameter.name], parameter.default, target.rounding):
            other = _bound(function.activation, {**function.parameters, parameter.name: plain})
            if other is not None and target.is_met(other):
                function = other
                break
    return function


def _plainer(value: float, default: float, rounding: float) -> Iterator[float]:
    """The numbers that a value, known to a rounding, may have been written as, the plainest first."""
    if not math.isfinite(value):
        return
    near = 16.0 * rounding * max(abs(value), 0.1)
    fraction = float(Fraction(value).limit_denominator(12))
    for plain in (default, *(float(f"{value:.{digits}g}") for digits in range(1, 5)), fraction):
        if abs(plain - value) <= near:
            yield plain
    yield float(str(np.float16(value) if rounding == FLOAT16 else np.float32(value)))
