"""What is told on standard error beside the result."""

from __future__ import annotations

import click

from actcli.text import visible


def tell(note: str) -> None:
    """A line on standard error."""
    click.echo(f"actcli: {visible(note)}", err=True)
