"""actcli show."""

from __future__ import annotations

from typing import Any

import click

from actcli.cli.options import Destination, epsilon_option, function_argument, output_options
from actcli.cli.results import write_sheet


@click.command("show", epilog="\b\nExample:\n  actcli show gelu")
@function_argument
@epsilon_option
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(function: Any, epsilon: float, destination: Destination) -> None:
    """Show one function: formulas, parameters, conventions, source."""
    from actcli import reports
    from actcli.comparison import profile

    write_sheet(reports.card(function, profile(function, epsilon)), destination)
