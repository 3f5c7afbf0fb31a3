"""The commands of the program, whose modules are imported on demand."""

from __future__ import annotations

import click

from actcli.cli.main import cli


def commands(group: click.Group = cli) -> dict[str, click.Command]:
    """The commands of a group by name."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}
