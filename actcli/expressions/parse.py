"""Parse text into a tree. Python's own parser reads the syntax; only listed node types are accepted, and nothing is
compiled.

The grammar is that of the formulas in declarations: `+ - * / **`, calls of elementwise functions, min, max, where with
a comparison, pi, e, x, and free names, which are parameters.
"""

import ast
import math
import re
import shlex
import warnings
from collections.abc import Callable
from keyword import kwlist
from typing import TypeAlias

import numpy as np

from actcli.activation import Activation
from actcli.errors import UsageError
from actcli.expressions.primitives import PRIMITIVES
from actcli.expressions.tree import Choice, Constant, Name, Node, Where, add, call, depends, multiply, negated, power

Find: TypeAlias = Callable[[str], Activation]

LENGTH = 10_000
DEPTH = 150
_CONSTANTS = {"pi": math.pi, "e": math.e}
RESERVED = {"x", "where", "min", "max", *_CONSTANTS, *PRIMITIVES, *kwlist}  # not allowed as names
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_INSTEAD = {
    "^": "write ** for a power", "\N{SUPERSCRIPT TWO}": "write **2", "\N{SUPERSCRIPT THREE}": "write **3",
    "\N{MINUS SIGN}": "write -", "\N{EN DASH}": "write -", "\N{MULTIPLICATION SIGN}": "write *",
    "\N{MIDDLE DOT}": "write *", "\N{DIVISION SIGN}": "write /", "\N{GREEK SMALL LETTER PI}": "write pi",
    "[": "write ( and )", "{": "write ( and )",
}  # fmt: skip
_ELSEWHERE = {  # names of functions in numpy, torch and on paper
    "ln": "log", "fabs": "abs", "absolute": "abs", "maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min",
}  # fmt: skip
_PRODUCT = "write products with *: 2*x, x*(x + 1)"
_NESTED = "nest two where, as in where(x > 0, where(x < 1, x, 0), 0)"
_WHAT = "an expression has x, numbers, parameters, + - * / **, where, min, max, abs, pi, e and the names of functions"


def parse(text: str, find: Find) -> Node:
    """Return the tree of an expression. `find` returns the activation of a name, or raises UsageError.

    Raises UsageError with the position of anything that is not part of the grammar.
    """
    return _Parser(text, find).tree()


class _Parser:
    def __init__(self, text: str, find: Find) -> None:
        self.text = text
        self.indent = len(text) - len(text.lstrip(" "))
        self.find = find

    def tree(self) -> Node:
        self._check_text()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # oddities such as `1if` are reported below
                root = ast.parse(self.text.lstrip(" "), mode="eval").body
        except SyntaxError as error:
            raise self._misread(error) from None
        except (RecursionError, MemoryError, ValueError):
            raise self._fault(0, "it is too deeply nested") from None
        return self._node(root, DEPTH)

    def _check_text(self) -> None:
        """Reject text that Python's parser would read too slowly, or that has names beyond ASCII."""
        if len(self.text) > LENGTH:
            raise UsageError(
                f"the expression {self.text[:20]!r}... has {len(self.text)} characters", f"at most {LENGTH} are allowed"
            )
        if not self.text.strip(" "):
            raise UsageError("the expression is empty", _WHAT)
        if odd := re.search(r"[^ -~]|[#\"'\\`$?;@\[\]{}:|&^~]", self.text):
            raise self._fault(odd.start(), f"{odd[0]!r} is not part of the grammar", _INSTEAD.get(odd[0], _WHAT))
        if long := re.search(r"[0-9_.]{50}", self.text):
            raise self._fault(long.start(), "a number of 50 digits or more")
        depth = 0
        for place, character in enumerate(self.text):
            depth += (character == "(") - (character == ")")
            if depth > DEPTH // 2:
                raise self._fault(place, f"brackets are nested more than {DEPTH // 2} deep")

    def _misread(self, error: SyntaxError) -> UsageError:
        """Return the error that Python's parser found; it has no position if the text ends too early."""
        if not error.offset:
            return self._fault(len(self.text.rstrip(" ")) - 1, "something is missing after this")
        place = error.offset - 1 + self.indent
        side_by_side = re.search(r"[\w.)] *$", self.text[:place]) and re.match(r"[\w.(]", self.text[place:])
        product = error.msg == "invalid decimal literal" or (error.msg == "invalid syntax" and side_by_side)
        return self._fault(place, error.msg.partition(" (")[0], _PRODUCT if product else _WHAT)

    def _fault(self, place: int, what: str, hint: str = _WHAT) -> UsageError:
        """Return an error that points at a character of the text."""
        place = max(0, min(place, len(self.text) - 1))
        start, stop = max(0, place - 30), place + 30
        shown = ("..." if start else "") + self.text[start:stop] + ("..." if stop < len(self.text) else "")
        return UsageError(f"{shown!r}: {what}, at character {place + 1} ({self.text[place]!r})", hint)

    def _bad(self, node: ast.AST, what: str, hint: str = _WHAT) -> UsageError:
        return self._fault(getattr(node, "col_offset", 0) + self.indent, what, hint)

    def _suggestion(self) -> str:
        """Return the hint with modules removed and names translated, if that makes a valid expression."""
        plain = re.sub(r"\b[A-Za-z_]\w*\.(?=[A-Za-z_])", "", self.text)
        plain = re.sub(r"\b\w+(?= *\()", lambda name: _ELSEWHERE.get(name[0], name[0]), plain)
        if plain == self.text:
            return ""
        try:
            _Parser(plain, self.find).tree()
        except UsageError:
            return ""
        return f"write {shlex.quote(plain)}"

    def _node(self, node: ast.expr, depth: int) -> Node:
        if depth == 0:
            raise self._bad(node, f"it is nested more than {DEPTH} deep")
        result = self._converted(node, depth - 1)
        if isinstance(result, Constant) and not math.isfinite(result.value):
            raise self._bad(node, f"its value is {result.value:g}, not a finite number", "numbers are double precision")
        return result

    def _converted(self, node: ast.expr, depth: int) -> Node:
        match node:
            case ast.Constant(value=bool() | None):
                raise self._bad(node, f"{node.value!r} has no meaning here")
            case ast.Constant(value=int() | float() as value):
                return Constant(float(value))
            case ast.Constant():
                raise self._bad(node, "only real numbers are allowed")
            case ast.Name(id=name):
                return Constant(_CONSTANTS[name]) if name in _CONSTANTS else Name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return negated(self._node(operand, depth))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._node(operand, depth)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._binary(_OPERATORS[type(op)], self._node(left, depth), self._node(right, depth))
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node, depth)
            case ast.Call(func=ast.Attribute(value=value)):
                raise self._fault(self._end(value), "attributes are not allowed", self._suggestion() or _WHAT)
            case ast.Call(func=func):
                raise self._bad(func, "only functions with a name can be called", _PRODUCT)
            case ast.Compare():
                raise self._bad(node, "a comparison is allowed only as the condition of where", "where(x > 0, x, 0)")
            case ast.Attribute():
                raise self._fault(self._end(node.value), "attributes are not allowed")
        raise self._bad(node, f"{_KINDS.get(type(node), type(node).__name__)} is not part of the grammar")

    def _end(self, node: ast.expr) -> int:
        """Return the position of what follows a part."""
        end = (node.end_col_offset or 0) + self.indent
        return end + len(self.text[end:]) - len(self.text[end:].lstrip(" "))

    def _binary(self, operator: str, left: Node, right: Node) -> Node:
        if operator in "+-":
            return add((False, left), (operator == "-", right))
        if operator == "**":
            return power(left, right)
        if operator == "/" and isinstance(left, Constant) and isinstance(right, Constant):
            with np.errstate(all="ignore"):
                return Constant(float(np.divide(left.value, right.value)))
        return multiply((False, left), (operator == "/", right))

    def _call(self, name: str, node: ast.Call, depth: int) -> Node:
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                raise self._bad(argument, "* before an argument is not part of the grammar")
        if name == "where":
            return self._where(node, depth)
        if name in ("min", "max"):
            if node.keywords or len(node.args) < 2:
                raise self._bad(node, f"{name} takes two arguments or more", f"{name}(0, x)")
            result, *others = (self._node(argument, depth) for argument in node.args)
            for other in others:
                result = self._chosen(name, result, other)
            return result
        return self._function(name, node, depth)

    @staticmethod
    def _chosen(name: str, first: Node, second: Node) -> Node:
        if isinstance(first, Constant) and isinstance(second, Constant):
            return Constant(min(first.value, second.value) if name == "min" else max(first.value, second.value))
        return Choice(name, first, second)

    def _where(self, node: ast.Call, depth: int) -> Node:
        example = "where(x > 0, x, 0)"
        if node.keywords or len(node.args) != 3:
            raise self._bad(node, "where takes a condition and two values", example)
        condition, yes, no = node.args
        if not isinstance(condition, ast.Compare):
            logical = isinstance(condition, ast.BoolOp)
            raise self._bad(condition, "the condition of where must be a comparison", _NESTED if logical else example)
        if len(condition.ops) > 1:
            raise self._fault(self._end(condition.comparators[0]), "a comparison has two sides", _NESTED)
        comparison = _COMPARISONS.get(type(condition.ops[0]))
        if comparison is None:
            raise self._fault(self._end(condition.left), "not a comparison of the grammar", "< <= > >= == !=")
        left, right = self._node(condition.left, depth), self._node(condition.comparators[0], depth)
        return Where(comparison, left, right, self._node(yes, depth), self._node(no, depth))

    def _function(self, name: str, node: ast.Call, depth: int) -> Node:
        if name == "x" or name in _CONSTANTS:
            raise self._bad(node, f"{name} is not a function", _PRODUCT)
        try:
            activation = PRIMITIVES.get(name) or self.find(name)
        except UsageError as error:
            raise self._bad(node, error.message, self._suggestion() or error.hint) from None
        if activation.kind != "elementwise":
            raise self._bad(node, f"{name} is {activation.kind}: it takes a whole row", "use elementwise functions")
        takes = f"it is {activation.name}(u{''.join(f', {p.name}={p.default:g}' for p in activation.parameters)})"
        known = [parameter.name for parameter in activation.parameters]
        if not 1 <= len(node.args) <= (2 if len(known) == 1 else 1):
            raise self._bad(node, f"{name} takes one argument, and its parameters by name", takes)
        given = [(known[0], node.args[1])] if len(node.args) == 2 else []
        for keyword in node.keywords:
            if keyword.arg not in known or keyword.arg in dict(given):
                raise self._bad(keyword, f"{name} has no parameter {keyword.arg!r}, or has it twice", takes)
            given.append((keyword.arg, keyword.value))
        settings = tuple((key, self._node(value, depth)) for key, value in given)
        for (key, value), (_, source) in zip(settings, given, strict=True):
            if depends(value, "x"):
                raise self._bad(source, f"{key} of {name} is a parameter: it cannot contain x", takes)
        argument = self._node(node.args[0], depth)
        try:
            activation.bind({key: value.value for key, value in settings if isinstance(value, Constant)})
        except UsageError as error:
            if all(isinstance(value, Constant) for _, value in settings):
                raise self._bad(node, error.message, error.hint) from None
        return call(activation, argument, settings)


_KINDS: dict[type[ast.expr], str] = {
    ast.BinOp: "this operator",
    ast.UnaryOp: "this operator",
    ast.BoolOp: "and / or",
    ast.IfExp: "if ... else (use where)",
    ast.Lambda: "lambda",
    ast.Tuple: "a comma outside a call",
    ast.GeneratorExp: "a comprehension",
    ast.NamedExpr: "an assignment",
}
