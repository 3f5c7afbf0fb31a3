"""The shells that complete words with TAB: their scripts, and the answers to what these ask."""

import os
import re
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

ASKED = "_ACTCLI_COMPLETE"  # the variable by which a script asks
PLACE = "\1"  # where the cursor is; no line holds it

_SPECIAL = re.compile(r"""([\s"'`$&|;()<>\\*?\[\]{}!#~])""")


def _escaped(value: str) -> str:
    """As a word of a command line."""
    return _SPECIAL.sub(r"\\\1", value)


class _Shell(ShellComplete):
    """What click's shells lack: `--option=value`, the words behind the cursor, how to install the script."""

    install: str

    def source(self) -> str:
        """The script, with how to install it in a comment; `#compdef` must stay the first line of zsh's."""
        comment = f"# Completion of actcli in {self.name}. To install it:\n#   {self.install}\n"
        return re.sub(r"\A(#compdef .*\n)?", lambda compdef: compdef[0] + comment, super().source())

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        self.ctx_args["obj"] = split_arg_string(self.line())
        option = re.match(r"--[\w-]+=", incomplete)
        start = option[0] if option else ""
        items = super().get_completions(args, incomplete)
        for item in items:
            item.value = start + item.value
        return items

    def line(self) -> str:
        return os.environ["COMP_WORDS"]


class Bash(_Shell, BashComplete):
    """Bash takes a line apart at the marks of COMP_WORDBREAKS, such as `:`, `=` and `@`, and completes what is behind
    the last of them. So the line is taken apart here, and what bash has already is cut off the answers."""

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
        *words, last = split_arg_string(self.line()[: int(os.environ["COMP_POINT"])] + PLACE)
        self._typed = last.removesuffix(PLACE)
        return words[1:], self._typed

    def format_completion(self, item: CompletionItem[Any]) -> str:
        word = os.environ["COMP_WORD"]
        quoted = word[:1] in ("'", '"')
        behind = word[1:] if quoted else re.sub(r"\\(.)", r"\1", word.lstrip(os.environ["COMP_WORDBREAKS"]))
        had = len(self._typed) - len(behind)
        if self._typed[:had].endswith("@"):  # where bash begins a word, and readline before it
            had -= 1
        value = item.value[had:] if quoted else _escaped(item.value[had:])
        kind = "open" if item.open else item.type
        return f"{kind}\t{value}"


class Zsh(_Shell, ZshComplete):
    install = """echo 'autoload -Uz compinit && compinit; eval "$(actcli completion zsh)"' >> ~/.zshrc"""

    def format_completion(self, item: CompletionItem[str]) -> str:
        item.value = _escaped(item.value)
        return super().format_completion(item)


class Fish(_Shell, FishComplete):
    """A line is type, comma, value, tab, help. click's script splits at every comma, which the columns a,b and the
    parameters alpha=1,scale=2 hold (pallets/click #3502), so the script here splits at the first."""

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
    """What makes a shell complete the words of this command line."""
    return SHELLS[shell](cli, {}, "actcli", ASKED).source()


def answer(cli: click.Command, asked: str) -> None:
    """Print what the script of a shell asks for; nothing for a shell that is not known."""
    shell = SHELLS.get(asked.removesuffix("_complete"))
    if shell is not None:
        click.echo(shell(cli, {}, "actcli", ASKED).complete())
