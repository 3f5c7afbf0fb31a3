"""Looking up FUNCTION: files of definitions, and what is said on standard error."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from actcli.cli.notes import tell
from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.activation import Function


Found = TypeVar("Found")


def looked_up(find: Callable[[str], Found], spec: str, hint: str) -> Found:
    """What a FUNCTION names; where it names nothing, the shell may have put a file there, which the error tells."""
    try:
        return find(spec)
    except UsageError:
        if os.path.isfile(spec):
            raise UsageError(f"{spec!r} is a file, not a function", hint) from None
        raise


def tell_complaints() -> None:
    """Say on standard error which declarations were left out."""
    from actcli.registry import specs as registry

    for line in registry.complaints():
        tell(line)


def tell_cautions(functions: Sequence[Function]) -> None:
    """Say on standard error what was left out while the functions were looked for, and which are unstable."""
    from actcli.registry import specs as registry

    tell_complaints()
    for function in functions:
        if (line := registry.caution(function)) is not None:
            tell(line)


def _define(ctx: click.Context, param: click.Parameter, paths: Sequence[str]) -> None:
    if paths:
        from actcli.registry import specs as registry

        for path in paths:
            registry.define(path)


functions_file_option = click.option(
    "--functions",
    "definitions",
    multiple=True,
    type=click.Path(),  # the environment's are separated like those of PATH
    metavar="FILE",
    envvar="ACTCLI_FUNCTIONS",
    is_eager=True,  # before FUNCTION is looked up
    expose_value=False,
    callback=_define,
    help="A TOML file of named definitions (repeatable), beside the user's own.",
)
