"""actcli completion."""

import click

from actcli.cli.shells import SHELLS, script


@click.command(
    "completion",
    epilog="\b\nExamples:\n  actcli completion bash",
    help="""Print the script that completes words with TAB.

SHELL is bash (4.4 or newer), zsh or fish. The script begins with the line that installs it. It completes commands,
options, functions, frameworks after @, parameters after : with their defaults, and the columns of the file on the
line after -c.""",
)
@click.argument("shell", type=click.Choice(list(SHELLS)), metavar="SHELL")
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    click.echo(script(ctx.find_root().command, shell), nl=False)
