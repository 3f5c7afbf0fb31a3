"""actcli list."""

import click

from actcli.cli.groups import GroupedCommand
from actcli.cli.messages import note_functions
from actcli.cli.options import functions_file_option, option, outputs_options
from actcli.output.outputs import Outputs
from actcli.output.results import Result, write


@click.command(
    "list",
    cls=GroupedCommand,
    epilog="""\b
Examples:
  actcli list
  actcli list --framework onnx -f markdown""",
    help="""List the functions with their parameters and formulas.

Frameworks are pytorch, keras, keras.layers, jax, tensorflow, tfa (TensorFlow Addons), onnx, nnlib, timm and
transformers.""",
)
@option("--framework NAME", "List this framework's functions, with its names and defaults.", complete="frameworks")
@functions_file_option
@outputs_options()
def command(framework: str | None, outputs: Outputs) -> None:
    from actcli.registry import additions, dialects
    from actcli.reports import catalogue as reports

    if framework is None:
        sheet = reports.list_sheet(additions.activations())
    else:
        sheet = reports.dialect_sheet(additions.activations(), dialects.framework(framework))
    note_functions()
    write(outputs, Result(sheet=lambda: sheet))
