"""actcli completion."""

import click

from actcli.cli.shells import SHELLS, script


@click.command(
    "completion",
    epilog="\b\nExamples:\n  actcli completion bash",
    help="""Print the script that completes words with TAB.

SHELL is bash (4.4 or newer), zsh or fish. A comment at the top of the script shows how to install it. It completes
commands, options, functions, frameworks after @, parameters with their defaults after :, and after -c the columns of
the file named on the command line.""",
)
@click.argument("shell", type=click.Choice(list(SHELLS)), metavar="SHELL")
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    click.echo(script(ctx.find_root().command, shell), nl=False)
