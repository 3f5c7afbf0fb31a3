"""What is told on standard error beside the result."""

from __future__ import annotations

import click

from actcli.errors import printable


def tell(note: str) -> None:
    """A line on standard error."""
    click.echo(f"actcli: {printable(note)}", err=True)
