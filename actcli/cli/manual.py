"""The manual pages, generated from the command tree: `python -m actcli.cli.manual [DIRECTORY]` writes them."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from actcli import __version__
from actcli.cli import INTERRUPTED, PIPE_CLOSED, cli
from actcli.cli.saturation import GATE_FAILED

SECTIONS = (
    "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "INPUT", "OUTPUT",
    "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO",
)  # fmt: skip
EXIT_STATUS = {
    0: "Done.",
    1: "Bad data, or a run that failed.",
    2: "Wrong usage.",
    GATE_FAILED: "A gate failed: a layer is above the limit given by one of the --max options.",
    INTERRUPTED: "Interrupted.",
    PIPE_CLOSED: "Standard output was closed before all was written.",
}
ENVIRONMENT = {
    "ACTCLI_DEBUG": "If it is 1, an error shows its Python traceback.",
    "COLUMNS": "The width of tables, in characters; by default that of the terminal.",
    "NO_COLOR": "If it is set and not empty, nothing is coloured.",
    "TERM": "If it is dumb, nothing is coloured.",
}
SOURCE_WIDTH = 60  # escapes lengthen a line, and mandoc wants at most 80 bytes

_OPTION_OR_HYPHEN = re.compile(r"((?<![\w-])--?[A-Za-z][\w-]*|(?<=\w)-(?=[A-Za-z]))")
_OPTION_OR_VALUE = re.compile(r"(--?[A-Za-z][\w-]*|[A-Z]+(?: [A-Z]+)*)")
_ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def pages(group: click.Group = cli) -> dict[str, str]:
    """The pages by file name: the program's, and one a command. They are ASCII, whatever the help holds."""
    root = click.Context(group, info_name="actcli", **group.context_settings)
    commands = [click.Context(group.commands[name], root, info_name=name) for name in sorted(group.commands)]
    contexts = [root, *(context for context in commands if not context.command.hidden)]
    return {f"{_name(context)}.1": _page(context, contexts) for context in contexts}


def write(directory: Path) -> None:
    """Write the pages, and remove those of commands that are no more."""
    texts = pages()
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("actcli*.1"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="ascii", newline="\n")


def _page(context: click.Context, contexts: list[click.Context]) -> str:
    sections = _sections(context, contexts)
    # No date, which would make the pages change from day to day. Words stay whole, the right edge ragged.
    header = f'.TH {_literal(_name(context).upper())} 1 "" "actcli {__version__}" "actcli manual"'
    lines = [header, ".nh", ".ad l"]
    for title in sorted(sections, key=SECTIONS.index):
        body = sections[title]
        lines += [f".SH {title}", *(body[1:] if body[0] == ".PP" else body)]
    return "\n".join(lines) + "\n"


def _sections(context: click.Context, contexts: list[click.Context]) -> dict[str, list[str]]:
    """The lines of each section that has any."""
    command, is_program = context.command, context.parent is None
    usage = " ".join(command.collect_usage_pieces(context))
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    records = dict(record for option in options if (record := option.get_help_record(context)))
    gated = is_program or any("--max-" in names for names in records)
    statuses = {str(status): text for status, text in EXIT_STATUS.items() if gated or status != GATE_FAILED}
    summaries = {str(other.info_name): f"{_summary(other)}." for other in contexts[1:]}
    references = [f"{_bold(_name(other))}(1)" for other in contexts if other is not context]
    description = [line for paragraph in _paragraphs(command.help) for line in _block(*paragraph)]
    if not is_program and (words := re.findall("FUNCTION|INPUT", usage)):
        description += [".PP", f"See {references[0]} for {' and '.join(words)}."]
    sections = {
        "NAME": [f"{_literal(_name(context))} \\-", *_filled(_summary(context))],
        "SYNOPSIS": [f"{_bold(context.command_path)} {_signature(usage)}"],
        "DESCRIPTION": description,
        "COMMANDS": _items(_bold, summaries) if is_program else [],
        "OPTIONS": _items(_signature, records),
        "EXIT STATUS": _items(_bold, statuses),
        "ENVIRONMENT": _items(_bold, ENVIRONMENT),
        "SEE ALSO": ",\n".join(references).split("\n"),
    }
    for title, lines in _epilog(command.epilog):
        sections.setdefault(title, []).extend(lines)
    return {title: lines for title, lines in sections.items() if lines}


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _summary(context: click.Context) -> str:
    return context.command.get_short_help_str(limit=1000).rstrip(".")


def _epilog(text: str | None) -> Iterator[tuple[str, list[str]]]:
    """An epilog by sections: a literal block titled `Examples:` is one, what has no title is description."""
    for is_literal, paragraph in _paragraphs(text):
        title, _, rest = paragraph.partition("\n")
        if is_literal and re.fullmatch("[A-Z][a-z ]+:", title):
            section = title[:-1].upper()
            yield "EXAMPLES" if section == "EXAMPLE" else section, _block(True, textwrap.dedent(rest))
        else:
            yield "DESCRIPTION", _block(is_literal, paragraph)


def _paragraphs(text: str | None) -> Iterator[tuple[bool, str]]:
    """The paragraphs that click sees, and whether each is literal: begun by a line with a lone backspace."""
    for paragraph in re.split("\n{2,}", inspect.cleandoc(text or "").partition("\f")[0]):
        first, _, rest = paragraph.partition("\n")
        is_literal = first.strip() == "\b"
        if paragraph.strip():
            yield is_literal, rest if is_literal else paragraph


def _block(is_literal: bool, text: str) -> list[str]:
    if is_literal:
        return [".PP", ".nf", *(_guarded(_literal(line)) for line in text.splitlines()), ".fi"]
    return [".PP", *_filled(text)]


def _items(tags: Callable[[str], str], texts: Mapping[str, str]) -> list[str]:
    return [line for tag, text in texts.items() for line in (".TP", tags(tag), *_filled(text))]


def _filled(text: str) -> list[str]:
    """Text to fill, each sentence on a line of its own: to roff a sentence ends where a line does."""
    return [
        _guarded(_prose(line))
        for sentence in re.split(r"(?<=[.?!])\s+(?=[A-Z\[])", text.strip())
        for line in textwrap.wrap(sentence, SOURCE_WIDTH, break_long_words=False, break_on_hyphens=False)
    ]


def _guarded(line: str) -> str:
    # A dot that begins a line makes it a request; so would an apostrophe, but that is escaped everywhere.
    return "\\&" + line if line.startswith(".") else line


def _signature(text: str) -> str:
    """Options are bold, what stands for a value is italic."""
    return _marked(_OPTION_OR_VALUE, text, lambda word: _bold(word) if word[0] == "-" else f"\\fI{word}\\fR")


def _prose(text: str) -> str:
    """Options are bold; between letters a hyphen is a hyphen, elsewhere it is a minus."""
    return _marked(_OPTION_OR_HYPHEN, text, lambda word: word if word == "-" else _bold(word))


def _marked(pattern: re.Pattern[str], text: str, mark: Callable[[str], str]) -> str:
    return "".join(mark(part) if i % 2 else _literal(part) for i, part in enumerate(pattern.split(text)))


def _bold(text: str) -> str:
    return f"\\fB{_literal(text)}\\fR"


def _literal(text: str) -> str:
    """Text that prints as it is: roff would turn some ASCII marks into typographic ones."""
    return "".join(_ESCAPES.get(c) or (c if c.isascii() else f"\\[u{ord(c):04X}]") for c in text)


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default="man")
def main(directory: Path) -> None:
    """Write the manual pages of actcli into DIRECTORY, by default man."""
    write(directory)


if __name__ == "__main__":
    main()
