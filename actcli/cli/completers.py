"""Completions of words on the command line, found as fast as `eval` on numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import click
from click.shell_completion import CompletionItem

from actcli.errors import ActcliError
from actcli.registry import additions, dialects, specs
from actcli.tables.options import ReadOptions

if TYPE_CHECKING:
    Items: TypeAlias = list[CompletionItem[str]]  # not generic in the first versions of click 8.4


def functions(ctx: click.Context, typed: str) -> Items:
    """Complete a FUNCTION: names and aliases, after `@` the frameworks with that name, after `:` the parameters."""
    head, colon, settings = typed.partition(":")
    if colon:
        return list(_settings(head, settings))
    name, at, framework = head.partition("@")
    if at:
        return [
            CompletionItem(f"{name}@{known}")
            for known in dialects.frameworks()
            if known.startswith(framework.casefold()) and specs.known(f"{name}@{known}")
        ]
    return [
        CompletionItem(known, help=specs.get(known).activation.formula)
        for known in additions.names()
        if known.startswith(typed.casefold())
    ]


def parameters(ctx: click.Context, typed: str) -> Items:
    """Complete the name of a parameter of the function on the line."""
    for spec in filter(specs.known, _words(ctx)):
        known = specs.get(spec).activation.parameters
        return [
            CompletionItem(parameter.name, help=parameter.meaning)
            for parameter in known
            if parameter.name.startswith(typed)
        ]
    return []


def frameworks(ctx: click.Context, typed: str) -> Items:
    return [CompletionItem(framework) for framework in dialects.frameworks() if framework.startswith(typed.casefold())]


def schemas(ctx: click.Context, typed: str) -> Items:
    from actcli.reports.meanings import DOCUMENTS

    return [CompletionItem(name, help=text) for name, text in DOCUMENTS.items() if name.startswith(typed)]


def files(ctx: click.Context, typed: str) -> Items:
    """Complete a file name: the shell finds the files itself."""
    return [CompletionItem(typed, type="file")]


def separators(ctx: click.Context, typed: str) -> Items:
    from actcli.tables.layout import WORDS

    return [CompletionItem(word) for word in WORDS if word.isalpha() and word.startswith(typed)]


def columns(ctx: click.Context, typed: str) -> Items:
    """Complete the value of -c: a column of the first file on the line, also after `,`, `!` and the `:` of a range."""
    given = ctx.params.get
    options = ReadOptions(
        format=given("input_format"), header=given("header"), separator=given("separator"), decimal=given("decimal"),
        comment=given("comment"),
    )  # fmt: skip
    names = _header(_words(ctx), options)
    start = typed[: typed.rfind(",") + 1]
    start += "!" if typed.startswith("!", len(start)) else ""
    begun = [start]
    if ":" in typed[len(start) :]:
        begun.append(typed[: typed.rindex(":") + 1])
    return [
        CompletionItem(before + name, open=True)
        for before in begun
        for name in names
        if (before + name).startswith(typed)
    ]


def _words(ctx: click.Context) -> list[str]:
    """The words of the line after the command's name; `_Shell` in `shells` has put the line in the context."""
    words: list[str] = ctx.find_root().obj
    return words[2:]


def _settings(head: str, typed: str) -> Iterator[CompletionItem[str]]:
    """The parameters not given yet, each with its default, in the dialect of the framework if one is named."""
    if not specs.known(head):
        return
    function = specs.get(head)
    *given, last = typed.split(",")
    start = f"{head}:{typed[: len(typed) - len(last)]}"
    for parameter in function.activation.parameters:
        default = f"{parameter.name}={function.parameters[parameter.name]!r}"
        if default.startswith(last) and not any(item.startswith(f"{parameter.name}=") for item in given):
            yield CompletionItem(start + default, help=f"{parameter.meaning}; in {parameter.domain}", open=True)


def _header(words: Sequence[str], options: ReadOptions) -> tuple[str, ...]:
    from actcli.tables.format import named
    from actcli.tables.open import open_tables
    from actcli.tables.source import open_source

    path = next(filter(os.path.isfile, words), None)
    if path is None:
        return ()
    try:
        format = named(options.format) if options.format else open_source(path).format()
        if format.slow_to_open:  # nobody waits that long for TAB
            return ()
        return open_tables([path], options)[0].columns
    except ActcliError:
        return ()
