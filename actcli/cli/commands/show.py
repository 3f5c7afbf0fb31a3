"""actcli show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actcli.cli.options import epsilon_option, function_argument, network_options, outputs_options
from actcli.cli.types import NumericCommand
from actcli.output.outputs import Outputs
from actcli.output.results import Result, write

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.analysis.profile import Network


@click.command(
    "show",
    cls=NumericCommand,
    help="""Show one function: formulas, parameters, conventions, source.

Also shows its means over z ~ N(0, q) and what they imply for a deep network at initialisation.""",
    epilog="""\b
Examples:
  actcli show gelu
  actcli show selu --q 2
  actcli show tanh --sigma-w 1.5 --sigma-b 0.05 --depth 50""",
)
@function_argument
@epsilon_option
@network_options
@outputs_options()
def command(function: Function, epsilon: float, network: Network, outputs: Outputs) -> None:
    from actcli.analysis.profile import profile
    from actcli.reports import catalogue as reports

    write(outputs, Result(sheet=lambda: reports.card(function, profile(function, epsilon, network))))
