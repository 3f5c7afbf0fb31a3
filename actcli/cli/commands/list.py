"""actcli list."""

from __future__ import annotations

import click

from actcli.cli.messages import note_functions
from actcli.cli.options import Destination, completer, functions_file_option, output_options
from actcli.output.results import write_sheet


@click.command("list", epilog="\b\nExamples:\n  actcli list\n  actcli list --framework onnx -f markdown")
@click.option(
    "--framework",
    metavar="NAME",
    shell_complete=completer("frameworks"),
    help="Only what this framework has, under its names, with its defaults.",
)
@functions_file_option
@output_options()
def command(framework: str | None, destination: Destination) -> None:
    """List the functions with their parameters and formulas.

    Frameworks are pytorch, keras, keras.layers, jax, tensorflow, tfa (TensorFlow Addons), onnx, nnlib, timm and
    transformers.
    """
    from actcli.registry import additions, dialects
    from actcli.reports import catalogue as reports

    if framework is None:
        sheet = reports.list_sheet(additions.activations())
    else:
        sheet = reports.dialect_sheet(additions.activations(), dialects.framework(framework))
    note_functions()
    write_sheet(sheet, destination)
