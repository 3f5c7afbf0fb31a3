"""Completion with TAB: the scripts for each shell, and the answers to their queries."""

import os
import re
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
)

from actcli.text import visible

ASKED = "_ACTCLI_COMPLETE"  # the environment variable that a script sets to ask
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PLACE = "\1"  # marks the cursor; no line contains it

# How to escape special characters in a bare word and within each quote; and how to undo that.
_ESCAPES: dict[str, tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = {
    "": (re.compile(r"""([\s"'`$&|;()<>\\*?\[\]{}!#~^])"""), r"\\\1"),
    "'": (re.compile("'"), r"'\\''"),
    '"': (re.compile(r"""([$`"\\])|(!)"""), lambda found: f"\\{found[1]}" if found[1] else '"\\!"'),
}
_ESCAPED = {"": re.compile(r"\\(.)"), "'": re.compile(r"(?!)()"), '"': re.compile(r"""\\([$`"\\])""")}
_PIECE = re.compile(r"""(\s+)|'([^']*)'?|"((?:[^"\\]|\\.)*)"?|((?:[^\s'"\\]|\\.)+)|\\""", re.DOTALL)


def _escaped(value: str, quote: str) -> str:
    special, escape = _ESCAPES[quote]
    return special.sub(escape, value)


def _plain(text: str, quote: str) -> str:
    return _ESCAPED[quote].sub(r"\1", text)


def words(line: str) -> list[str]:
    """The words of a line, split as the shell does; an open quote ends with the line. click splits with shlex, which
    keeps the backslash of \\$ within quotes."""
    found: list[str] = []
    inside = False
    for blank, single, double, bare in (piece.groups() for piece in _PIECE.finditer(line)):
        if blank is None:
            text = single or _plain(double or "", '"') or _plain(bare or "", "")
            found[-1:] = [found[-1] + text] if inside else [*found[-1:], text]
        inside = blank is None
    return found


class _Shell(ShellComplete):
    """Adds what click's shells lack: `--option=value`, the words after the cursor, how to install the script."""

    install: str

    def source(self) -> str:
        """The script, with a comment on how to install it; for zsh `#compdef` must stay the first line."""
        comment = f"# Completion of actcli in {self.name}. To install it:\n#   {self.install}\n"
        return re.sub(r"\A(#compdef .*\n)?", lambda compdef: compdef[0] + comment, super().source())

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        self.ctx_args["obj"] = words(self.line())
        option = re.match(r"--[\w-]+=", incomplete)
        start = option[0] if option else ""
        items = super().get_completions(args, incomplete)
        offered = [item for item in items if not _CONTROL.search(item.value)]  # answers cannot contain these
        for item in offered:
            item.value = start + item.value
        return offered

    def line(self) -> str:
        return os.environ["COMP_WORDS"]


class Bash(_Shell, BashComplete):
    """Bash splits a line also at the characters in COMP_WORDBREAKS, such as `:`, `=` and `@`, and completes only the
    part after the last of them. So the line is split here, and the part that bash keeps is cut from the answers."""

    install = """echo 'eval "$(actcli completion bash)"' >> ~/.bashrc"""
    source_template = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=$'\\t' read -r type value; do
        case $type in
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" COMP_WORD="${COMP_WORDS[COMP_CWORD]}" \\
        COMP_WORDBREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def line(self) -> str:
        return os.environ["COMP_LINE"]

    def get_completion_args(self) -> tuple[list[str], str]:
        *before, last = words(self.line()[: int(os.environ["COMP_POINT"])] + PLACE)
        self._typed = last.removesuffix(PLACE)
        return before[1:], self._typed

    def format_completion(self, item: CompletionItem[Any]) -> str:
        word = os.environ["COMP_WORD"]
        quote = word[:1] if word[:1] in ("'", '"') else ""
        behind = word[1:] if quote else word.lstrip(os.environ["COMP_WORDBREAKS"])
        behind = _plain(behind, quote)
        had = len(self._typed) - len(behind)
        if self._typed[:had].endswith("@"):  # bash begins a word after it, readline before it
            had -= 1
        kind = "open" if item.open else item.type
        return f"{kind}\t{_escaped(item.value[had:], quote)}"


class Zsh(_Shell, ZshComplete):
    """click's script does not escape answers in a bare word, and not always rightly within a quote. Here the answers
    are escaped already (-Q)."""

    install = """echo 'autoload -Uz compinit && compinit; eval "$(actcli completion zsh)"' >> ~/.zshrc"""
    source_template = ZshComplete.source_template.replace("compadd -U", "compadd -Q -U").replace(
        "$(env ", '$(env COMP_QUOTE="${compstate[quote]}" '
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        given, place = words(self.line()), int(os.environ["COMP_CWORD"])
        return given[1:place], "".join(given[place : place + 1])

    def format_completion(self, item: CompletionItem[str]) -> str:
        if not item.help and item.type == "plain":
            quote = os.environ.get("COMP_QUOTE", "")
            value = _escaped(item.value, quote)
            item.value = f"\\{value}" if value.startswith("=") and not quote else value
        return super().format_completion(item)


class Fish(_Shell, FishComplete):
    """A line is type, comma, value, tab, help. click's script splits at every comma, and so breaks columns a,b and
    parameters alpha=1,scale=2 (pallets/click #3502); the script here splits at the first only."""

    install = "actcli completion fish > ~/.config/fish/completions/actcli.fish"
    source_template = """\
function %(complete_func)s
    set -lx COMP_WORDS (commandline -cp)
    set -lx COMP_CWORD (commandline -t)
    for completion in (env %(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
        set -l found (string split -m1 , -- $completion)
        switch $found[1]
            case file
                __fish_complete_path $found[2]
            case plain
                echo $found[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type},{item.value}" + (f"\t{' '.join(item.help.split())}" if item.help else "")


SHELLS: dict[str, type[_Shell]] = {shell.name: shell for shell in (Bash, Zsh, Fish)}


def script(cli: click.Command, shell: str) -> str:
    """The script that makes a shell complete the words of this command line."""
    return SHELLS[shell](cli, {}, "actcli", ASKED).source()


def answer(cli: click.Command, asked: str) -> int:
    """Print the answer to a shell's script and return the exit status, 2 for a query that no script sends."""
    name = asked.removesuffix("_complete")
    try:
        click.echo(SHELLS[name](cli, {}, "actcli", ASKED).complete())
    except (KeyError, ValueError) as error:
        missing = f"{error.args[0]} is not set" if name in SHELLS else f"no completion for {name!r}"
        click.echo(visible(f"actcli: only completion scripts may set {ASKED}: {missing}"), err=True)
        return 2
    return 0
