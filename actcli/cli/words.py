"""What the words of a command line stand for: numbers, functions, spans, sizes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import click

from actcli.cli.lookup import looked_up, tell_cautions

if TYPE_CHECKING:
    from decimal import Decimal

    from actcli.activation import Function

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity)", re.IGNORECASE)
# A formula that begins with a minus: -x, -2*x, -tanh(x), -(x + 1), -a*x; not -c*x, the columns that end in x.
_NEGATED = re.compile(r"- *(x\b|([\d.(]|\w+ *\(|(?![cfhio])[a-z] *[*/]).*\bx\b).*")
_MARK = "\0"  # no argument can hold it


def is_number(token: str) -> bool:
    """Whether an INPUT token reads as a finite or infinite float; anything else is a path."""
    return _NUMBER.fullmatch(token) is not None


def unmarked(token: str) -> str:
    """An argument as it was typed."""
    return token.removeprefix(_MARK)


class NumericCommand(click.Command):
    """A command whose arguments may be negative numbers or formulas: they are hidden from click's option parser, which
    would take `-1e-3` for the options -1, -e and so on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_value = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        marked = []
        before = ""
        for arg in args:
            negated = arg.startswith("-") and (is_number(arg) or _NEGATED.fullmatch(arg))
            marked.append(_MARK + arg if negated and before not in takes_value else arg)
            before = arg
        return super().parse_args(ctx, marked)


class FunctionType(click.ParamType[Any]):
    """A FUNCTION spec, looked up in the registry."""

    name = "function"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Function:
        from actcli.registry import specs as registry

        function = looked_up(registry.get, unmarked(value), "FUNCTION stands before the files")
        tell_cautions([function])
        return function

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from actcli.cli import completers

        return completers.functions(ctx, incomplete)


class FamilyType(click.ParamType[Any]):
    """A FUNCTION spec that may be a sweep, as the tuple of its functions."""

    name = "family"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Function, ...]:
        from actcli.registry import specs as registry

        hint = "give each file by an -i of its own: -i a.csv -i b.csv"
        functions = looked_up(registry.family, unmarked(value), hint)
        tell_cautions(functions)
        return functions

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from actcli.cli import completers

        return completers.functions(ctx, incomplete)


class SpanType(click.ParamType[Any]):
    """START:STOP[:STEP], exact decimals."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Decimal, ...]:
        from decimal import Decimal, InvalidOperation

        try:
            parts = tuple(Decimal(part) for part in value.split(":"))
        except InvalidOperation:
            parts = ()
        if len(parts) not in (2, 3) or not all(math.isfinite(float(part)) for part in parts):
            self.fail(f"{value!r} is not START:STOP or START:STOP:STEP, finite numbers", param, ctx)
        return parts


class SizeType(click.ParamType[Any]):
    """WIDTHxHEIGHT, two numbers of inches."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        width, _, height = value.lower().partition("x")
        if not (is_number(width) and is_number(height)) or not all(0 < float(side) <= 100 for side in (width, height)):
            self.fail(f"{value!r} is not WIDTHxHEIGHT in inches, such as 7x5, each side at most 100", param, ctx)
        return float(width), float(height)


class FiniteRange(click.FloatRange):
    """A finite number of a range: a limit of NaN, which click lets pass, would be exceeded by nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, str) and not is_number(value):
            self.fail(f"{value!r} is not a number{', write 10 % as 0.1' if value.endswith('%') else ''}", param, ctx)
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number
