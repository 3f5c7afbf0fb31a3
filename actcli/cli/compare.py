"""actcli compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli.layers import diagnoses
from actcli.cli.options import (
    Destination,
    completer,
    epsilon_option,
    functions_argument,
    network_options,
    output_options,
    table_options,
)
from actcli.cli.results import write_report

if TYPE_CHECKING:
    from actcli.comparison import Network
    from actcli.reading import ReadOptions


@click.command(
    "compare",
    epilog="""\b
Examples:
  actcli compare relu gelu silu
  actcli compare tanh gelu --sigma-w 1.5 --sigma-b 0.05 --depth 50
  actcli compare relu leaky_relu elu -i layer2.csv""",
)
@functions_argument
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    shell_complete=completer("files"),
    help="A table of pre-activations (repeatable); - is standard input.",
)
@epsilon_option
@network_options
@table_options
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(
    functions: tuple[Any, ...],
    inputs: tuple[str, ...],
    epsilon: float,
    network: Network,
    reading: ReadOptions,
    destination: Destination,
) -> None:
    """Show functions side by side.

    Range, f(0), monotonicity, largest gradient, smoothness, vanishing regions, and the means over z ~ N(0, q) with what
    they say of a deep network at initialisation. With inputs, which are given by -i, also what each function makes of
    the same pre-activations, and what taking another one in place of the first would do.
    """
    from actcli.comparison import compare, profile
    from actcli.probe import Probe, Thresholds
    from actcli.reports import comparison as reports

    found = diagnoses([Probe.of(function, Thresholds(epsilon)) for function in functions], inputs, reading)
    comparison = compare(
        [profile(function, epsilon, network) for function in functions],
        [(diagnosis.function, diagnosis.layers) for diagnosis in found],
    )
    write_report(
        destination,
        document=lambda: reports.comparison_document(comparison),
        page=lambda digits: reports.comparison_page(comparison, digits),
        sheet=lambda: reports.comparison_sheet(comparison),
    )
