"""Stable forms: rewrite a formula that overflows or cancels into functions that do not.

The rules are the idioms below, and the formulas of the smooth activations themselves, so that x * tanh(log(1 + exp(x)))
becomes mish(x). A rule is a pattern and its replacement; in a pattern u matches anything, and every other name matches
something free of x. The order in sums and products does not matter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from actcli.activation import Activation
from actcli.expressions.parse import Find, parse
from actcli.expressions.tree import (
    Call,
    Choice,
    Constant,
    Name,
    Node,
    Power,
    Product,
    Sum,
    Where,
    X,
    add,
    call,
    children,
    depends,
    multiply,
    names,
    negated,
    nodes,
    power,
    rebuilt,
)
from actcli.parameters import REAL

Rule: TypeAlias = tuple[Node, Node]
Bound: TypeAlias = Mapping[str, Node]
Item: TypeAlias = tuple[bool, Node]

_ANY = Name("u")
_IDIOMS = (
    ("sqrt(u**2)", "abs(u)"),
    ("e**u", "exp(u)"),
    ("exp(u) - 1", "expm1(u)"),
    ("exp(u) + exp(-u)", "2 * cosh(u)"),
    ("exp(u) - exp(-u)", "2 * sinh(u)"),
    ("sinh(u) / cosh(u)", "tanh(u)"),
    ("1 / (1 + exp(u))", "sigmoid(-u)"),
    ("exp(u) * sigmoid(-u)", "sigmoid(u)"),
    ("expm1(u) * sigmoid(-u)", "tanh(u / 2)"),
    ("1 - sigmoid(u)", "sigmoid(-u)"),
    ("1 + tanh(u)", "2 * sigmoid(2 * u)"),
    ("1 - tanh(u)", "2 * sigmoid(-2 * u)"),
    ("1 - tanh(u)**2", "4 * sigmoid(2 * u) * sigmoid(-2 * u)"),
    ("b + b * tanh(u)", "2 * b * sigmoid(2 * u)"),
    ("b - b * tanh(u)", "2 * b * sigmoid(-2 * u)"),
    ("erf(sqrt(0.5) * u)", "erf(u / sqrt(2))"),
    ("1 + erf(u / sqrt(2))", "2 * normal_cdf(u)"),
    ("1 - erf(u / sqrt(2))", "2 * normal_cdf(-u)"),
    ("b + b * erf(u / sqrt(2))", "2 * b * normal_cdf(u)"),
    ("b - b * erf(u / sqrt(2))", "2 * b * normal_cdf(-u)"),
    ("1 + erf(u)", "2 * normal_cdf(sqrt(2) * u)"),
    ("1 - erf(u)", "2 * normal_cdf(-sqrt(2) * u)"),
    ("1 - normal_cdf(u)", "normal_cdf(-u)"),
    ("log(1 + exp(u))", "softplus(u)"),
    ("log1p(exp(u))", "softplus(u)"),
    ("u - softplus(u)", "-softplus(-u)"),
    ("max(0, u) + softplus(-abs(u))", "softplus(u)"),
    ("max(u, 0) + softplus(-abs(u))", "softplus(u)"),
    ("relu(u) + softplus(-abs(u))", "softplus(u)"),
    ("min(0, u) - softplus(-abs(u))", "-softplus(-u)"),
    ("min(u, 0) - softplus(-abs(u))", "-softplus(-u)"),
    ("abs(u) + softplus(-2 * abs(u))", "log(2) + logcosh(u)"),
    ("u + softplus(-2 * u)", "log(2) + logcosh(u)"),
    ("softplus(2 * u) - u", "log(2) + logcosh(u)"),
    ("log(2 * cosh(u))", "log(2) + logcosh(u)"),
    ("u + sqrt(u**2 + b)", "2 * squareplus(u, b=b)"),
    ("u / (1 + abs(u))", "softsign(u)"),
    ("log(sigmoid(u))", "log_sigmoid(u)"),
    ("2 * sigmoid(u) - 1", "tanh(u / 2)"),
)
# Applied after the formulas of activations, some of which contain these.
_LAST = (("log(1 + u)", "log1p(u)"), ("sin(u) / u", "sinc(u / pi)"))


class Rewriter:
    """The rules, built once."""

    def __init__(self, activations: Sequence[Activation], find: Find) -> None:
        self.rules: list[Rule] = []
        self._read(_IDIOMS, find)
        for activation in activations:
            if activation.kind == "elementwise" and not activation.bind().breaks:
                pattern = _with_any(self.stable(parse(activation.formula, find)))
                if _is_specific(pattern):
                    settings = tuple((p.name, Name(p.name)) for p in activation.parameters)
                    self.rules.append((pattern, Call(activation, _ANY, settings)))
        self._read(_LAST, find)

    def _read(self, rules: Sequence[tuple[str, str]], find: Find) -> None:
        self.rules += [(parse(pattern, find), parse(replacement, find)) for pattern, replacement in rules]

    def stable(self, node: Node) -> Node:
        """Return the tree in its stable form, rewritten from the leaves up."""
        before, node = node, rebuilt(node, self.stable)
        if isinstance(node, Product):
            node = _gathered(node)
        if type(before) is not type(node) and isinstance(node, Sum):  # a sign was pulled to the front
            node = negated(self.stable(negated(node)))
        for pattern, replacement in self.rules:
            changed = _replaced(node, pattern, replacement)
            if changed is not None:
                return self.stable(changed)
        return node


def _gathered(product: Product) -> Node:
    """Write x * x * x as x**3, which patterns expect."""
    counts: dict[Item, float] = {}
    for divides, factor in product.factors:
        match factor:
            case Power(base, Constant(n)) if n > 0 and n.is_integer():
                counts[divides, base] = counts.get((divides, base), 0.0) + n
            case _:
                counts[divides, factor] = counts.get((divides, factor), 0.0) + 1.0
    return multiply(*((divides, power(base, Constant(n))) for (divides, base), n in counts.items()))


def _with_any(formula: Node) -> Node:
    return _ANY if formula == X else rebuilt(formula, _with_any)


def _is_specific(pattern: Node) -> bool:
    """Return whether a pattern is more than one function of u, unlike tanh(u), sin(w0 * u) or -softplus(-u)."""
    match pattern:
        case Sum((_,)):
            return False
        case Call(_, argument):
            return any(isinstance(node, Call) for node in nodes(argument))
        case _:
            return any(isinstance(node, Call | Power) for node in nodes(pattern))


def _replaced(node: Node, pattern: Node, replacement: Node) -> Node | None:
    """Return the node with the match of the pattern replaced, which may be part of a sum or a product; else None."""
    if isinstance(node, Product) and isinstance(pattern, Product):
        return _part_replaced(node.factors, pattern.factors, replacement, multiply)
    if isinstance(node, Sum) and isinstance(pattern, Sum):
        changed = _part_replaced(node.terms, pattern.terms, replacement, add)
        if changed is None:
            opposite = _part_replaced(_opposite(node.terms), pattern.terms, replacement, add)
            changed = None if opposite is None else negated(opposite)
        return changed
    if type(node) is not type(pattern):
        return None
    return next((new for bound in _match(pattern, node, {}) if (new := _filled(replacement, bound)) is not None), None)


def _part_replaced(
    items: Sequence[Item], pattern: Sequence[Item], replacement: Node, build: Callable[..., Node]
) -> Node | None:
    if len(items) < len(pattern):
        return None
    for bound, rest in _match_items(pattern, items, {}, build):
        new = _filled(replacement, bound)
        if new is not None:
            place = next(i for i in range(len(items)) if i not in rest)
            kept = [(i, items[i]) for i in rest]
            before, after = ([item for i, item in kept if i < place], [item for i, item in kept if i > place])
            return build(*before, (False, new), *after)
    return None


def _opposite(terms: Sequence[Item]) -> list[Item]:
    return [(not negative, term) for negative, term in terms]


def _filled(replacement: Node, bound: Bound) -> Node | None:
    """Return the replacement with its names bound; None if a parameter would be outside its domain."""
    if isinstance(replacement, Name):
        return bound.get(replacement.id)
    if isinstance(replacement, Call):
        argument = _filled(replacement.argument, bound)
        settings = tuple((name, _filled(value, bound)) for name, value in replacement.settings)
        given = tuple((name, value) for name, value in settings if value is not None)
        if argument is None or len(given) < len(settings) or not _legal(replacement.activation, dict(given)):
            return None
        return call(replacement.activation, argument, given)
    parts = [_filled(child, bound) for child in children(replacement)]
    if any(part is None for part in parts):
        return None
    filled = iter(part for part in parts if part is not None)
    return rebuilt(replacement, lambda _: next(filled))


def _legal(activation: Activation, settings: Bound) -> bool:
    if activation.constraint and settings:
        return False
    domains = {parameter.name: parameter.domain for parameter in activation.parameters}
    return all(
        value.value in domains[name] if isinstance(value, Constant) else domains[name] == REAL
        for name, value in settings.items()
    )


def _match(pattern: Node, node: Node, bound: Bound) -> Iterator[Bound]:
    """Yield the ways to bind the names of a pattern so that it equals the node."""
    match pattern:
        case Name(id):
            if id in bound:
                if bound[id] == node:
                    yield bound
            elif pattern == _ANY or not depends(node, "x"):
                yield {**bound, id: node}
        case Sum(((True, term),)):
            yield from _match(term, negated(node), bound)
        case Sum(terms) if isinstance(node, Sum):
            yield from _match_all(terms, node.terms, bound, add)
        case Product(factors) if isinstance(node, Product):
            yield from _match_all(factors, node.factors, bound, multiply)
        case Call(activation) if isinstance(node, Call) and node.activation is activation:
            mine, theirs = dict(pattern.settings), dict(node.settings)
            if mine.keys() == theirs.keys():
                parts = [(pattern.argument, node.argument), *((mine[name], theirs[name]) for name in mine)]
                yield from _match_each(parts, bound)
        case Power() if isinstance(node, Power):
            yield from _match_each([(pattern.base, node.base), (pattern.exponent, node.exponent)], bound)
        case Choice(name) if isinstance(node, Choice) and node.name == name:
            yield from _match_each(list(zip(children(pattern), children(node), strict=True)), bound)
        case Where(comparison) if isinstance(node, Where) and node.comparison == comparison:
            yield from _match_each(list(zip(children(pattern), children(node), strict=True)), bound)
        case Constant() if pattern == node:
            yield bound


def _match_each(parts: Sequence[tuple[Node, Node]], bound: Bound) -> Iterator[Bound]:
    if not parts:
        yield bound
        return
    (pattern, node), *others = parts
    for more in _match(pattern, node, bound):
        yield from _match_each(others, more)


def _match_all(
    pattern: Sequence[Item], items: Sequence[Item], bound: Bound, build: Callable[..., Node]
) -> Iterator[Bound]:
    """Match a whole sum or product. A name that the rest of the pattern does not bind takes all items left over."""
    wild = [item for item in pattern if isinstance(item[1], Name) and not any(
        item[1].id in names(other) for _, other in pattern if not isinstance(other, Name)
    ) and item[1].id not in bound]  # fmt: skip
    for found, rest in _match_items([item for item in pattern if item not in wild], items, bound, build):
        left = [items[i] for i in rest]
        taken = dict(found)
        for turned, name in sorted(wild, key=lambda item: item[1] == _ANY):
            assert isinstance(name, Name)
            mine = left if name == _ANY else [item for item in left if not depends(item[1], "x")]
            left = [item for item in left if item not in mine]
            if not mine:
                break
            if turned:
                mine = [(not flag, part) for flag, part in mine]
            taken[name.id] = build(*mine)
        else:
            if not left:
                yield taken


def _match_items(
    pattern: Sequence[Item], items: Sequence[Item], bound: Bound, build: Callable[..., Node]
) -> Iterator[tuple[Bound, tuple[int, ...]]]:
    """Assign a different item to each entry of a pattern; yield the bindings and the items left over. Bare names come
    last, because other entries may bind them."""
    ordered = sorted(pattern, key=lambda item: isinstance(item[1], Name))
    yield from _assigned(ordered, items, tuple(range(len(items))), bound, build)


def _assigned(
    pattern: Sequence[Item], items: Sequence[Item], free: tuple[int, ...], bound: Bound, build: Callable[..., Node]
) -> Iterator[tuple[Bound, tuple[int, ...]]]:
    if not pattern:
        yield bound, free
        return
    (flag, first), *others = pattern
    whole = bound.get(first.id) if isinstance(first, Name) else None
    parts: Sequence[Item] | None = None  # of a product in a product or a sum in a sum, which are flattened
    if isinstance(whole, Product) and build is multiply and not flag:
        parts = whole.factors
    elif isinstance(whole, Sum) and build is add:
        parts = _opposite(whole.terms) if flag else whole.terms
    if parts is not None:
        rest = _without(items, free, parts)
        if rest is not None:
            yield from _assigned(others, items, rest, bound, build)
        return
    for i in free:
        if items[i][0] == flag:
            for more in _match(first, items[i][1], bound):
                yield from _assigned(others, items, tuple(j for j in free if j != i), more, build)


def _without(items: Sequence[Item], free: tuple[int, ...], taken: Sequence[Item]) -> tuple[int, ...] | None:
    left = list(free)
    for item in taken:
        place = next((i for i in left if items[i] == item), None)
        if place is None:
            return None
        left.remove(place)
    return tuple(left)
