"""The program: its commands, its errors and its exit status."""

import gc
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from actcli import __version__
from actcli.cli import environment, limits, signals
from actcli.cli.messages import note
from actcli.errors import ActcliError, UsageError
from actcli.text import short, visible

INTERRUPTED = 130
PIPE_CLOSED = 141
MOST = 1000  # characters of a message: an argument in it may be of any length


# A command is its module in `commands` and its line here, the first sentence of its help: `--help` imports none.
COMMANDS = {
    "eval": "Print the values of a function.",
    "grad": "Print the derivatives of a function.",
    "plot": "Draw functions and their derivatives.",
    "saturation": "Show where gradients vanish and which neurons are dead.",
    "layers": "List the layers of a model without running it.",
    "compare": "Show functions side by side.",
    "fit": "Find the parameters that bring a function closest to another.",
    "train": "Train a small network under several functions and compare them.",
    "trend": "Show how the layers of a network change over time.",
    "list": "List the functions with their parameters and formulas.",
    "show": "Show one function: formulas, parameters, conventions, source.",
    "schema": "Print the JSON Schema of a JSON output.",
    "completion": "Print the script that completes words with TAB.",
}


class _Group(click.Group):
    """Commands whose modules are imported on demand: together they would take 7 ms."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"actcli.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            from actcli.registry import specs

            if specs.known(args[0]):
                what = f"{args[0]} is a function, not a command"
                raise UsageError(what, f"write actcli eval {shlex.join(args)}") from None
            # click would suggest only commands that are already imported.
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    help="""A microscope for activation functions.

It evaluates, differentiates, plots and compares them, and finds where gradients vanish in real pre-activations and
which neurons are dead or saturated.""",
    epilog="""FUNCTION is NAME[@FRAMEWORK][:PARAMETER=VALUE,...], for example relu, elu:alpha=0.5 or gelu@jax, which
uses that framework's name and defaults. Case, - and _ in names do not matter. Commands for several functions read
'elu:alpha=0.5|1|2' as one function per value (quote it, as | is special to the shell). Each column of a table may have
its own slope: prelu:a=0.1,0.25, or prelu:a=FILE with a row or a column of slopes.

FUNCTION may also be an expression in x: 'x*tanh(softplus(x))', or with parameters 'max(0,x)+a*min(0,x):a=0.05'. It
may use + - * / **, where(x > 0, a, b), min, max, abs, exp, expm1, log, log1p, sqrt, sin, cos, sinh, cosh, tanh, erf,
pi, e, and the name of every elementwise function. Named definitions are read from
$XDG_CONFIG_HOME/actcli/functions.toml (by default ~/.config) and from --functions FILE, an option of each command that
takes a FUNCTION; source and aliases are optional:

\b
  [my_gate]
  formula = "x * sigmoid(b * x)"
  source = "lab notes, page 12"
  aliases = ["mg"]
  [my_gate.parameters]
  b = { default = 1.5, domain = "[0, inf)", meaning = "sharpness" }

INPUT is numbers, or files (.csv .tsv .jsonl .parquet .arrow .npy .npz; text files also as .gz or .zst), or - for
standard input, which is also read if no INPUT is given and it is a pipe or a file. A folder or a quoted glob is one
table, its part files one after the other; --part step=100 reads only those below a folder of that name. -c selects
columns by name, place #1, range a:b or glob h*, separated by commas, in the order given; a leading ! excludes them: -c
'!step,!label'. =NAME is always read as a name.

\b
Examples:
  actcli grad gelu@jax -1 0 1
  actcli saturation relu layer1.csv layer2.csv layer3.csv""",
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None: ...


def run(args: Sequence[str]) -> int:
    """Run a command line and return its exit status."""
    try:
        # Not cli.main(), which gives status 1 for a closed pipe. `obj` keeps the arguments for reports.
        with cli.make_context("actcli", [*args], obj=tuple(args)) as context:
            cli.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as end:
        sys.stdout.flush()
        return end.exit_code
    except BrokenPipeError:
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        hint = f"see `{error.ctx.command_path} --help`" if isinstance(error, click.UsageError) and error.ctx else ""
        if isinstance(error, click.NoSuchOption) and error.ctx and error.ctx.parent is None:
            hint = f"options follow the command: actcli COMMAND {error.option_name}, " + hint
        return _fail(error.format_message(), hint, error.exit_code)
    except ActcliError as error:
        return _fail(error.message, error.hint, error.exit_status)
    except OSError as error:  # while writing to standard output: help, completion
        return _fail(f"{error.filename or 'standard output'}: {error.strerror or error}", "", 1)
    except MemoryError:
        return _fail("not enough memory", "raise the limit: ulimit -v, or the container's limit", 1)
    except Exception as error:
        if "can't start new thread" in str(error):
            return _fail("the system allows no more threads", "raise the limit: ulimit -u", 1)
        return _fail(f"a bug in actcli: {type(error).__name__}: {error}", "ACTCLI_DEBUG=1 shows where", 1)


def _fail(message: str, hint: str, status: int) -> int:
    if (ended := signals.status()) is not None:  # the signal caused the failure, of an import or a library's call
        return ended
    if os.environ.get("ACTCLI_DEBUG") == "1":
        raise  # noqa: PLE0704 - called from the handlers above
    print("actcli: " + visible(short(message.replace("\n\t", " "), MOST)), file=sys.stderr)
    if hint:
        print("  " + visible(short(hint, MOST)), file=sys.stderr)
    return status


def main() -> int:
    """Run the command line of the process and return its exit status."""
    ignored = environment.prepare()
    limits.watch()
    gc.set_threshold(100_000)  # imports make many objects and no garbage: collecting would take 6 ms
    if asked := os.environ.get("_ACTCLI_COMPLETE"):
        from actcli.cli.shells import answer

        return answer(cli, asked)
    status = run(sys.argv[1:] or ["--help"])
    for line in environment.notes(ignored):
        note(line)
    try:
        sys.stdout.flush()
    except OSError:  # already reported: the rest of the buffer must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    gc.freeze()  # a collection at exit would take 40 ms with polars
    return status
