"""actcli list."""

from __future__ import annotations

import click

from actcli.cli.options import Destination, output_options
from actcli.cli.results import write_sheet


@click.command("list", epilog="\b\nExample:\n  actcli list -f markdown")
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(destination: Destination) -> None:
    """List the functions with their parameters and formulas."""
    from actcli import registry, reports

    write_sheet(reports.list_sheet(registry.ACTIVATIONS), destination)
