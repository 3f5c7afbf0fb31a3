"""Find the breaks of an expression: ties of min, max, where and abs, the breaks of the functions in it, and poles."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from actcli.activation import Array, Flags
from actcli.expressions.jets import COMPARE, differentiate
from actcli.expressions.tree import Call, Choice, Constant, Node, Power, Product, Where, children, depends
from actcli.numerics.doubles import changes

_FAR = 1e300


def kinks(tree: Node, values: dict[str, float], points: Array) -> tuple[float, ...]:
    """Return the breaks of the tree between the first and the last of the points, ascending.

    Each is the double at which two sides are equal, or one of its neighbours. Two crossings between neighbouring
    points are missed.
    """
    return tuple(sorted(set(_Search(values, points).below(tree))))


class _Search:
    def __init__(self, values: dict[str, float], points: Array) -> None:
        self.values = values
        self.points = points

    def at(self, node: Node, x: Array) -> Array:
        return np.asarray(np.broadcast_to(differentiate(node, x, self.values, order=0).v, x.shape))

    def below(self, node: Node) -> Iterator[float]:
        if not depends(node, "x"):
            return
        match node:
            case Choice(name, first, second):
                yield from self.ties(first, second)
                order = "<=" if name == "min" else ">="
                yield from self.taken(first, lambda x: COMPARE[order](self.at(first, x), self.at(second, x)))
                yield from self.taken(second, lambda x: COMPARE[order](self.at(second, x), self.at(first, x)))
                return
            case Where(comparison, left, right, yes, no):
                yield from self.ties(left, right)
                yield from self.taken(yes, lambda x: COMPARE[comparison](self.at(left, x), self.at(right, x)))
                yield from self.taken(no, lambda x: ~COMPARE[comparison](self.at(left, x), self.at(right, x)))
                for side in (left, right):
                    yield from self.taken(side, lambda x: self.at(left, x) == self.at(right, x))
                return
            case Call(activation, argument, settings):
                given = {name: float(self.at(value, np.zeros(1))[0]) for name, value in settings}
                for b in activation.bind(given).breaks:
                    yield from self.ties(argument, Constant(b)) if b else self.zeros(argument)
            case Product(factors):
                for factor in (factor for divides, factor in factors if divides):
                    yield from self.zeros(factor)
            case Power(base, exponent):
                n = self.at(exponent, np.zeros(1))[0]
                if depends(exponent, "x") or n != np.floor(n) or n < 0:
                    yield from self.zeros(base)
        for child in children(node):
            yield from self.below(child)

    def taken(self, branch: Node, where: Callable[[Array], Flags]) -> Iterator[float]:
        """Yield the breaks of a branch that lie at, or right next to, points where the branch is taken."""
        for kink in self.below(branch):
            if np.any(where(np.array([np.nextafter(kink, -math.inf), kink, np.nextafter(kink, math.inf)]))):
                yield kink

    def zeros(self, node: Node) -> Iterator[float]:
        """Yield the x at which the node is 0. For a power, look at its base, which, unlike a square, changes sign."""
        match node:
            case Power(base, _):
                yield from self.zeros(base)
            case Product(factors):
                for factor in (factor for divides, factor in factors if not divides):
                    yield from self.zeros(factor)
            case _:
                yield from self.ties(node, Constant(0.0))

    def ties(self, a: Node, b: Node) -> Iterator[float]:
        """Yield the x at which a - b changes sign.

        Where a - b begins or ceases to be 0, either a or b has its own kink, or it is only rounding.
        """
        if not depends(a, "x") and not depends(b, "x"):
            return

        def side(x: Array) -> Array:
            left, right = self.at(a, x), self.at(b, x)
            return np.where(left > right, 1.0, np.where(left < right, -1.0, np.where(left == right, 0.0, math.nan)))

        def sign_is(sign: float) -> Callable[[Array], Flags]:
            return lambda x: side(x) == sign

        x = np.unique(
            np.concatenate([self.points, *(end for s in (1.0, -1.0) for end in changes(sign_is(s), self.points))])
        )
        signs = side(x)
        signed = np.flatnonzero(signs != 0.0)
        for i, j in zip(signed[:-1].tolist(), signed[1:].tolist(), strict=True):
            if signs[i] * signs[j] < 0.0:  # False for NaN
                yield float(x[(i + j) // 2])


def oscillates(tree: Node, values: dict[str, float]) -> bool:
    """Return whether a function that oscillates for ever gets an argument that keeps growing."""
    match tree:
        case Call(activation, argument) if activation.window is not None:
            far = differentiate(argument, np.array([-_FAR, -1e3, 1e3, _FAR]), values, order=0).v
            if np.any(np.abs(far) > 100.0):
                return True
    return any(oscillates(child, values) for child in children(tree))
