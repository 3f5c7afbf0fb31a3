"""The tree of an expression, and the constructors that keep it in a normal form.

Each term of a sum has a sign, and each factor of a product a flag whether it divides, so that patterns need no `-`, `/`
or unary minus. Signs and constants are pulled to the front of a product; nothing else is reordered, so that
expressions are evaluated as written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from actcli.activation import Activation
from actcli.expressions.primitives import SQRT


@dataclass(frozen=True, slots=True)
class Constant:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """x, or a parameter."""

    id: str


@dataclass(frozen=True, slots=True)
class Sum:
    terms: tuple[tuple[bool, Node], ...]  # (whether it is subtracted, term)


@dataclass(frozen=True, slots=True)
class Product:
    factors: tuple[tuple[bool, Node], ...]  # (whether it divides, factor)


@dataclass(frozen=True, slots=True)
class Power:
    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an elementwise function; the values of its parameters are free of x."""

    activation: Activation
    argument: Node
    settings: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """min or max: the first in a tie."""

    name: str
    first: Node
    second: Node


@dataclass(frozen=True, slots=True)
class Where:
    comparison: str
    left: Node
    right: Node
    yes: Node
    no: Node


Node: TypeAlias = Constant | Name | Sum | Product | Power | Call | Choice | Where

X = Name("x")
ONE = Constant(1.0)


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Power(base, exponent):
            return base, exponent
        case Call(_, argument, settings):
            return argument, *(value for _, value in settings)
        case Choice(_, first, second):
            return first, second
        case Where(_, left, right, yes, no):
            return left, right, yes, no
        case _:
            return ()


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return the node with `change` applied to each of its children."""
    match node:
        case Sum(terms):
            return add(*((negative, change(term)) for negative, term in terms))
        case Product(factors):
            return multiply(*((divides, change(factor)) for divides, factor in factors))
        case Power(base, exponent):
            return power(change(base), change(exponent))
        case Call(activation, argument, settings):
            return call(activation, change(argument), tuple((name, change(value)) for name, value in settings))
        case Choice(name, first, second):
            return Choice(name, change(first), change(second))
        case Where(comparison, left, right, yes, no):
            one, other = change(yes), change(no)
            return one if one == other else Where(comparison, change(left), change(right), one, other)
        case _:
            return node


def nodes(node: Node) -> Iterator[Node]:
    """Yield the node and all below it."""
    yield node
    for child in children(node):
        yield from nodes(child)


def names(node: Node) -> tuple[str, ...]:
    """Return the names in a tree, in order of appearance."""
    return tuple(dict.fromkeys(below.id for below in nodes(node) if isinstance(below, Name)))


def depends(node: Node, name: str) -> bool:
    return any(below == Name(name) for below in nodes(node))


def negated(node: Node) -> Node:
    match node:
        case Constant(value):
            return Constant(-value)
        case Sum(((True, term),)):
            return term
        case Sum(terms):
            return Sum(tuple((not negative, term) for negative, term in terms))
        case _:
            return Sum(((True, node),))


def add(*terms: tuple[bool, Node]) -> Node:
    """Return the sum of terms, each with whether it is subtracted; constants are folded into the first one."""
    flat: list[tuple[bool, Node]] = []
    constants = 0.0
    place = -1
    for i, (negative, term) in enumerate(terms):
        inner = [(negative, term)]
        if isinstance(term, Sum) and (len(term.terms) == 1 or i == 0):  # the left of a chain, which keeps the order
            inner = [(negative != sign, part) for sign, part in term.terms]
        for sign, part in inner:
            if isinstance(part, Constant):
                place = len(flat) if place < 0 else place
                constants += -part.value if sign else part.value
            else:
                flat.append((sign, part))
    if not math.isfinite(constants):
        return Sum(terms)
    if constants or not flat:
        flat.insert(max(place, 0), (constants < 0, Constant(abs(constants))))
    if len(flat) == 1:
        negative, term = flat[0]
        return negated(term) if negative else term
    return Sum(tuple(flat))


def _exact(value: float) -> bool:
    """Return whether the number is a power of two, whose reciprocal is exact."""
    return abs(math.frexp(value)[0]) == 0.5


def multiply(*factors: tuple[bool, Node]) -> Node:
    """Return the product of factors, each with whether it divides; sign and constant come first."""
    sign, coefficient = False, 1.0
    flat: list[tuple[bool, Node]] = []
    waiting = list(reversed(factors))
    while waiting:
        divides, factor = waiting.pop()
        match factor:
            case Product(inner) if not divides:
                waiting.extend(reversed(inner))
            case Product(((False, Constant(value)), *rest)) if divides and rest and _exact(value):
                waiting.extend([(True, Product(tuple(rest))), (True, Constant(value))])
            case Product(((False, inner),)):
                waiting.append((divides, inner))
            case Sum(((True, term),)):
                sign = not sign
                waiting.append((divides, term))
            case Constant(value) if value and (not divides or _exact(value)):
                sign ^= value < 0
                folded = coefficient / abs(value) if divides else coefficient * abs(value)
                if folded and math.isfinite(folded):
                    coefficient = folded
                else:
                    flat.append((divides, Constant(abs(value))))
            case _:
                flat.append((divides, factor))
    if coefficient != 1.0 or not flat:
        flat.insert(0, (False, Constant(coefficient)))
    result: Node = flat[0][1] if len(flat) == 1 and not flat[0][0] else Product(tuple(flat))
    return negated(result) if sign else result


def power(base: Node, exponent: Node) -> Node:
    match base, exponent:
        case Constant(b), Constant(n):
            with np.errstate(all="ignore"):
                return Constant(float(np.power(b, n)))
        case _, Constant(1.0):
            return base
        case _, Constant(-1.0):
            return multiply((True, base))
        case _:
            return Power(base, exponent)


def call(activation: Activation, argument: Node, settings: tuple[tuple[str, Node], ...] = ()) -> Node:
    """Return the call, or its value if everything is constant; a square root becomes a power."""
    if activation is SQRT:
        return power(argument, Constant(0.5))
    values = {name: value.value for name, value in settings if isinstance(value, Constant)}
    if isinstance(argument, Constant) and len(values) == len(settings):
        with np.errstate(all="ignore"):
            return Constant(activation.bind(values).f(argument.value))
    return Call(activation, argument, settings)


_LOOSE, _SUM, _PRODUCT, _SIGN, _POWER = range(5)


def text(node: Node, tight: int = _LOOSE) -> str:
    """Return the tree as the text of an expression."""
    written, binds = _written(node)
    return f"({written})" if binds < tight else written


def _written(node: Node) -> tuple[str, int]:
    match node:
        case Constant(value):
            shown = f"{value:.17g}" if repr(value).endswith(".0") else repr(value)
            return shown, _SUM if value < 0 else _POWER + 1
        case Name(id):
            return id, _POWER + 1
        case Sum(terms):
            parts = [f"{'-' if negative else '+'} {text(term, _PRODUCT)}" for negative, term in terms]
            return " ".join(parts).removeprefix("+ ").replace("- ", "-", terms[0][0]), _SUM
        case Product(factors):
            parts = [f"{'/' if divides else '*'} {text(factor, _SIGN)}" for divides, factor in factors]
            written = " ".join(parts)
            return written.removeprefix("* ") if written[0] == "*" else f"1 {written}", _PRODUCT
        case Power(base, Constant(0.5)):
            return f"sqrt({text(base)})", _POWER + 1
        case Power(base, exponent):
            return f"{text(base, _POWER + 1)}**{text(exponent, _POWER)}", _POWER
        case Call(activation, argument, settings):
            parts = [text(argument), *(f"{name}={text(value)}" for name, value in settings)]
            return f"{activation.name}({', '.join(parts)})", _POWER + 1
        case Choice(name, first, second):
            return f"{name}({text(first)}, {text(second)})", _POWER + 1
        case Where(comparison, left, right, yes, no):
            return f"where({text(left)} {comparison} {text(right)}, {text(yes)}, {text(no)})", _POWER + 1
