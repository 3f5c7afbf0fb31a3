"""actcli eval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli import options
from actcli.cli.filters import write_parts, write_results
from actcli.cli.layers import dask_option
from actcli.cli.types import NumericCommand
from actcli.errors import UsageError
from actcli.output import filtering
from actcli.output.outputs import Outputs

if TYPE_CHECKING:
    from actcli.tables.options import ReadOptions


@click.command(
    "eval",
    cls=NumericCommand,
    help="""Print the values of a function.

For numbers, the columns x and f are printed. A table (a file, or standard input) keeps its rows and columns, and
each number is replaced by its value. A rowwise function such as softmax takes all the numbers, or all the columns of
a row, together; if it has more or fewer outputs than inputs (glu has half as many), the row changes its length.

-o FOLDER/ with a slash writes one part for each part of the input folder; a Dask cluster can do that too.""",
    epilog="""\b
Examples:
  actcli eval sigmoid -39 0 39
  actcli eval elu:alpha=0.5 --range -3:3:0.5
  actcli eval swiglu:gate=first 1 2 3 4
  actcli eval relu layer1.csv -o outputs.csv
  actcli eval gelu layer1.csv -c h0:h3 --append
  actcli eval prelu:a=0.25,0.1 layer1.csv -c h0,h1
  actcli eval relu layer1.csv --separator comma --decimal . --comment '#'
  actcli eval relu layer1.csv -o outputs.npy
  actcli eval relu layer1.csv --no-header-out
  actcli eval relu outputs.npy --axis 1
  actcli eval gelu acts/layer1 -o activated/
  actcli eval gelu acts/layer2 -o activated2/ -f parquet --dask local:2""",
)
@options.function_argument
@options.inputs_argument
@options.range_option
@options.append_option
@dask_option
@options.table_options
@options.outputs_options("frames", folders=True)
def command(
    function: Any,
    inputs: tuple[str, ...],
    span: Any,
    append: bool,
    dask: str | None,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    if outputs.is_folder:
        write_parts(function, inputs, span, reading, append, outputs, dask)
        return
    if dask is not None:
        raise UsageError("--dask can only write a folder of parts", "name a folder with a slash at the end: -o FOLDER/")
    write_results(function, filtering.results(function), inputs, span, reading, append, outputs)
