"""What several commands share: FUNCTION and INPUT arguments, options for tables and output."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from actcli.cli.types import FamilyType, FiniteRange, FunctionType, SpanType
from actcli.errors import UsageError
from actcli.output.sheets import FORMATS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from actcli.activation import Function

F = TypeVar("F", bound=Callable[..., Any])


def _together(ctx: click.Context, param: click.Parameter, families: Sequence[Sequence[Function]]) -> list[Function]:
    return [function for family in families for function in family]


def completer(name: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]:
    """The function of `completers` of this name, whose module is imported when a shell asks."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from actcli.cli import completers

        found: list[CompletionItem[str]] = getattr(completers, name)(ctx, incomplete)
        return found

    return complete


def stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _use(ctx: click.Context, param: click.Parameter, paths: Sequence[str]) -> None:
    if paths:
        from actcli.registry import additions

        additions.use(paths)


functions_file_option = click.option(
    "--functions",
    "definitions",
    multiple=True,
    type=click.Path(),  # the environment's are separated like those of PATH
    metavar="FILE",
    envvar="ACTCLI_FUNCTIONS",
    is_eager=True,  # before FUNCTION is looked up
    expose_value=False,
    callback=_use,
    help="A TOML file of named definitions (repeatable), beside the user's own.",
)
function_argument = stack(click.argument("function", metavar="FUNCTION", type=FunctionType()), functions_file_option)
families_argument = stack(
    click.argument("families", metavar="FUNCTION...", type=FamilyType(), nargs=-1, required=True),
    functions_file_option,
)
functions_argument = stack(
    click.argument("functions", metavar="FUNCTION...", type=FamilyType(), nargs=-1, required=True, callback=_together),
    functions_file_option,
)
inputs_argument = click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=completer("files"))
range_option = click.option(
    "--range",
    "span",
    type=SpanType(),
    metavar="START:STOP[:STEP]",
    help="Numbers from START to STOP, by default in steps of 1.",
)
append_option = click.option("--append", is_flag=True, help="Keep the input columns and add the results after them.")


def inputs_option(help: str) -> Callable[[F], F]:
    """Tables of a command whose arguments are functions."""
    return click.option(
        "-i", "--input", "inputs", multiple=True, metavar="FILE", shell_complete=completer("files"), help=help
    )


epsilon_option = click.option(
    "--epsilon",
    type=FiniteRange(min=0, min_open=True),
    metavar="NUMBER",
    default=1e-3,
    show_default=True,
    help="The gradient vanishes where |f'(x)| is below this.",
)


style_option = click.option(
    "--style",
    type=click.Choice(["light", "dark", "grey"]),
    default="light",
    show_default=True,
    help="Colours of a figure.",
)


_table_options = stack(
    click.option(
        "-c",
        "--columns",
        multiple=True,
        metavar="LIST",
        shell_complete=completer("columns"),
        help="Columns to take, with commas between: names, 1-based numbers, ranges a:b, globs h*; a leading ! leaves "
        "columns out, as in '!step,!label'.",
    ),
    click.option(
        "--header/--no-header",
        default=None,
        help="Whether the first row names the columns; by default it does if a cell of it is no number.",
    ),
    click.option(
        "--null", "nulls", multiple=True, metavar="TEXT", help="Cells that mean a missing value, besides empty ones."
    ),
    click.option(
        "--input-format",
        type=click.Choice(["csv", "tsv", "jsonl", "parquet", "arrow", "npy", "npz"]),
        help="Format of the inputs; by default their names say it.",
    ),
    click.option(
        "--on-error",
        type=click.Choice(["stop", "skip"]),
        default="stop",
        show_default=True,
        help="What to do at a row of text that cannot be read; skipped rows are counted on standard error.",
    ),
    click.option(
        "--threads", type=click.IntRange(1, 256), metavar="COUNT", help="Threads to work on tables, by default up to 4."
    ),
)


_network_options = stack(
    click.option(
        "--q",
        type=FiniteRange(min=0, min_open=True),
        metavar="NUMBER",
        default=1.0,
        show_default=True,
        help="Variance q of the normal distribution that the means are over.",
    ),
    click.option(
        "--sigma-w",
        type=FiniteRange(0, 1e100, min_open=True),
        metavar="NUMBER",
        help="Weights of variance sigma_w^2 / fan_in: where does q go? By default the He gain, which keeps it.",
    ),
    click.option(
        "--sigma-b",
        type=FiniteRange(0, 1e100),
        metavar="NUMBER",
        default=0.0,
        show_default=True,
        help="Biases of variance sigma_b^2, with --sigma-w.",
    ),
    click.option(
        "--depth", type=click.IntRange(1, 10_000), metavar="COUNT", help="Follow the variance of a gradient so deep."
    ),
)


def network_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is assumed of a network at initialisation; the command gets it as one argument, `network`."""

    @functools.wraps(command)
    def gathered(*args: Any, q: float, sigma_w: float | None, sigma_b: float, depth: int | None, **rest: Any) -> None:
        from actcli.analysis.profile import Network

        if sigma_b and sigma_w is None:
            raise UsageError("--sigma-b is for networks of a given --sigma-w", "give both")
        command(*args, network=Network(q, sigma_w, sigma_b, depth or 0), **rest)

    return _network_options(gathered)


def table_options(command: Callable[..., None]) -> Callable[..., None]:
    """How to read tables; the command gets them as one argument, `reading`."""

    @functools.wraps(command)
    def gathered(
        *args: Any,
        columns: tuple[str, ...],
        header: bool | None,
        nulls: tuple[str, ...],
        input_format: str | None,
        on_error: str,
        threads: int | None,
        **rest: Any,
    ) -> None:
        from actcli.tables.options import ReadOptions

        if threads is not None:  # polars reads it once, when it is imported
            os.environ["POLARS_MAX_THREADS"] = str(threads)
        reading = ReadOptions(
            format=input_format, header=header, nulls=nulls, columns=columns, on_error=on_error, threads=threads
        )
        command(*args, reading=reading, **rest)

    return _table_options(gathered)


def outputs_options(
    formats: Sequence[str] = FORMATS, *, figures: bool = False, reports: bool = False, default: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Where results go, in one of the formats each, and reports if the command has one; it gets them as `outputs`."""
    report_option = click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FILE",
        shell_complete=completer("files"),
        help="Write also a report to read: .html, or .md with its figures beside it.",
    )
    options: Callable[[Callable[..., None]], Callable[..., None]] = stack(
        click.option(
            "-f",
            "--format",
            type=click.Choice(formats),
            help="Format of standard output, or of a file whose name says none; "
            f"by default {'a chart' if default else 'a table on a terminal, CSV in a pipe'}.",
        ),
        click.option(
            "-o",
            "--output",
            "files",
            multiple=True,
            metavar="FILE",
            shell_complete=completer("files"),
            help="Write to FILE instead of standard output (repeatable). All are written whole, or none is.",
        ),
        *([report_option] if reports else []),
        click.option(
            "--digits",
            type=click.IntRange(1, 17),
            metavar="COUNT",
            default=6,
            show_default=True,
            help="Significant digits in tables.",
        ),
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def gathered(*args: Any, format: str | None, files: tuple[str, ...], digits: int, **rest: Any) -> None:
            from actcli.output.outputs import FIGURES, Outputs

            outputs = Outputs.of(
                format,
                files,
                (*formats, *(FIGURES if figures else ())),
                default=default,
                reports=rest.pop("reports") if reports else None,
                digits=digits,
                command=shlex.join(["actcli", *click.get_current_context().find_root().obj]),
            )
            command(*args, outputs=outputs, **rest)

        return options(gathered)

    return decorate
