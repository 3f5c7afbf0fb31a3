"""Arguments and options that several commands share: FUNCTION and INPUT, options for tables and output."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

import click
from click.core import ParameterSource

from actcli.cli.groups import INPUT, LOOKS, MEASURED, NETWORK, OUTPUT, OWN, grouped, stack
from actcli.cli.types import FamilyType, FiniteRange, FunctionType, PairType, SpanType
from actcli.errors import UsageError
from actcli.output.outputs import FIGURES, Outputs
from actcli.output.places import check_inputs
from actcli.output.sheets import output_formats
from actcli.reports.look import Legend, Look, Theme
from actcli.tables.format import Form, Use, names
from actcli.text import encodable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from actcli.activation import Function
    from actcli.analysis.profile import Network
    from actcli.tables.options import ReadOptions

F = TypeVar("F", bound=Callable[..., Any])


def _together(ctx: click.Context, param: click.Parameter, families: Sequence[Sequence[Function]]) -> list[Function]:
    return [function for family in families for function in family]


def completer(name: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]:
    """The function of this name in `completers`, which is imported only when a shell asks."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from actcli.cli import completers

        found: list[CompletionItem[str]] = getattr(completers, name)(ctx, incomplete)
        return found

    return complete


def gather(name: str, record: Callable[..., object], *options: Callable[[F], F], group: str = OWN) -> Callable[[F], F]:
    """Options of a group whose values reach the command as one argument of this name, made of them by `record`."""
    own = [name for name, one in inspect.signature(record).parameters.items() if one.default is one.empty]

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def call(*args: object, **values: object) -> None:
            gathered = record(**{option: values.pop(option) for option in own})
            command(*args, **{name: gathered}, **values)

        return grouped(group, *options)(cast(F, call))

    return decorate


_DEFINITIONS = "actcli.definitions"  # the key of a context for the files of --functions


def option(
    words: str,
    help: str,
    type: click.ParamType[Any] | Collection[str] | None = None,
    default: object = None,
    *,
    shown: bool | str = True,
    many: bool = False,
    required: bool = False,
    complete: str | None = None,
) -> Callable[[F], F]:
    """An option from words such as `-o --output files FILE`: flags, name of the argument, name of the value. The last
    two are left out if click chooses well. `type` is a type, or the values to choose from.

    `shown` is shown instead of the default. `many` allows several, and `complete` names the completer.
    """
    *names, last = words.split()
    named = last[0].isupper()
    # click would count a default of None as a value, so that nothing required would be missing
    known: dict[str, Any] = {} if default is None else {"default": default, "show_default": shown}
    return click.option(
        *(names if named else words.split()),
        metavar=last if named else None,
        help=help,
        type=type if type is None or isinstance(type, click.ParamType) else click.Choice(type),
        multiple=many,
        required=required,
        shell_complete=completer(complete) if complete else None,
        **known,
    )


def _use(ctx: click.Context, param: click.Parameter, paths: Sequence[str]) -> None:
    if ctx.get_parameter_source("definitions") is ParameterSource.ENVIRONMENT:
        paths = [path for path in paths if path]  # empty after a separator too many
    if paths or not ctx.resilient_parsing:  # completing other words needs no registry
        from actcli.registry import additions

        ctx.meta[_DEFINITIONS] = paths
        additions.use(paths)
        ctx.call_on_close(lambda: additions.use(()))


functions_file_option = click.option(
    "--functions",
    "definitions",
    multiple=True,
    type=click.Path(),  # so that click splits the environment variable like PATH
    metavar="FILE",
    envvar="ACTCLI_FUNCTIONS",
    is_eager=True,  # parsed before FUNCTION is looked up
    expose_value=False,
    callback=_use,
    help="Add named definitions from a TOML file (repeatable).",
)
_functions = completer("functions")
_families = functools.partial(
    click.argument, metavar="FUNCTION...", type=FamilyType(), nargs=-1, required=True, shell_complete=_functions
)
function_argument = stack(
    click.argument("function", metavar="FUNCTION", type=FunctionType(), shell_complete=_functions),
    functions_file_option,
)
families_argument = stack(_families("families"), functions_file_option)
functions_argument = stack(_families("functions", callback=_together), functions_file_option)
inputs_argument = click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=completer("files"))
range_option = grouped(
    INPUT,
    option("--range span START:STOP[:STEP]", "Evaluate from START to STOP in steps of STEP (default: 1).", SpanType()),
)
append_option = grouped(OUTPUT, click.option("--append", is_flag=True, help="Append the results to the input columns."))


def inputs_option(help: str) -> Callable[[F], F]:
    """The option for tables of a command whose arguments are functions."""
    return grouped(INPUT, option("-i --input inputs FILE", help, many=True, complete="files"))


epsilon_option = grouped(
    MEASURED,
    option("--epsilon NUMBER", "Count |f'(x)| below this as vanishing.", FiniteRange(0, min_open=True), 1e-3),
)


def _look(style: Theme, font: str, legend: Legend, settings: Sequence[tuple[str, str]], math: bool) -> Look:
    return Look(style, font, legend, tuple(settings), math)


# The look of figures, as `look`.
look_options = gather(
    "look",
    _look,
    option("--style", "Choose the colours of figures.", get_args(Theme), "light"),
    option("--font FAMILY", "Use this font family in figures.", default="", shown=False),
    option("--legend", "Choose where figures have their legends.", get_args(Legend), "outside"),
    option("--rc settings KEY=VALUE", "Set a matplotlib parameter for figures (repeatable).", PairType(), many=True),
    click.option("--math", is_flag=True, help="Typeset $...$ in figures as mathematics."),
    group=LOOKS,
)


def _reading(
    columns: tuple[str, ...],
    header: bool | None,
    separator: str | None,
    decimal: str | None,
    comment: str | None,
    nulls: tuple[str, ...],
    input_format: str | None,
    axis: int | None,
    on_error: str,
    threads: int | None,
    parts: tuple[tuple[str, str], ...],
    order: Literal["given", "natural"] | None,
) -> ReadOptions:
    from actcli.tables.options import ReadOptions

    if odd := next((null for null in nulls if encodable(null) != null), None):
        raise UsageError(f"--null {odd!r}: not UTF-8", "no cell of a text file can match it")
    if separator is not None:
        from actcli.tables.layout import separator_of

        separator = separator_of(separator)
    if comment and ("\n" in comment or encodable(comment) != comment):
        raise UsageError(f"--comment {comment!r}: no line can begin with that", "give for example '#' or '//'")
    if threads is not None:  # polars reads the variable once, on import
        os.environ["POLARS_MAX_THREADS"] = str(threads)
    return ReadOptions(
        format=input_format, header=header, separator=separator, decimal=decimal, comment=comment, nulls=nulls,
        columns=columns, axis=axis, on_error=on_error, threads=threads, order=order, parts=parts,
    )  # fmt: skip


_table_options = (
    option(
        "-c --columns LIST",
        "Use these columns: names, #1, a:b, globs h*; !NAME excludes.",
        many=True,
        complete="columns",
    ),
    click.option(
        "--header/--no-header", default=None, help="Read the first row as names, or as data (default: guess)."
    ),
    option("--separator CHAR", "Split cells at this character, tab or blanks (default: guess).", complete="separators"),
    option("--decimal", "Read numbers with this decimal mark (default: guess).", [".", ","]),
    option("--comment TEXT", "Skip lines that begin with this (default: guess #)."),
    option("--null nulls TEXT", "Treat this text as a missing value (repeatable).", many=True),
    option("--input-format", "Read inputs in this format, whatever their names.", names("open")),
    option("--axis NUMBER", "Treat this array axis as the neurons (default: channels).", click.INT),
    option("--on-error", "Stop at an unreadable row, or skip and count it.", ["stop", "skip"], "stop"),
    option("--part parts NAME=VALUE", "Read only parts below a folder NAME=VALUE (repeatable).", PairType(), many=True),
    option("--threads COUNT", "Read tables on this many threads (default: up to 5).", click.IntRange(1, 256)),
)
# How to read tables, as `reading`; the second set is for the layers of one network, whose order matters.
table_options = gather("reading", functools.partial(_reading, order="given"), *_table_options, group=INPUT)
layer_table_options = gather(
    "reading",
    _reading,
    *_table_options,
    option("--order", "Keep the order given, or sort by number (default: guess).", ["given", "natural"]),
    group=INPUT,
)


def _network(q: float, sigma_w: float | None, sigma_b: float, depth: int | None) -> Network:
    from actcli.analysis.profile import Network

    if sigma_b and sigma_w is None:
        raise UsageError("--sigma-b needs --sigma-w", "give both")
    return Network(q, sigma_w, sigma_b, depth or 0)


# The assumed network at initialisation, as `network`.
network_options = gather(
    "network",
    _network,
    option("--q NUMBER", "Average over z ~ N(0, q).", FiniteRange(0, min_open=True), 1.0),
    option(
        "--sigma-w NUMBER",
        "Give weights the variance sigma_w^2 / fan_in (default: He gain).",
        FiniteRange(0, 1e100, min_open=True),
    ),
    option("--sigma-b NUMBER", "Give biases the variance sigma_b^2 (needs --sigma-w).", FiniteRange(0, 1e100), 0.0),
    option("--depth COUNT", "Follow a gradient's variance through this many layers.", click.IntRange(1, 10_000)),
    group=NETWORK,
)


_WRITTEN = {"files", "reports", "saves"}  # the arguments that name files to write


def _keep_inputs(context: click.Context, outputs: Outputs, *, filters: bool) -> None:
    """Raise UsageError if an output would overwrite an input; only a filter may replace its own table."""
    values = {name: value for name, value in context.params.items() if name not in _WRITTEN}
    inputs = (values.pop("inputs") or ("-",)) if "inputs" in values else ()
    others = [*context.meta.get(_DEFINITIONS, ()), *_texts(values.values())]
    written = [*outputs.files, *context.params.get("saves", ())]
    given = [path for path in inputs if isinstance(path, str)]
    datasets = [path for path in given if not os.path.isfile(path)]
    if written:
        check_inputs(written, others if filters else [*others, *_texts(inputs)], datasets)
    if outputs.prints:
        check_inputs([None], [*others, *_texts(inputs)])


def _texts(values: Iterable[object]) -> Iterator[str]:
    """Everything that may be a path in the values of arguments: each text, and the part after its `=`."""
    for value in values:
        if isinstance(value, str):
            yield value
            yield value.partition("=")[2]
        elif isinstance(value, tuple):
            yield from _texts(value)


def outputs_options(
    use: Use = "rows",
    *,
    figures: bool = False,
    reports: bool = False,
    default: str | None = None,
    folders: bool = False,
) -> Callable[[F], F]:
    """Options for where results go, in formats for this use, and for reports if the command has them, as `outputs`."""
    formats = output_formats(use)
    options = [
        option("-f --format", "Use this format unless the name of a file says another.", formats),
        option(
            "-o --output files FILE", "Write to FILE, whole or not at all (repeatable).", many=True, complete="files"
        ),
        option("--report reports FILE", "Also write a report, .html or .md (repeatable).", many=True, complete="files"),
        option("--digits COUNT", "Show this many significant digits in tables.", click.IntRange(1, 17), 6),
        click.option("--no-header-out", is_flag=True, help="Omit the column names from CSV and TSV."),
    ]
    known = (*formats, *(FIGURES if figures else ()))

    def outputs(format: str | None, files: Sequence[str], digits: int, no_header_out: bool) -> Outputs:
        return reporting(format, files, digits, no_header_out, None)

    def reporting(
        format: str | None, files: Sequence[str], digits: int, no_header_out: bool, reports: Sequence[str] | None
    ) -> Outputs:
        context = click.get_current_context()
        words = encodable(shlex.join(["actcli", *context.find_root().obj]))
        form = Form(digits, not no_header_out)
        outputs = Outputs.of(
            format, files, known, default=default, reports=reports, form=form, command=words, folders=folders
        )  # fmt: skip
        _keep_inputs(context, outputs, filters=use == "frames")
        return outputs

    if reports:
        return gather("outputs", reporting, *options, group=OUTPUT)
    return gather("outputs", outputs, *options[:2], *options[3:], group=OUTPUT)
