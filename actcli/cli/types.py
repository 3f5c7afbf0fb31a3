"""Types of words on the command line: functions, numbers, spans, sizes."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from actcli.cli.groups import GroupedCommand
from actcli.cli.messages import note_functions
from actcli.errors import UsageError

if TYPE_CHECKING:
    from decimal import Decimal

    from actcli.activation import Function

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity)", re.IGNORECASE)
# A formula that begins with a minus: -x, -2*x, -tanh(x), -(x + 1), -a*x. Its letter must not be that of an option.
_NEGATED = re.compile(r"- *(x\b|([\d.(]|\w+ *\(|(?P<letter>[a-z]) *[*/]).*\bx\b).*")
_MARK = "\0"  # no argument can contain it


def is_number(token: str) -> bool:
    """Whether an INPUT token reads as a finite or infinite float; anything else is a path."""
    return _NUMBER.fullmatch(token) is not None


def unmarked(token: str) -> str:
    """The argument as it was typed, without the mark."""
    return token.removeprefix(_MARK)


class NumericCommand(GroupedCommand):
    """A command whose arguments may be negative numbers or formulas. They are marked, because click's parser would
    read `-1e-3` as the options -1, -e and so on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option)]
        spelled = {name for option in options for name in option.opts}
        takes_value = {name for option in options if not option.is_flag for name in option.opts}

        def negated(arg: str) -> bool:
            formula = _NEGATED.fullmatch(arg)
            return is_number(arg) or (formula is not None and f"-{formula['letter']}" not in spelled)

        marked = [
            _MARK + arg if arg.startswith("-") and before not in takes_value and negated(arg) else arg
            for before, arg in zip(["", *args], args, strict=False)
        ]
        return super().parse_args(ctx, marked)


class FunctionType(click.ParamType["Function"]):
    """A FUNCTION spec of one function."""

    name = "function"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Function:
        from actcli.registry import specs
        from actcli.tables.values import with_values

        return _look_up(value, lambda spec: (specs.get(with_values(spec)),), "FUNCTION comes before the files")[0]


class FamilyType(click.ParamType["tuple[Function, ...]"]):
    """A FUNCTION spec that may be a sweep."""

    name = "family"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Function, ...]:
        from actcli.registry import specs

        return _look_up(value, specs.family, "give each file its own -i: -i a.csv -i b.csv")


def _look_up(spec: str, find: Callable[[str], tuple[Function, ...]], hint: str) -> tuple[Function, ...]:
    """The functions of a spec; notes on them are printed. `hint` is for a file in its place, perhaps from a glob."""
    try:
        functions = find(unmarked(spec))
    except UsageError:
        from actcli.models.onnx_file import is_model, way_to_run
        from actcli.tables.format import holds_measures, input_suffix, way_to_show

        if is_model(spec):
            raise UsageError(f"{spec} is a model, not a function", way_to_run(spec)) from None
        if os.path.isfile(spec):
            hint = way_to_show(spec) if holds_measures(spec) else hint
            raise UsageError(f"{spec!r} is a file, not a function", hint) from None
        if re.fullmatch(r"[^()*+\s:]+", spec) and input_suffix(spec)[1]:
            raise UsageError(f"{spec!r} is a file's name, not a function", hint) from None
        raise
    note_functions(functions)
    return functions


class SpanType(click.ParamType["tuple[Decimal, ...]"]):
    """START:STOP[:STEP], exact decimals."""

    name = "span"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Decimal, ...]:
        from decimal import Decimal, InvalidOperation

        try:
            parts = tuple(Decimal(part) for part in value.split(":"))
            values = [float(part) for part in parts]
        except (InvalidOperation, ValueError):  # a signalling NaN is a Decimal but not a float
            parts, values = (), []
        if len(parts) not in (2, 3) or not all(map(math.isfinite, values)):
            self.fail(f"{value!r} is not START:STOP or START:STOP:STEP with finite numbers", param, ctx)
        if parts[2:] and parts[2] and not values[2]:
            self.fail(f"{value!r} has a step too small for a floating-point number", param, ctx)
        return parts


class PairType(click.ParamType["tuple[str, str]"]):
    """NAME=VALUE."""

    name = "pair"
    form = "NAME=VALUE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, rest = value.partition("=")
        if not (name and equals and rest):
            self.fail(f"{value} is not {self.form}", param, ctx)
        return name, rest


class SizeType(click.ParamType[tuple[float, float]]):
    """WIDTHxHEIGHT in inches."""

    name = "size"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        width, _, height = value.lower().partition("x")
        if not (is_number(width) and is_number(height)) or not all(0 < float(side) <= 100 for side in (width, height)):
            self.fail(f"{value!r} is not WIDTHxHEIGHT in inches, such as 7x5, each side at most 100", param, ctx)
        return float(width), float(height)


class FiniteRange(click.FloatRange):
    """A finite number in a range. click accepts NaN, a limit that nothing could exceed."""

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, str) and not is_number(value):
            self.fail(f"{value!r} is not a number{'; write 10 % as 0.1' if value.endswith('%') else ''}", param, ctx)
        number = super().convert(float(value), param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number
