"""The layers in the INPUT arguments, and the notes about them on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from actcli.cli.groups import INPUT, grouped
from actcli.cli.inputs import numbers_and_paths
from actcli.cli.messages import note
from actcli.cli.options import gather, option
from actcli.cli.types import FunctionType, unmarked
from actcli.errors import UsageError
from actcli.text import counted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from actcli.activation import Function
    from actcli.measuring.choice import Choice
    from actcli.measuring.cluster import Cluster
    from actcli.measuring.layer import Input, PreActivations
    from actcli.numerics.histogram import Histogram
    from actcli.tables.options import ReadOptions

F = TypeVar("F", bound=Callable[..., Any])


class _PatternType(click.ParamType["tuple[str, Function]"]):
    """PATTERN=SPEC, split at the first `=`: a spec may contain more of them."""

    name = "pattern"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Function]:
        pattern, equals, spec = unmarked(value).partition("=")
        if not (pattern and equals and spec):
            raise UsageError(f"--function {value}: not PATTERN=FUNCTION", "for example --function 'fc*=gelu'")
        return pattern, FunctionType().convert(spec, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        pattern, equals, spec = incomplete.partition("=")
        if not equals:
            return [CompletionItem(f"{pattern or '*'}=", open=True)]
        found = FunctionType().shell_complete(ctx, param, spec)
        return [CompletionItem(f"{pattern}={item.value}", help=item.help) for item in found]


def _choice(own_functions: tuple[tuple[str, Function], ...], own_layers: tuple[str, ...]) -> Choice:
    from actcli.measuring.choice import Choice

    return Choice(own_functions, own_layers)


# Which layers to use, and the function of each, as `choice`.
layer_options = gather(
    "choice",
    _choice,
    option(
        "--function own_functions PATTERN=FUNCTION",
        "Use another function for layers of this name, a glob (repeatable).",
        _PatternType(),
        many=True,
    ),
    option("--layer own_layers PATTERN", "Use only layers of this name, a glob; !PATTERN excludes.", many=True),
    group=INPUT,
)


# Where to measure tables, as `dask`.
dask_option = grouped(INPUT, option("--dask ADDRESS", "Work on a Dask cluster, or on local[:N] processes here."))


@contextmanager
def on(address: str | None, without: str = "") -> Iterator[Cluster | None]:
    """Yield the Dask cluster at this address, None without an address. Raises UsageError if `without` names an input
    that no cluster can use."""
    if address is None:
        yield None
        return
    if without:
        raise UsageError(f"--dask is for folders and files, not for {without}", "leave it out")
    from actcli.measuring.cluster import connected

    with connected(address) as cluster:
        yield cluster


def layers(
    inputs: Sequence[str], function: Function, choice: Choice, options: ReadOptions, cluster: Cluster | None = None,
    *, required: bool = False,
) -> list[PreActivations]:  # fmt: skip
    """The layers in the inputs; none if there is no input. `required`: read standard input even if it is empty."""
    numbers, paths = numbers_and_paths(inputs, required=required)
    if paths:
        from actcli.measuring.files import file_layers
        from actcli.output.progress import watched

        return file_layers(paths, function, choice, options, watched, cluster)
    if cluster is not None:
        raise UsageError("--dask is for tables, and none are given", "give files or folders")
    functions = choice.of(["numbers"] if numbers else [], function)
    if not numbers:
        return []
    from actcli.measuring.layer import of_numbers

    return [of_numbers(numbers, functions["numbers"])]


def note_layers(inputs: Sequence[Input], doubts: Sequence[str]) -> None:
    """Note the guesses about each input, how many of its rows were left out, and doubts about the layers."""
    for read in inputs:
        for guess in read.notes:
            note(guess)
        if read.skipped:
            note(f"{counted(read.skipped, 'rows')} left out, such as {read.reason}")
    for doubt in doubts:
        note(doubt)


def distributions(inputs: Sequence[str], options: ReadOptions) -> list[tuple[str, Histogram]]:
    """The name of each table in the inputs, with the histogram of its finite values."""
    numbers, paths = numbers_and_paths(inputs, required=False)
    if not numbers and not paths:
        return []
    if numbers:
        import numpy as np

        from actcli.numerics.histogram import Histogram

        x = np.array(numbers)
        return [("numbers", Histogram.of(x, np.isfinite(x)))]
    from actcli.measuring.files import file_histograms
    from actcli.output.progress import watched

    found = file_histograms(paths, options, watched)
    note_layers([read for read, _ in found], ())
    return [(read.layer, histogram) for read, histogram in found]
