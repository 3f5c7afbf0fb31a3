"""Options in groups, as help and manual pages show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

OWN = "Options"  # of options in no other group
INPUT, MEASURED, NETWORK, TRAINING = "Input", "Criteria", "Network", "Training"
GATES, LOOKS, OUTPUT = "Gates", "Figures", "Output"
ORDER = (OWN, INPUT, NETWORK, TRAINING, MEASURED, GATES, LOOKS, OUTPUT)
_GROUP = "actcli_group"  # the attribute of an option that names its group


def stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def grouped(group: str, *options: Callable[[F], F]) -> Callable[[F], F]:
    """The options as one decorator, all in one group."""

    def decorate(command: F) -> F:
        known = len(getattr(command, "__click_params__", ()))
        command = stack(*options)(command)
        for parameter in command.__click_params__[known:]:  # type: ignore[attr-defined]
            if not hasattr(parameter, _GROUP):
                setattr(parameter, _GROUP, group)
        return command

    return decorate


def groups(command: click.Command, context: click.Context) -> dict[str, list[tuple[str, str]]]:
    """The help records of a command's options, by group."""
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in ORDER}
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)) is not None:
            found[getattr(parameter, _GROUP, OWN)].append(record)
    return {group: records for group, records in found.items() if records}


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, records in groups(self, ctx).items():
            with formatter.section(group):
                formatter.write_dl(records)
