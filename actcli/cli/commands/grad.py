"""actcli grad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli import options
from actcli.cli.filters import HELD_SQUARED, numbers_or_paths, write_results, write_sheet
from actcli.cli.inputs import open_layers
from actcli.cli.messages import note
from actcli.cli.options import option
from actcli.cli.types import NumericCommand
from actcli.errors import UsageError
from actcli.output import filtering
from actcli.output.outputs import Outputs

if TYPE_CHECKING:
    from actcli.tables.options import ReadOptions


@click.command(
    "grad",
    cls=NumericCommand,
    help="""Print the derivatives of a function.

For numbers, the columns x, f and df are printed, with --order 2 also d2f, with --wrt the derivative with respect to
the parameter. In a table each number is replaced by its derivative. For a rowwise function that is the derivative of
each output with respect to its own input; --jacobian prints them all.""",
    epilog="""\b
Examples:
  actcli grad sigmoid 39
  actcli grad gelu --order 2 --range -3:3:0.5
  actcli grad elu --wrt alpha -1 1
  actcli grad softmax --jacobian 1 2 3""",
)
@options.function_argument
@options.inputs_argument
@option("--order", "Print the first or the second derivative.", ["1", "2"], "1")
@option("--wrt PARAMETER", "Differentiate with respect to this parameter, not x.", complete="parameters")
@click.option("--jacobian", is_flag=True, help="Print the whole Jacobian, one line per row and output.")
@options.range_option
@options.append_option
@options.table_options
@options.outputs_options("frames")
def command(
    function: Any,
    inputs: tuple[str, ...],
    order: str,
    wrt: str | None,
    jacobian: bool,
    span: Any,
    append: bool,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    if (order == "2") + (wrt is not None) + jacobian > 1:
        raise UsageError("--order 2, --wrt and --jacobian each ask for a different derivative", "give one of them")
    if jacobian:
        if append:
            raise UsageError("--jacobian has its own rows, which cannot be appended", "leave out --append")
        numbers, paths = numbers_or_paths(inputs, span)
        if numbers is not None:
            write_sheet(filtering.number_jacobian(function, numbers.held(HELD_SQUARED, "a Jacobian")), outputs)
            return
        tables = open_layers(paths, reading)
        filtering.write_jacobian(function, tables, outputs, threads=reading.threads, note=note)
        return
    results = filtering.results(function, int(order), wrt)
    write_results(function, results, inputs, span, reading, append, outputs)
