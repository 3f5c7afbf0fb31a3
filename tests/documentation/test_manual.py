"""The manual pages: fresh, clean and complete, and no word is lost between a help text and the page."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import click
import pytest
from documentation import manual
from documentation.build import MANUAL, help_examples, manual_pages, outputs_of_examples, write_pages
from hypothesis import given, settings
from hypothesis import strategies as st
from support.program import commands
from support.run import ROOT, needs
from support.sweep import number, part

from actcli.activation import Activation
from actcli.cli.main import cli
from actcli.registry.collection import ACTIVATIONS

# Commands whose examples take seconds.
SLOW = ("compare", "eval", "fit", "grad", "layers", "plot", "saturation", "show", "train", "trend")
PAGES = {path.name: path.read_text(encoding="ascii") for path in sorted(MANUAL.glob("man?/*"))}
COMMANDS: dict[str, click.Command] = {f"actcli-{name}.1": command for name, command in commands().items()}
COMMANDS["actcli.1"] = cli

words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


def groff(page: str, *options: str) -> str:
    """What groff prints for a page, on either stream."""
    command = ["groff", "-man", *options]
    return subprocess.run(
        command, input=page, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=True
    ).stdout


def rendered(page: str, device: str = "ascii") -> str:
    """A page as text without overstrikes; no warning may be among it."""
    assert groff(page, "-ww", "-z", f"-T{device}") == ""
    return groff(page, f"-T{device}", "-P-cbou")


def section(page: str, title: str) -> str:
    """The body of one section of a rendered page, its indentation removed."""
    found = re.search(rf"^{title}\n(.*?)(?=^\S)", page, re.MULTILINE | re.DOTALL)
    assert found, page
    return re.sub("^ {7}", "", found[1].rstrip(), flags=re.MULTILINE)


def squeezed(text: str) -> str:
    """Text without its blanks, which filling may change."""
    return "".join(text.split())


def page_of(
    help: str = "Help.", epilog: str | None = None, option_help: str = "An option.", printed: str = "printed"
) -> str:
    """The page of a command made up of these texts."""
    option = click.Option(["-x", "--ex-option"], metavar="VALUE", help=option_help)
    command = click.Command("made", help=help, epilog=epilog, params=[option])
    return made(click.Group("actcli", help="A group.", commands=[command]), printed)["actcli-made.1"]


def made(group: click.Group, printed: str = "printed") -> dict[str, str]:
    return manual.pages(lambda _: printed, "2026-01-02", group)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.exhaustive] * any(n == f"actcli-{slow}.1" for slow in SLOW)) for n in PAGES],
)
def test_a_page_is_fresh(name: str, tmp_path: Path) -> None:
    """The files in man/ are what the generator gives now, with what the examples print now, but for blanks, which
    another version of rich sets otherwise. Every example succeeds."""
    outputs = outputs_of_examples(tmp_path, name.removeprefix("actcli-").partition(".")[0])
    assert not {command for command, output in outputs.items() if "[exit status" in output}
    now, kept = (pages[name].replace(" ", "") for pages in (manual_pages(outputs), PAGES))
    assert now == kept, "refresh with: python tests/documentation/build.py"


def test_the_wheel_installs_every_page() -> None:
    """Each page lies in the folder of its section, and the folders go where man looks for them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"] == {"man": "share/man"}
    assert {f"man{name[-1]}/{name}" for name in PAGES} == {str(p.relative_to(MANUAL)) for p in MANUAL.rglob("*.*")}


@pytest.mark.sweep
@needs("groff")
@pytest.mark.parametrize("name", part([*PAGES], 3))
def test_groff_has_no_complaint(name: str) -> None:
    """groff finds nothing to warn about, even with all of its warnings on."""
    assert groff(PAGES[name], "-ww", "-z", "-Tutf8") == ""


@pytest.mark.sweep
@needs("mandoc")
@pytest.mark.parametrize("name", part([*PAGES], 3))
def test_mandoc_has_no_complaint(name: str) -> None:
    """mandoc finds nothing."""
    lint = subprocess.run(
        ["mandoc", "-T", "lint"], input=PAGES[name], stdout=subprocess.PIPE, encoding="ascii", check=False
    ).stdout
    assert lint == ""


def test_every_command_and_option_is_there() -> None:
    """Each command has its page and is named on the program's; each option has its line and its help."""
    assert set(PAGES) == {*manual_pages({})}
    for name, command in COMMANDS.items():
        found = re.findall(r"\.TP\n(.*)\n((?:[^.].*\n)*)", plain(PAGES[name]))
        items = {item: squeezed(text) for item, text in found}
        assert "-h, --help" in items
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                names = {*option.opts, *option.secondary_opts}
                (text,) = (text for item, text in items.items() if names <= {*re.split("[ ,]+", item)})
                assert squeezed(option.help or "") in text
        if isinstance(command, click.Group):
            assert set(commands(command)) <= set(items)


@pytest.mark.parametrize("name", COMMANDS)
def test_sections_come_in_order(name: str) -> None:
    """A page has the sections that readers look for, each once and in the usual order."""
    titles = re.findall(r"^\.SH (.*)$", PAGES[name], re.MULTILINE)
    own = {"COMMANDS": "actcli.1", "MEASURES": "actcli-saturation.1"}
    assert titles == [title for title in manual.SECTIONS if own.get(title, name) == name]


@pytest.mark.sweep
@needs("groff")
@pytest.mark.parametrize("name", part([*COMMANDS], 2))
def test_examples_are_whole_lines(name: str) -> None:
    """Each example of an epilog is one line of the rendered page, ready to be copied."""
    examples = [example for command, example in help_examples() if name in (f"{command}.1", f"actcli-{command}.1")]
    printed = groff(PAGES[name], "-Tutf8", "-P-cbou").splitlines()
    assert [line[6:] for line in printed if line.startswith("    $ ")] == examples


@cache
def plain(page: str) -> str:
    """The source of a page without its escapes."""
    for escape, mark in (("\\&", ""), ("\\-", "-"), ("\\(aq", "'"), ("\\(ha", "^"), ("\\(ti", "~")):
        page = page.replace(escape, mark)
    page = re.sub(r"\\\[u([0-9A-F]+)\]", lambda code: chr(int(code[1], 16)), page)
    return re.sub(r"\\f[BIR]", "", page)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.name)
def test_every_function_is_there(activation: Activation) -> None:
    """The catalogue tells all that is declared of each function, and values that anybody can check."""
    (entry,) = re.findall(
        rf"^\.SS {activation.name}\n(.*?)(?=^\.S[SH] )", plain(PAGES["actcli-functions.7"]), re.MULTILINE | re.DOTALL
    )
    texts = [*activation.aliases, activation.formula, activation.derivative, activation.convention, activation.source]
    texts += [text for p in activation.parameters for text in (p.name, p.meaning, repr(p.default), str(p.domain))]
    texts += [text for d in activation.dialects for text in (f"@{d.framework}", d.name, d.note)]
    for text in texts:
        assert squeezed(text) in squeezed(entry)
    assert "values of f\n" in entry
    assert "values of f'\n" in entry


def test_exit_status_3_is_where_the_gates_are() -> None:
    """Only the program's page and those of commands with --max options speak of failed gates."""
    gated = {name for name, text in PAGES.items() if "\\fB3\\fR\n" in text}
    assert gated == {"actcli.1", "actcli-saturation.1", "actcli-train.1", "actcli-trend.1"}


@needs("groff")
@pytest.mark.parametrize(
    "text",
    [
        ".npy files, ... and .TH at the start",
        "'quoted' words, f'(x), f''(x) and `code`",
        "'start of a line",
        r"a backslash \ and \n and \fB and \&",
        "-1 -1e-3 --order --input-format pre-activations 1-based x-y a - b --",
        '"double" ^caret ~tilde #hash %percent $dollar',
        "internationalization " * 30 + ".dot " * 30 + "'quote " * 30,
    ],
)
def test_awkward_text_comes_through(text: str) -> None:
    """Marks that roff gives a meaning are printed as they are: in help, in an example, beside an option."""
    page = rendered(page_of(text, f"\b\nExamples:\n  {text}", text, text), "utf8").replace("\N{HYPHEN}", "-")
    assert squeezed(section(page, "DESCRIPTION")) == squeezed(text)
    assert squeezed(section(page, "EXAMPLES")) == "$" + squeezed(text) + squeezed(text)
    assert squeezed(text) in squeezed(section(page, "OPTIONS"))


@needs("groff")
@settings(max_examples=number(8, 100))
@given(st.lists(words, min_size=1, max_size=40))
def test_any_text_comes_through(text: list[str]) -> None:
    """Whatever printable words help is made of, the page shows all of them in their order."""
    assert squeezed(section(rendered(page_of(" ".join(text))), "DESCRIPTION")) == "".join(text)


@needs("groff")
@settings(max_examples=number(8, 100))
@given(st.lists(st.lists(words, min_size=1, max_size=12).map(" ".join), min_size=1, max_size=6))
def test_any_literal_block_comes_through(lines: list[str]) -> None:
    """The lines of a literal block are the lines of the page, however long."""
    page = rendered(page_of("\b\n" + "\n".join(lines)))
    assert section(page, "DESCRIPTION").splitlines() == lines


@needs("groff")
def test_letters_beyond_ascii_come_through() -> None:
    """The page is ASCII and yet shows accents, Greek and mathematics."""
    page = page_of("The café: β ≤ 0.5 × σ, x → ∞.")
    assert page.isascii()
    assert "The café: β ≤ 0.5 × σ, x → ∞." in rendered(page, "utf8")


@needs("groff")
def test_hyphens_and_minus_signs_differ() -> None:
    """An option can be copied from the page and found in it; a compound word has a true hyphen."""
    page = page_of("See --input-format for pre-activations below -1e-3 and x-axis.")
    assert "\\fB\\-\\-input\\-format\\fR for pre-activations below \\-1e\\-3" in page


def test_epilogs_are_parted_by_title() -> None:
    """Titled literal blocks become sections; other paragraphs, filled or literal, join the description."""
    epilog = "\b\nFiles:\n  a.csv\n\n\b\nraw  text\n\nSome words.\n\n\b\nExample:\n  one\n    two"
    page = page_of("Help.", epilog)
    assert "Help.\n.PP\n.nf\nraw  text\n.fi\n.PP\nSome words.\n.SH" in page
    assert ".PP\n.nf\na.csv\n.fi\n.SH EXAMPLES" in page
    assert ".SH EXAMPLES\n.nf\n.in 4n\n$ one\nprinted\n.fi\n.PP\n.nf\n.in 4n\n$   two\nprinted\n.fi\n" in page


def test_hidden_commands_and_options_stay_hidden() -> None:
    """What --help does not show, the pages do not show either."""
    secret = click.Option(["--secret"], hidden=True)
    commands = [click.Command("shown", params=[secret]), click.Command("unseen", hidden=True)]
    texts = made(click.Group("actcli", commands=commands))
    assert set(texts) == {"actcli.1", "actcli-shown.1", "actcli-functions.7"}
    assert not re.search("secret|unseen", "".join(texts.values()))


def test_writing_removes_stale_pages_only(tmp_path: Path) -> None:
    """Pages of commands that are no more go; the pages of other programs in the same place stay."""
    (tmp_path / "man1").mkdir()
    for name in ("actcli-gone.1", "ls.1"):
        (tmp_path / "man1" / name).write_text("")
    write_pages(PAGES, tmp_path)
    assert {path.name for path in tmp_path.glob("man?/*")} == {*PAGES, "ls.1"}
    assert (tmp_path / "man1" / "actcli.1").read_text() == PAGES["actcli.1"]


@pytest.mark.sweep
@needs("groff")
@pytest.mark.parametrize("name", part([*COMMANDS], 3))
def test_options_fit_a_terminal(name: str) -> None:
    """At 80 columns no line of the options is cut or wrapped."""
    page = groff(PAGES[name], "-Tutf8", "-rLL=80n", "-P-cbou")
    assert f"{name[:-2]} - " in section(page, "NAME")
    assert all(len(line) <= 73 for line in section(page, "OPTIONS").splitlines())


def test_every_environment_variable_of_the_code_is_there() -> None:
    """What the code reads from the environment is told."""
    code = "".join(path.read_text() for path in (ROOT / "actcli").rglob("*.py"))
    read = set(re.findall(r"environ(?:\.get\(|\[)?\"?([A-Z_]+)\"", code)) | set(
        re.findall(r"\"([A-Z_]+)\" (?:not )?in os.environ", code)
    )
    # The first three are written, the fourth is Dask's for its workers; by the others a shell asks for completions.
    internal = re.compile(
        "POLARS_MAX_THREADS|_RJEM_MALLOC_CONF|OPENBLAS_NUM_THREADS|MALLOC_TRIM_THRESHOLD_|_ACTCLI_COMPLETE|COMP_[A-Z]+"
    )
    assert {name for name in read if not internal.fullmatch(name)} <= set(manual.ENVIRONMENT)
    assert "ACTCLI_DEBUG" in read


@needs("man")
@pytest.mark.exhaustive
def test_man_finds_the_pages() -> None:
    """By its name, with what it is about: they lie as the wheel installs them."""
    for name in PAGES:
        command = ["man", "-M", str(MANUAL), "-P", "cat", name[-1], name.rpartition(".")[0]]
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            check=True,
            env={"PATH": os.environ["PATH"], "MANWIDTH": "80"},
        )
        assert f"{name.rpartition('.')[0]} - " in done.stdout
