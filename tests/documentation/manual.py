"""The manual pages, generated from the command tree and the registry."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import click
from documentation import markdown, roff
from support.program import commands

from actcli import __version__
from actcli.activation import Activation, Function
from actcli.cli.groups import OWN, groups
from actcli.cli.main import INTERRUPTED, PIPE_CLOSED, cli
from actcli.cli.messages import GATE_FAILED
from actcli.diagnosis.records import Layer, Neuron
from actcli.measuring.measures import measures
from actcli.output.sheets import endings
from actcli.registry.collection import ACTIVATIONS
from actcli.reports.catalogue import dialect_text
from actcli.reports.profiles import interval
from actcli.tables.format import COMPRESSED, formats, suffixes
from actcli.text import shown

CATALOGUE = "actcli-functions"
SECTIONS = (
    "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "INPUT", "OUTPUT", "MEASURES",
    "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO",
)  # fmt: skip
EXIT_STATUS = {
    0: "Success.",
    1: "Bad data, or a run that failed.",
    2: "Wrong usage.",
    GATE_FAILED: "A gate failed: a layer is beyond the limit given by one of the --max or --min options.",
    INTERRUPTED: "Interrupted.",
    PIPE_CLOSED: "Standard output was closed before all output was written.",
    143: "Terminated by SIGTERM; 129 by SIGHUP.",
}
ENVIRONMENT = {
    "ACTCLI_DEBUG": "If 1, show the Python traceback of an error.",
    "COLUMNS": "Width of tables and charts in characters; by default that of the terminal.",
    "LINES": "Height of charts in lines; by default that of the terminal.",
    "NO_COLOR": "If set and not empty, use no colours.",
    "SOURCE_DATE_EPOCH": "The date of a report, in seconds since 1970; by default now.",
    "TERM": "If dumb, use no colours.",
    "TMPDIR": "Folder for input that is read whole from a pipe, such as Parquet.",
    "XDG_CONFIG_HOME": "Folder of actcli/functions.toml, your own definitions; by default ~/.config.",
}
NEEDED_BY = {"SOURCE_DATE_EPOCH": "reports", "TMPDIR": "columns", "XDG_CONFIG_HOME": "definitions"}  # parameters
WORDS = """INPUT is numbers or files. A word that reads as a number, finite or infinite, is one: -1, -1e-3 and -inf need
no -- before them. Anything else names a file, a folder or a glob, and - is standard input. Without INPUT, standard
input is read if it is a pipe or a file."""
TABLES = """A folder is one table: the part files below it, all in one format, joined in natural order; names that
begin with . or _ are left out. A glob in quotes is one table too; if it matches folders, each of them is one. All parts
have the same columns. A folder such as step=100 is a label: --part step=100 selects the parts below it.

A table has samples as rows and neurons as columns. Its format is known by the name of the file, or else by its first
bytes; see FILES. In text, the first row names the columns if any of its cells is not a number. An empty cell is a
missing value: measures leave it out and count it, filters pass it on.

Any other cell that is not a number is an error that names the file, line and column, and so is a row with too few or
too many cells. Leave out other columns, such as labels or step numbers, with --columns; a filter passes them on
unchanged. Blanks around numbers, quotes, CRLF, a byte-order mark and a missing final line break are allowed.

The layout of a text is guessed from its first lines, and each guess is reported on standard error with the option that
overrides it: a first row that counts the columns is a header (--no-header); tabs, semicolons, bars or blanks separate
the cells if commas do not (--separator); numbers have decimal commas (--decimal); if the first line begins with #, such
lines are comments (--comment), and the last one before the first row may name the columns; the row names that pandas
and R write, and an empty column after a trailing separator, are left out (-c '*' keeps them). If the first lines are
ambiguous, that is an error. Columns without names are called 0, 1 and so on.

In an array the first axis is the inputs, and --axis the neurons: by default axis 1, the channels, for feature maps of
four or more axes, else the last. Each position is a row, but certainty is based on the number of inputs. A column of
lists in Parquet or Arrow has as many neurons as its lists are long.

A table may have 100,000 columns, a line of text 64 MB, and a JSON value 64 levels. More than 64 MB of blank lines, or
100,000 comments before the first row, is an error."""
NO_INPUT = "This command reads no input."
OUTPUT = """Results go to standard output or to the file that --output names; warnings, progress and errors go to
standard error. The format is set by --format, or else by the name of the file; by default it is a table on a terminal
and CSV elsewhere. File endings: {endings}.

Text formats carry every digit of a number; a table shows --digits of them. NaN and infinity, which JSON lacks, are
written to it as the strings "NaN", "Infinity" and "-Infinity"."""
MEANINGS = {
    "saturation": "For the meaning of columns see actcli schema layers, neurons and regions; for the fields of JSON, "
    "actcli schema saturation.",
    "compare": "For the meaning of columns and fields see actcli schema compare.",
    "fit": "For the meaning of columns and fields see actcli schema fit.",
    "trend": "For the meaning of columns and fields see actcli schema trend.",
}
FIGURE = """The chart goes to standard output, or the figure to the file that --output names, in the format of its
name. The same command writes the same bytes."""
TEXT_ONLY = "The result goes to standard output."
PROGRAM = {
    "INPUT": "The page of each command describes its input.",
    "OUTPUT": "Results go to standard output; warnings, progress and errors go to standard error.",
}
FILES = """An output file appears, or is replaced, only when it is complete; until then its content is in a temporary
file beside it, whose name begins with .actcli-."""

KINDS = {
    "elementwise": "ELEMENTWISE FUNCTIONS",
    "rowwise": "ROWWISE FUNCTIONS",
    "gated": "GATED FUNCTIONS",
}
SAMPLE = (-1.0, 0.0, 1.0, 2.0)

CATALOGUE_DESCRIPTION = """FUNCTION on a command line is one of these names or aliases; case, - and _ do not matter. @
and a framework select the function of that name in the framework, with its defaults; parameters follow a colon.

An elementwise function maps each number, a rowwise one a row of numbers to a row, and a gated one the two halves of a
row to one half. f' of a rowwise or gated function is the derivative of each output with respect to its own input.

Formulas use the operators of Python; where(condition, a, b) is a if the condition holds, else b. A convention is the
value assigned to f' at a kink, where f has no derivative. Values are given at -1, 0, 1 and 2, for a rowwise or gated
function those of this row of four."""

Show = Callable[[str], str]


def pages(show: Show, date: str, group: click.Group = cli, sources: Sequence[Path] = ()) -> dict[str, str]:
    """The pages by file name: the program's, one a command, and the catalogue of functions.

    `show` gives what a command of the examples prints. Pages are ASCII, whatever the help holds. `date` is the
    release's, as a date of today would make them change from day to day.
    """
    root = click.Context(group, info_name="actcli", **group.context_settings)
    found = [click.Context(command, root, info_name=name) for name, command in sorted(commands(group).items())]
    contexts = [root, *(context for context in found if not context.command.hidden)]
    texts = {f"{_name(context)}.1": _page(context, contexts, show, date) for context in contexts}
    written = dict(_written(path.read_text(), date) for path in sources)
    return {**texts, f"{CATALOGUE}.7": catalogue(date), **written}


def _page(context: click.Context, contexts: list[click.Context], show: Show, date: str) -> str:
    sections = _sections(context, contexts, show)
    lines = _header(_name(context), 1, date)
    for title in sorted(sections, key=SECTIONS.index):
        lines += _section(title, sections[title])
    return "\n".join(lines) + "\n"


def _header(name: str, section: int, date: str) -> list[str]:
    # Words stay whole, the right edge ragged.
    title = f'.TH {roff.literal(name.upper())} {section} "{date}" "actcli {__version__}" "actcli manual"'
    return [title, ".nh", ".ad l"]


def _section(title: str, body: list[str], macro: str = ".SH") -> list[str]:
    return [f"{macro} {title}", *(body[1:] if body[0] == ".PP" else body)]


def _sections(context: click.Context, contexts: list[click.Context], show: Show) -> dict[str, list[str]]:
    """The lines of each section that has any."""
    command, is_program = context.command, context.parent is None
    usage = " ".join(command.collect_usage_pieces(context))
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    records = dict(record for option in options if (record := option.get_help_record(context)))
    gated = is_program or any("--max-" in names for names in records)
    statuses = {str(status): text for status, text in EXIT_STATUS.items() if gated or status != GATE_FAILED}
    summaries = {str(other.info_name): f"{_summary(other)}." for other in contexts[1:]}
    others = [f"{roff.bold(_name(other))}(1)" for other in contexts if other is not context]
    references = [*others, f"{roff.bold(CATALOGUE)}(7)"]
    description = [line for paragraph in _paragraphs(command.help) for line in _block(*paragraph)]
    if not is_program and "FUNCTION" in usage:
        description += [".PP", f"See {others[0]} for FUNCTION, {references[-1]} for all of them."]
    sections = {
        "NAME": [f"{roff.literal(_name(context))} \\-", *roff.filled(_summary(context))],
        "SYNOPSIS": [f"{roff.bold(context.command_path)} {roff.signature(usage)}"],
        "DESCRIPTION": description,
        "COMMANDS": roff.items(roff.bold, summaries.items()) if is_program else [],
        "OPTIONS": _options(command, context),
        "INPUT": _input(command) if not is_program else roff.paragraph(PROGRAM["INPUT"]),
        "OUTPUT": _output(command) if not is_program else roff.paragraph(PROGRAM["OUTPUT"]),
        "MEASURES": _measures() if command.name == "saturation" else [],
        "EXIT STATUS": roff.items(roff.bold, statuses.items()),
        "ENVIRONMENT": roff.items(roff.bold, _environment(command, options, is_program).items()),
        "FILES": _files(command),
        "SEE ALSO": ",\n".join(references).split("\n"),
    }
    for title, lines in _epilog(command.epilog, show):
        sections.setdefault(title, []).extend(lines)
    return {title: lines for title, lines in sections.items() if lines}


def _options(command: click.Command, context: click.Context) -> list[str]:
    """In their groups, where there are several."""
    lines: list[str] = []
    for group, records in groups(command, context).items():
        lines += [f".SS {group}"] * (group != OWN) + roff.items(roff.signature, records)
    return lines


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _summary(context: click.Context) -> str:
    return context.command.get_short_help_str(limit=1000).rstrip(".")


def _environment(command: click.Command, options: list[click.Option], is_program: bool) -> dict[str, str]:
    """The variables that this command looks at, and those that stand for options."""
    names = _parameters(command)
    general = {
        variable: text
        for variable, text in ENVIRONMENT.items()
        if is_program or variable not in NEEDED_BY or NEEDED_BY[variable] in names
    }
    return general | {
        variable: f"Files for {option.opts[-1]}, separated by colons, if that is not given."
        for option in options
        for variable in ([option.envvar] if isinstance(option.envvar, str) else option.envvar or ())
    }


def _parameters(command: click.Command) -> set[str]:
    return {parameter.name or "" for parameter in command.params}


def _input(command: click.Command) -> list[str]:
    names, lines = _parameters(command), []
    if any(isinstance(parameter, click.Argument) and parameter.name == "inputs" for parameter in command.params):
        lines += roff.paragraph(WORDS)
    if "columns" in names:
        lines += _text(TABLES)
    return lines or roff.paragraph(NO_INPUT)


def _output(command: click.Command) -> list[str]:
    names = _parameters(command)
    if "format" not in names:
        return _text(FIGURE if "output" in names else TEXT_ONLY)
    (choices,) = (parameter.type for parameter in command.params if parameter.name == "format")
    known = choices.choices if isinstance(choices, click.Choice) else ()
    text = OUTPUT.format(endings=", ".join(endings(known)))
    return _text("\n\n".join(filter(None, (text, MEANINGS.get(command.name or "")))))


def _measures() -> list[str]:
    """Every measure of layers and neurons, from where it is declared."""
    found = {**measures(Layer), **measures(Neuron)}
    return roff.items(roff.bold, ((name, f"{measure.meaning}.") for name, measure in found.items()))


def _files(command: click.Command) -> list[str]:
    lines = roff.paragraph(FILES)
    if "columns" in _parameters(command):
        layers = {format.name: f": {format.layers}" for format in formats() if format.layers}
        items = {
            " ".join(suffix for suffix, _ in group): f"Read as {name}{layers.get(name, '')}."
            for name, group in groupby(suffixes("open").items(), key=lambda item: item[1])
        }
        items[" ".join(COMPRESSED)] = "After the name of a text format: compressed."
        lines += roff.items(roff.bold, items.items())
    return lines


def _text(text: str) -> list[str]:
    return [line for part in text.split("\n\n") for line in roff.paragraph(part)]


def _epilog(text: str | None, show: Show) -> Iterator[tuple[str, list[str]]]:
    """An epilog by sections: a literal block titled `Examples:` is one, what has no title is description."""
    for is_literal, paragraph in _paragraphs(text):
        title, _, rest = paragraph.partition("\n")
        if is_literal and re.fullmatch("[A-Z][a-z ]+:", title):
            section = title[:-1].upper()
            if section.startswith("EXAMPLE"):
                for example in textwrap.dedent(rest).splitlines():
                    yield "EXAMPLES", roff.block(f"$ {example}\n{show(example)}", indent=4)
            else:
                yield section, roff.block(textwrap.dedent(rest))
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
    return roff.block(text) if is_literal else roff.paragraph(text)


@cache
def catalogue(date: str) -> str:
    """The page of all functions."""
    lines = _header(CATALOGUE, 7, date)
    lines += _section("NAME", [f"{roff.literal(CATALOGUE)} \\-", "the built-in functions"])
    lines += _section("DESCRIPTION", _text(CATALOGUE_DESCRIPTION))
    for kind, title in KINDS.items():
        lines += [f".SH {title}"]
        for activation in ACTIVATIONS:
            if activation.kind == kind:
                lines += _section(roff.literal(activation.name), _entry(activation), ".SS")
    lines += _section("SEE ALSO", [f"{roff.bold('actcli')}(1),", f"{roff.bold('actcli-show')}(1)"])
    return "\n".join(lines) + "\n"


@cache
def _written(text: str, date: str) -> tuple[str, str]:
    """A page that is written as Markdown, whose title is its name and summary."""
    name, _, summary = text.partition("\n")[0].removeprefix("# ").partition(": ")
    lines = _header(name, 7, date)
    lines += _section("NAME", [f"{roff.literal(name)} \\-", *roff.filled(summary)])
    lines += markdown.body(text)
    lines += _section("SEE ALSO", [f"{roff.bold('actcli')}(1),", f"{roff.bold(CATALOGUE)}(7)"])
    return f"{name}.7", "\n".join(lines) + "\n"


def _entry(activation: Activation) -> list[str]:
    """All that is declared of a function, and some of its values."""
    function = activation.bind()
    texts = [
        ("aliases", ", ".join(activation.aliases)),
        ("f(x)", activation.formula),
        ("f'(x)", activation.derivative),
        *((f"parameter {p.name}", f"{p.meaning}; in {p.domain}, by default {p.default!r}")
          for p in activation.parameters),
        ("constraint", activation.constraint[0] if activation.constraint else ""),
        ("range", interval(function.range, 6) if function.range else ""),
        ("convention", activation.convention),
        *_values(function),
        ("source", activation.source),
        *((f"@{dialect.framework}", dialect_text(dialect)) for dialect in activation.dialects),
    ]  # fmt: skip
    return roff.items(roff.bold, [(tag, text) for tag, text in texts if text], mark=roff.literal)


def _values(function: Function) -> Iterator[tuple[str, str]]:
    for name, kernel in (("values of f", function.f), ("values of f'", function.df)):
        yield name, ", ".join(shown(value, 6) for value in kernel(SAMPLE).tolist())
