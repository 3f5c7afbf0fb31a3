"""What several commands share: FUNCTION and INPUT arguments, options for tables and output."""

from __future__ import annotations

import functools
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import click

from actcli.cli.lookup import functions_file_option
from actcli.cli.notes import tell
from actcli.cli.words import FamilyType, FiniteRange, FunctionType, SpanType, is_number, unmarked
from actcli.errors import UsageError
from actcli.output.sheets import output_formats
from actcli.tables.format import Use, names

if TYPE_CHECKING:
    from decimal import Decimal

    from actcli.activation import Function
    from actcli.tables.options import ReadOptions
    from actcli.tables.table import Skipped, Table

F = TypeVar("F", bound=Callable[..., Any])


def _together(ctx: click.Context, param: click.Parameter, families: Sequence[Sequence[Function]]) -> list[Function]:
    return [function for family in families for function in family]


def completer(name: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """The function of `completers` of this name, whose module is imported when a shell asks."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from actcli.cli import completers

        found: list[Any] = getattr(completers, name)(ctx, incomplete)
        return found

    return complete


def stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


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
        type=click.Choice(names("open")),
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


class Destination(NamedTuple):
    """Where results go and how they look."""

    format: str | None
    output: str | None
    digits: int


def format_option(formats: Sequence[str]) -> Callable[[F], F]:
    return click.option(
        "-f",
        "--format",
        type=click.Choice(formats),
        help="Output format; by default the output's name says it, else a table on a terminal and CSV in a pipe.",
    )


digits_option = click.option(
    "--digits",
    type=click.IntRange(1, 17),
    metavar="COUNT",
    default=6,
    show_default=True,
    help="Significant digits in tables.",
)


def output_options(use: Use = "rows") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Where results go and how they look, in a format of this use; the command gets them as `destination`."""
    options: Callable[[Callable[..., None]], Callable[..., None]] = stack(
        format_option(output_formats(use)),
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            shell_complete=completer("files"),
            help="Write to FILE, whole or not at all.",
        ),
        digits_option,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def gathered(*args: Any, format: str | None, output: str | None, digits: int, **rest: Any) -> None:
            command(*args, destination=Destination(format, output, digits), **rest)

        return options(gathered)

    return decorate


def numbers_and_paths(inputs: Sequence[str], *, required: bool) -> tuple[list[float], list[str]]:
    """The INPUT arguments as numbers, or as paths, "-" for standard input where there are none and it has data."""
    tokens = [unmarked(token) for token in inputs]
    if not tokens:
        return [], ["-"] if _standard_input(required) else []
    numbers = [is_number(token) for token in tokens]
    if all(numbers):
        return [float(token) for token in tokens], []
    if any(numbers):
        number, path = tokens[numbers.index(True)], tokens[numbers.index(False)]
        raise UsageError(
            f"inputs are numbers or files, not both: {number} and {path}",
            f"a file whose name is a number is written ./{number}",
        )
    return [], tokens


def _standard_input(required: bool) -> bool:
    """Whether standard input is a pipe or a file, and not empty where it need not be there."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # closed, or not a real file
        return False
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return False
    return required or bool(cast(io.BufferedReader, sys.stdin.buffer).peek(1))


def span_numbers(span: tuple[Decimal, ...]) -> Iterator[float]:
    """START, START + STEP, ... up to STOP, each the double nearest to the exact decimal."""
    from decimal import Decimal

    start, stop = span[:2]
    step = span[2] if len(span) == 3 else Decimal(1 if stop >= start else -1)
    if step == 0 or (stop - start) / step < 0:
        raise UsageError(f"--range: a step of {step} does not lead from {start} to {stop}", "turn its sign")
    for i in range(int((stop - start) / step) + 1):
        yield float(start + i * step)


def tell_skipped(skipped: Skipped | None) -> None:
    """Say on standard error how many rows of a table were left out, and why the first of them."""
    if skipped:
        tell(f"{skipped.count} row{'s' * (skipped.count > 1)} left out, such as {skipped.first.message}")


def open_layers(paths: Sequence[str], options: ReadOptions) -> list[Table]:
    from actcli.tables.open import open_tables

    return open_tables(paths, options)
