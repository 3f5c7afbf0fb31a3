"""actcli schema."""

import click

from actcli.cli.groups import GroupedCommand
from actcli.cli.options import completer, outputs_options
from actcli.errors import UsageError
from actcli.output.outputs import Outputs
from actcli.output.results import Result, write


@click.command(
    "schema",
    cls=GroupedCommand,
    epilog="\b\nExamples:\n  actcli schema\n  actcli schema saturation",
    help="""Print the JSON Schema of a JSON output.

The schema describes each field. CSV columns have the names of fields: `layers`, `neurons` and `regions` describe
those of `saturation`; `compare` and `fit` have schemas of their own. The schemas follow draft 2020-12 and need no
network access. Without NAME the available schemas are listed.""",
)
@click.argument("name", required=False, shell_complete=completer("schemas"))
@outputs_options()
@click.pass_context
def command(ctx: click.Context, name: str | None, outputs: Outputs) -> None:
    from actcli.reports.meanings import DOCUMENTS
    from actcli.reports.schema import schema
    from actcli.tables.sheet import Sheet

    if name is None:
        write(outputs, Result(sheet=lambda: Sheet(("name", "describes"), list(DOCUMENTS.items()))))
        return
    if ctx.params["format"] not in (None, "json"):
        raise UsageError("a schema is JSON", "leave out -f")
    write(outputs.all_in("json"), Result(document=lambda: schema(name)))
