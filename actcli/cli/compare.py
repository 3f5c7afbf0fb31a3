"""actcli compare."""

from __future__ import annotations

from typing import Any

import click

from actcli.cli.filters import Destination, write_sheet
from actcli.cli.layers import diagnose
from actcli.cli.options import epsilon_option, functions_argument, output_options, read_options, table_options


@click.command(
    "compare",
    epilog="""\b
Examples:
  actcli compare relu gelu silu
  actcli compare relu leaky_relu elu -i layer2.csv""",
)
@functions_argument
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    help="A table of pre-activations (repeatable); - is standard input.",
)
@epsilon_option
@table_options
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(
    functions: tuple[Any, ...],
    inputs: tuple[str, ...],
    epsilon: float,
    columns: tuple[str, ...],
    header: bool | None,
    nulls: tuple[str, ...],
    input_format: str | None,
    format: str | None,
    output: str | None,
    digits: int,
) -> None:
    """Show functions side by side.

    Range, f(0), monotonicity, largest gradient, smoothness, vanishing regions, and means over N(0, 1); with inputs
    also what each function makes of the same pre-activations.
    """
    from actcli import reports
    from actcli.comparison import Comparison, profile
    from actcli.diagnosis import Thresholds
    from actcli.output import open_output
    from actcli.render import choose_format, console_text, json_text

    options = read_options(columns, header, nulls, input_format)
    diagnoses = diagnose(functions, inputs, options, Thresholds(epsilon))
    comparison = Comparison(
        tuple(profile(function, epsilon) for function in functions),
        tuple((diagnosis.function, layer) for diagnosis in diagnoses for layer in diagnosis.layers),
    )
    format = choose_format(format, output)
    if format in ("json", "table"):
        with open_output(output) as file:
            if format == "json":
                file.write(json_text(reports.comparison_document(comparison), indent=1).encode() + b"\n")
            else:
                file.write(console_text(reports.comparison_page(comparison, digits)))
        return
    write_sheet(reports.comparison_sheet(comparison), Destination(format, output, digits))
