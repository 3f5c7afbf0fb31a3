"""actcli fit."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from actcli.cli.layers import distributions
from actcli.cli.messages import note
from actcli.cli.options import (
    completer,
    function_argument,
    inputs_option,
    look_options,
    option,
    outputs_options,
    table_options,
)
from actcli.cli.types import FunctionType, NumericCommand
from actcli.errors import DataError, UsageError
from actcli.output.forms import fit_result
from actcli.output.outputs import Outputs
from actcli.output.results import write

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from actcli.activation import Array, Function
    from actcli.fitting.descent import Measure, Search
    from actcli.reports.look import Look
    from actcli.tables.options import ReadOptions


class TargetType(click.ParamType["Function | str"]):
    """A FUNCTION, or the name of a table of points; an existing file is read as a table."""

    name = "target"
    _function = FunctionType()

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Function | str:
        from actcli.models.onnx_file import is_model

        table = value == "-" or os.path.splitext(value)[1].lower() in (".csv", ".tsv", ".gz", ".zst")
        if table or (os.path.exists(value) and not is_model(value)):
            return value
        return self._function.convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        return completer("functions")(ctx, param, incomplete) or completer("files")(ctx, param, incomplete)


@click.command(
    "fit",
    options_metavar="--to TARGET [OPTIONS]",
    cls=NumericCommand,
    help="""Find the parameters that bring a function closest to another.

The distance is the root mean square of f(x) - target(x), over x from N(0, 1), over the values of the inputs, or over
the points of a table. A search finds starting points; steps along the exact derivatives lead from there to the
minimum. CSV has the trace, whose last row is the result; in JSON, label is the fitted FUNCTION.
-o FILE.png, .svg, .pdf, .eps or .pgf draws the function before and after the fit, and the target.""",
    epilog="""\b
Examples:
  actcli fit 'x*sigmoid(b*x):b=1' --to gelu
  actcli fit elu --to gelu -i layer1.csv
  actcli fit 'a*tanh(b*x):a=1,b=1' --to sigmoid --search grid -o fit.png
  actcli fit elu --to gelu --report fit.html
  actcli fit 'a*tanh(b*x):a=1,b=1' --to 'erf(x)' --only b --seed 7""",
)
@function_argument
@option("--to target TARGET", "Approach this FUNCTION, or a table of x and y.", TargetType(), required=True)
@inputs_option("Weight by these pre-activations instead of N(0, 1) (repeatable).")
@option("--search", "Choose how to search for starting points.", ["none", "grid", "random", "adam"], "random")
@option("--seed NUMBER", "Set the seed of --search random.", click.IntRange(0), 0)
@option("--only PARAMETER", "Fit only this parameter (repeatable).", many=True, complete="parameters")
@look_options
@table_options
@outputs_options(figures=True, reports=True)
def command(
    function: Function,
    target: Function | str,
    inputs: tuple[str, ...],
    search: Search,
    seed: int,
    only: tuple[str, ...],
    look: Look,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    from actcli.fitting import fit as fitting
    from actcli.reports.fitting import warnings

    if isinstance(target, str):
        if inputs:
            raise UsageError("inputs cannot weight the points of a table", "leave out --input, or name a function")
        goal: Function | Measure = fitting.over_points(*_points(target, reading), target)
        weights = None
    else:
        goal, weights = target, _weights(target, inputs, reading)
    found = fitting.fit(function, goal, inputs=weights, only=only, search=search, seed=seed)
    for warning in warnings(found):
        note(warning)
    # A figure does not show the parameters, so they are also printed.
    write(outputs if outputs.has_tables else outputs.printed(), fit_result(found, look))


def _weights(target: Function, inputs: Sequence[str], reading: ReadOptions) -> Measure | None:
    """The distribution of the tables' values, which weights the distance; None without tables."""
    from actcli.fitting import fit as fitting

    histograms = distributions(inputs, reading)
    if not histograms:
        return None
    total = histograms[0][1]
    for _, histogram in histograms[1:]:
        total = total.merge(histogram)
    return fitting.over_inputs(target, total, ", ".join(table for table, _ in histograms))


def _points(path: str, reading: ReadOptions) -> tuple[Array, Array]:
    """The columns x and y of a table: the two named x and y, the two of --columns in that order, or the only two."""
    import numpy as np

    from actcli.cli.inputs import open_layers
    from actcli.cli.messages import note_skipped
    from actcli.tables.pipeline import map_blocks
    from actcli.tables.table import together

    if not reading.columns and path != "-":  # standard input can be read only once
        (table,) = open_layers([path], reading)
        if {"x", "y"} <= set(table.columns):
            reading = reading._replace(columns=("x", "y"))
    (table,) = open_layers([path], reading)
    if len(table.picked) != 2:
        raise DataError(
            f"{path} has {len(table.picked)} columns, not x and y", "choose two with -c, as in -c time,value"
        )
    for guess in table.notes:
        note(guess)
    parts = list(map_blocks(table, lambda block: block.values, reading.threads))
    note_skipped(functools.reduce(together, (part.skipped for part in parts), None))
    blocks = [part.result for part in parts]
    values = np.concatenate(blocks) if blocks else np.empty((0, 2))
    missing = np.isnan(values).any(axis=1)
    if missing.any():
        note(f"{path}: {missing.sum()} of {missing.size} points left out: x or y is missing")
    values = values[~missing]
    return values[:, 0], values[:, 1]
