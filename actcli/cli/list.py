"""actcli list."""

from __future__ import annotations

import click

from actcli.cli.filters import Destination, write_sheet
from actcli.cli.options import output_options


@click.command("list", epilog="\b\nExample:\n  actcli list -f markdown")
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(format: str | None, output: str | None, digits: int) -> None:
    """List the functions with their parameters and formulas."""
    from actcli import registry, reports

    write_sheet(reports.list_sheet(registry.ACTIVATIONS), Destination(format, output, digits))
