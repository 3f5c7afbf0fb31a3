"""Compare two expressions whose values overflow or underflow, by signs and logarithms.

x * exp(x) > exp(x) holds at 800, though both sides are infinite there, and so does x * exp(-x) > exp(-x), though both
are 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from actcli.activation import Array
from actcli.expressions.tree import Call, Node, Power, Product, Sum

At: TypeAlias = Callable[[Node], Array]
Factors: TypeAlias = Sequence[tuple[bool, Node]]  # (whether it divides, factor)
_ROUNDING = 1e-13
_FAR = 50.0  # sinh, cosh and expm1 are exponentials from here on


def difference(left: Node, right: Node, at: At) -> Array:
    """Return a number with the sign of left - right, NaN if unknown; `at` returns the values of a part."""
    shared, ours, theirs = _shared(left, right)
    common, _ = _product(shared, at)
    (s, a), (t, b) = _product(ours, at), _product(theirs, at)
    further = s * np.where(s == 0.0, 0.0, a - b)
    near = (s != 0.0) & ~(np.abs(a - b) > _ROUNDING * np.maximum(np.abs(a), np.abs(b)))
    return common * np.where(s == t, np.where(near, np.nan, further), s - t)


def _shared(left: Node, right: Node) -> tuple[Factors, Factors, Factors]:
    """Return the common factors, and the remaining ones of each side."""
    ours, theirs = [[*(side.factors if isinstance(side, Product) else ((False, side),))] for side in (left, right)]
    shared = []
    for factor in [*ours]:
        if factor in theirs:
            shared.append(factor)
            ours.remove(factor)
            theirs.remove(factor)
    return shared, ours, theirs


def _product(factors: Factors, at: At) -> tuple[Array, Array]:
    parts = [(divides, *_logarithm(factor, at)) for divides, factor in factors]
    sign = np.prod(np.broadcast_arrays(np.ones(1), *(s for _, s, _ in parts)), axis=0)
    return sign, sum((-log if divides else log for divides, _, log in parts), np.zeros(1))


def _logarithm(node: Node, at: At) -> tuple[Array, Array]:
    """Return the sign, and the logarithm of the magnitude."""
    match node:
        case Product(factors):
            return _product(factors, at)
        case Sum(terms):
            signed = [(-1.0 if negative else 1.0, *_logarithm(term, at)) for negative, term in terms]
            return _added([(turn * sign, log) for turn, sign, log in signed])
        case Power(base, exponent):
            (sign, log), n = _logarithm(base, at), at(exponent)
            return np.where(sign < 0.0, np.where(np.mod(n, 2.0) == 1.0, -1.0, 1.0), sign), n * log
        case Call(activation, argument) if activation.name in ("exp", "expm1", "sinh", "cosh"):
            return _exponential(activation.name, at(argument), at(node))
        case _:
            value = at(node)
            return np.sign(value), np.log(np.abs(value))


def _added(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    top = np.max(np.broadcast_arrays(*(log for _, log in parts)), axis=0)
    held = np.where(np.isfinite(top), top, 0.0)
    total = sum((np.where(s == 0.0, 0.0, s * np.exp(log - held)) for s, log in parts), np.zeros(1))
    cancelled = (total != 0.0) & (np.abs(total) < len(parts) * _ROUNDING)
    return np.sign(total), np.where(cancelled, np.nan, held + np.log(np.abs(total)))


def _exponential(name: str, u: Array, value: Array) -> tuple[Array, Array]:
    plain = np.sign(value), np.log(np.abs(value))
    if name == "exp":
        return np.where(np.isnan(u), u, 1.0), u
    far = u > _FAR if name == "expm1" else np.abs(u) > _FAR
    return plain[0], np.where(far, np.abs(u) - (0.0 if name == "expm1" else np.log(2.0)), plain[1])
