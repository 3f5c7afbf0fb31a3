"""actcli trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actcli.cli import options
from actcli.cli.groups import GATES, GroupedCommand, grouped
from actcli.cli.inputs import check_tables
from actcli.cli.layers import layer_options
from actcli.cli.messages import fail_gates, note
from actcli.cli.options import option
from actcli.cli.types import FiniteRange, FunctionType
from actcli.errors import UsageError
from actcli.output.forms import trend_result
from actcli.output.outputs import Outputs
from actcli.output.results import write

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.measuring.choice import Choice
    from actcli.reports.look import Look
    from actcli.tables.options import ReadOptions


class _FunctionOrRecord(FunctionType):
    """FUNCTION, or the first INPUT if its name is that of a file of layers written by actcli."""

    def convert(  # type: ignore[override]
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Function | str:
        from actcli.diagnosis.states import RECORDS

        return value if value.lower().endswith(RECORDS) else super().convert(value, param, ctx)


@click.command(
    "trend",
    cls=GroupedCommand,
    help="""Show how the layers of a network change over time.

Each input is a state of the network: a table of one layer (epoch_1.csv), a folder with one table per layer, or an
.npz with one array per layer. The one number in which the names differ is the step. Files written by actcli name
their own functions, so leave out FUNCTION: run.jsonl of a watched training, the JSON of train, or one JSON of
saturation per state. -o FILE.png, .svg, .pdf, .eps or .pgf draws the measures over the steps.""",
    epilog="""\b
Examples:
  actcli trend run.jsonl
  actcli trend run.jsonl -o trend.png --report page.html
  actcli trend run.jsonl --max-dead 1 --max-growth 1
  actcli trend run.jsonl --follow
  actcli trend relu acts/layer1/step=*""",
)
@click.argument("function", metavar="FUNCTION", type=_FunctionOrRecord(), shell_complete=options.completer("functions"))
@options.functions_file_option
@options.inputs_argument
@layer_options
@options.epsilon_option
@grouped(
    GATES,
    option("--max-dead SHARE", "Exit with 3 if a layer ends with more dead neurons.", FiniteRange(0, 1)),
    option("--max-growth SHARE", "Exit with 3 if a layer's dead share grows by more.", FiniteRange(0, 1)),
)
@click.option("--follow", is_flag=True, help="Follow a run while it is written, until Ctrl-C.")
@options.look_options
@options.layer_table_options
@options.outputs_options(figures=True, reports=True)
@click.pass_context
def command(
    ctx: click.Context,
    function: Function | str,
    inputs: tuple[str, ...],
    choice: Choice,
    epsilon: float,
    max_dead: float | None,
    max_growth: float | None,
    follow: bool,
    look: Look,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    own = None if isinstance(function, str) else function
    if isinstance(function, str):
        inputs = (function, *inputs)
    if not inputs:
        raise UsageError("no states given", "give files: actcli trend relu epoch_1.csv epoch_2.csv")
    check_tables(inputs)
    if follow:
        if len(inputs) > 1 or own is not None:
            raise UsageError("--follow reads one run", "for example actcli trend run.jsonl --follow")
        from actcli.cli.follow import followed

        found = followed(inputs[0])
    else:
        from actcli.diagnosis.diagnose import Criteria
        from actcli.diagnosis.states import trend
        from actcli.measuring.probe import Thresholds
        from actcli.output.progress import watched

        by = Criteria(Thresholds(epsilon))
        found = trend(inputs, own, choice=choice, criteria=by, reading=reading, watch=watched, note=note)
    gated = max_dead is not None or max_growth is not None
    failed = [*found.failures(max_dead, max_growth)] if gated else []
    write(outputs, trend_result(found, look, failed, gated=gated))
    fail_gates(ctx, failed)
