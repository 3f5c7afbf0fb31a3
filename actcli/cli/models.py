"""A model that is run instead of reading tables of pre-activations: its options and its layers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click
from click.shell_completion import CompletionItem

from actcli.cli.groups import INPUT
from actcli.cli.messages import note
from actcli.cli.options import completer, gather
from actcli.cli.types import FunctionType, PairType, unmarked
from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.measuring.choice import Choice
    from actcli.measuring.network import Network
    from actcli.models.onnx_run import Running
    from actcli.tables.options import ReadOptions

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class ModelRun(NamedTuple):
    """A model, the files or numbers for its named inputs, and how to run it."""

    path: str
    named: tuple[tuple[str, str], ...]
    running: Running

    def network(self, inputs: Sequence[str], choice: Choice, reading: ReadOptions) -> Network:
        """The model's layers on these inputs; operators that cannot be analysed are noted."""
        from actcli.measuring.network import network

        named = [pair for token in inputs if (pair := named_input(token))]
        paths = [unmarked(token) for token in inputs if not named_input(token)]
        found = network(self.path, paths, [*self.named, *named], choice, self.running, reading)
        for text in found.notes:
            note(text)
        return found


class MemoryType(click.ParamType[int]):
    """A number of bytes: 500M, 4G."""

    name = "memory"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?) *([KMGT]?)i?B?", value.strip(), re.IGNORECASE)
        if not found or not float(found[1]):
            self.fail(f"{value!r} is not a size such as 500M or 4G", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].upper()])


class _NamedType(PairType):
    """NAME=FILE or NAME=NUMBER."""

    form = "NAME=FILE or NAME=NUMBER"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        return [CompletionItem(incomplete, type="file")]


class FunctionOrInput(FunctionType):
    """FUNCTION; with --model, whose layers have their own functions, the first INPUT."""

    def convert(  # type: ignore[override]
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Function | str:
        with_model = ctx is not None and isinstance(ctx.params.get("model"), str)
        return value if with_model else super().convert(value, param, ctx)


def named_input(token: str) -> tuple[str, str] | None:
    """A model's input as NAME=FILE, unless the token itself is the name of a file."""
    name, equals, rest = unmarked(token).partition("=")
    return (name, rest) if equals and name and rest and not os.path.exists(token) else None


def _model_run(
    model: str | None, named: tuple[tuple[str, str], ...], neurons: str | None, batch: int | None, memory: int | None
) -> ModelRun | None:
    if model is None:
        asked = (("--input", named), ("--neurons", neurons), ("--batch", batch), ("--memory", memory))
        if given := [option for option, value in asked if value]:
            raise UsageError(f"{given[0]} needs a model to run", "name one with --model FILE.onnx")
        return None
    from actcli.models.onnx_run import MEMORY, Running

    return ModelRun(model, named, Running("unit" if neurons == "unit" else "channel", batch or 0, memory or MEMORY))


def _no_names(model: str | None, neurons: str | None, batch: int | None, memory: int | None) -> ModelRun | None:
    return _model_run(model, (), neurons, batch, memory)


_model = click.option(
    "--model",
    metavar="FILE",
    is_eager=True,  # parsed before FUNCTION is looked up
    shell_complete=completer("files"),
    help="Run this ONNX model on the inputs and measure its layers.",
)
_input = click.option(
    "--input",
    "named",
    type=_NamedType(),
    multiple=True,
    metavar="NAME=FILE",
    help="Feed this model input from a file or a number.",
)
_running = (
    click.option("--neurons", type=click.Choice(["channel", "unit"]), help="Count channels as neurons, or each unit."),
    click.option("--batch", type=click.IntRange(1), metavar="COUNT", help="Run this many inputs at a time."),
    click.option(
        "--memory", type=MemoryType(), metavar="SIZE", help="Keep outputs within this much memory (default: 2G)."
    ),
)
# A model to run, as `model`; None without one. Commands whose -i names tables use -i for the model's inputs too.
model_options = gather("model", _model_run, _model, _input, *_running, group=INPUT)
model_options_beside_inputs = gather("model", _no_names, _model, *_running, group=INPUT)
