"""The command line: parse, call, print, and nothing else. One file a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from actcli import __version__
from actcli.cli import compare, eval, grad, list, plot, saturation, show
from actcli.errors import ActcliError

INTERRUPTED = 130
PIPE_CLOSED = 141


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="""FUNCTION is NAME[@FRAMEWORK][:PARAMETER=VALUE,...], for example relu, elu:alpha=0.5 or gelu@jax, which
takes that framework's name and defaults. Case, - and _ in names do not matter.

INPUT is numbers, or files (.csv .tsv .jsonl .parquet .arrow .npy .npz, and .gz and .zst of the text ones), or - for
standard input, which is also read when no INPUT is given and it is a pipe or a file.""",
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """A microscope for activation functions.

    It evaluates, differentiates, plots and compares them, and tells from real pre-activations where gradients vanish
    and which neurons are dead or saturated.
    """


for command in (
    eval.command,
    grad.command,
    plot.command,
    saturation.command,
    compare.command,
    list.command,
    show.command,
):
    cli.add_command(command)


def run(args: Sequence[str]) -> int:
    """Run a command line and give its exit status."""
    try:
        # Not cli.main(), which ends a closed pipe with status 1.
        with cli.make_context("actcli", [*args]) as context:
            cli.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as end:
        sys.stdout.flush()
        return end.exit_code
    except BrokenPipeError:
        # Nobody reads any more: what is left in the buffer must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        hint = f"see `{error.ctx.command_path} --help`" if isinstance(error, click.UsageError) and error.ctx else ""
        return _complain(error.format_message(), hint, error.exit_code)
    except ActcliError as error:
        return _complain(error.message, error.hint, error.exit_status)
    except Exception as error:
        return _complain(f"this is a fault of actcli: {type(error).__name__}: {error}", "ACTCLI_DEBUG=1 shows where", 1)


def _complain(message: str, hint: str, status: int) -> int:
    if os.environ.get("ACTCLI_DEBUG") == "1":
        raise  # noqa: PLE0704 - called from the handlers above
    print("actcli: " + message.replace("\n", " "), file=sys.stderr)
    if hint:
        print("  " + hint.replace("\n", " "), file=sys.stderr)
    return status


def main() -> None:
    sys.exit(run(sys.argv[1:]))
