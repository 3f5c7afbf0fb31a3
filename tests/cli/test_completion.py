"""TAB in real shells on a terminal, and the completions of each kind of word."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from documentation.build import environment
from support.program import commands
from support.run import DATA, ROOT, Process, needs
from support.sweep import part

from actcli.cli.shells import ASKED, SHELLS
from actcli.registry import additions, specs

LINE = "the line is:"
SHOW = "\x07"  # the key that makes the shells below print the line
RC = {
    "bash": f"""set -o emacs; eval "$(actcli completion bash)"
bind -x '"\\C-g": echo "{LINE}<$READLINE_LINE>"'
echo ready
""",
    "zsh": f"""autoload -Uz compinit && compinit -u -D; eval "$(actcli completion zsh)"
show() {{ print -r -- "{LINE}<$BUFFER>" }}; zle -N show; bindkey '^G' show
echo ready
""",
}
START = {"bash": ["bash", "--noprofile", "--rcfile", "{home}/rc", "-i"], "zsh": ["zsh", "-i"]}


class Terminal:
    """A shell on a terminal, and the keys that a person presses."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._shown = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The last match on the screen; forget everything up to it."""
        deadline = time.monotonic() + 60
        while not (found := re.search(pattern, self._shown)):
            assert time.monotonic() < deadline, self._shown
            if select.select([self._master], [], [], 1.0)[0]:
                self._shown += os.read(self._master, 1 << 16).decode(errors="replace")
        self._shown = ""
        return found

    def completed(self, keys: str) -> str:
        """The completed line, which is then wiped."""
        os.write(self._master, (keys + SHOW).encode())
        line = self.wait_for(rf"{LINE}<([^\r\n]*)>\r?\n")[1]
        os.write(self._master, b"\x05\x15")
        return line


@contextmanager
def terminal(shell: str, home: Path) -> Iterator[Terminal]:
    """An interactive shell with our completion, in a folder with the layers of a network."""
    for path in (DATA / "relu_trained").glob("layer*.csv"):
        shutil.copy(path, home)
    (home / "odd.csv").write_text('"two words",it\'s\n1,2\n')
    for name in ("rc", ".zshrc"):
        (home / name).write_text(RC[shell])
    env = {**environment(home), "HOME": str(home), "ZDOTDIR": str(home), "TERM": "dumb", "PS1": "> "}
    process, master = pty.fork()
    if process == 0:
        os.chdir(home)
        os.execvpe(shell, [word.format(home=home) for word in START[shell]], env)
    try:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        screen = Terminal(master)
        screen.wait_for("ready")
        yield screen
    finally:
        os.close(master)
        os.waitpid(process, 0)


WORDS = [
    ("actcli sat\t", "actcli saturation "),
    ("actcli saturation --max-d\t", "actcli saturation --max-dead "),
    ("actcli eval quick_g\t", "actcli eval quick_gelu "),
    ("actcli eval gelu@j\t", "actcli eval gelu@jax "),
    ("actcli eval elu:al\t", "actcli eval elu:alpha=1.0"),
    ("actcli eval selu:alpha=\t", "actcli eval selu:alpha=1.6732632423543772"),
    ("actcli eval selu:alpha=1,s\t", "actcli eval selu:alpha=1,scale=1.0507009873554805"),
    ("actcli eval leaky_relu@keras:n\t", "actcli eval leaky_relu@keras:negative_slope=0.2"),
    ("actcli grad elu --wrt a\t", "actcli grad elu --wrt alpha "),
    ("actcli fit elu --to gel\t", "actcli fit elu --to gelu"),
    ("actcli fit elu --to lay\t", "actcli fit elu --to layer"),
    ("actcli schema neu\t", "actcli schema neurons "),
    ("actcli list --framework=on\t", "actcli list --framework=onnx "),
    ("actcli list --format js\t", "actcli list --format json"),
    ("actcli eval relu lay\t", "actcli eval relu layer"),
    ("actcli compare relu -i layer1\t", "actcli compare relu -i layer1.csv "),
    ("actcli eval relu layer1.csv -c h31\t", "actcli eval relu layer1.csv -c h31"),
    ("actcli eval relu layer1.csv -c h0,h31\t", "actcli eval relu layer1.csv -c h0,h31"),
    ("actcli eval relu layer1.csv -c h0:h31\t", "actcli eval relu layer1.csv -c h0:h31"),
    ("actcli eval relu odd.csv -c t\t", r"actcli eval relu odd.csv -c two\ words"),
]


@pytest.mark.sweep
@needs("bash")
def test_tab_in_bash(tmp_path: Path) -> None:
    """TAB completes a word whatever bash splits it at."""
    bash_only = [
        ("actcli eval relu layer1.csv -c '!h31\t", "actcli eval relu layer1.csv -c '!h31'"),
        ("actcli eval relu layer1.csv -c \\!h31\t", "actcli eval relu layer1.csv -c \\!h31"),
        ('actcli eval "elu:al\t', 'actcli eval "elu:alpha=1.0"'),
        ("actcli eval leaky_relu@keras\t.\t", "actcli eval leaky_relu@keras.layers "),
        ("actcli eval relu -c tw odd.csv" + "\x1b[D" * 8 + "\t", r"actcli eval relu -c two\ words odd.csv"),
        ("actcli eval nothing_li\t", "actcli eval nothing_li"),
        ("actcli eval relu no.csv -c h\t", "actcli eval relu no.csv -c h"),
    ]
    with terminal("bash", tmp_path) as screen:
        for keys, line in [*part(WORDS, 10), *bash_only]:
            assert screen.completed(keys) == line


@pytest.mark.sweep
@needs("zsh")
def test_tab_in_zsh(tmp_path: Path) -> None:
    """The same words as in bash; zsh adds a blank after each complete word."""
    with terminal("zsh", tmp_path) as screen:
        for keys, line in part(WORDS, 10):
            assert screen.completed(keys).rstrip() == line.rstrip()


# Names of columns, with different first letters, and how to type their beginnings bare and within double quotes.
ODD = {
    "$(touch P)": ("\\$", "\\$"), "`touch P`": ("\\`", "\\`"), "two words": ("t", "t"), "it's": ("i", "i"),
    'd"q': ("d", "d"), "back\\slash": ("b", "b"), "star*": ("s", "s"), "wow!x": ("w", "w"), "(p)": ("\\(", "("),
    "~root": ("\\~", "~"), "#first": ("\\#", "#"), "x;y": ("x", "x"), "ü [1]": ("ü", "ü"), "{c}": ("\\{", "{"),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("shell", part([pytest.param(shell, marks=needs(shell)) for shell in ("bash", "zsh")], 2))
def test_names_of_columns_stay_words(tmp_path: Path, shell: str) -> None:
    """Whatever quote is open, the shell reads the completed word as the name and runs nothing in it; a name that no
    line can contain is not offered."""
    with terminal(shell, tmp_path) as screen:
        names = [*ODD, "k\nplain\t$(touch P)"]
        header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
        (tmp_path / "odd.csv").write_text(header + "\n" + ",".join("1" for _ in names) + "\n")
        for name, (bare, within) in part([*ODD.items()], 7):
            for quote, begun in (("", bare), ('"', within), ("'", name[0])):
                word = screen.completed(f"actcli eval relu odd.csv -c {quote}{begun}\t").rpartition("-c ")[2].rstrip()
                closed = word if word.endswith(quote) else word + quote
                meant = subprocess.run([shell, "-c", f"printf %s {closed}"], stdout=subprocess.PIPE, check=True)
                assert meant.stdout.decode() == name, word
        assert screen.completed("actcli eval relu odd.csv -c k\t").endswith("-c k")
    assert not (tmp_path / "P").exists()


@pytest.mark.sweep
@needs("fish")
def test_completions_of_fish(tmp_path: Path) -> None:
    """fish prints what it would offer."""
    env = {**environment(tmp_path), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    for path in (DATA / "relu_trained").glob("layer*.csv"):
        shutil.copy(path, tmp_path)
    asked = part(WORDS[:-1], 3)
    script = "actcli completion fish | source" + "".join(
        f"; complete -C '{keys.rstrip()}'; echo --" for keys, _ in asked
    )
    done = subprocess.run(["fish", "-c", script], env=env, cwd=tmp_path, capture_output=True, check=True)
    for (keys, line), answer in zip(asked, done.stdout.decode().split("--\n"), strict=False):
        offered = [text.partition("\t")[0] for text in answer.splitlines()]
        word = line.rstrip().rpartition(" ")[2]
        assert any(offer.startswith(word) for offer in offered), (keys, offered)


def ask(process: Process, line: str, **env: str) -> list[str]:
    """The answer to bash for a line with the cursor at its end."""
    word = re.split(r"[\s:=]", line)[-1]
    asked = {ASKED: "bash_complete", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_WORD": word}
    done = process(**asked, COMP_WORDBREAKS=" \t\n\"'><=;|&(:", **env)
    assert (done.returncode, done.stderr) == (0, b"")
    return [line.partition("\t")[2] for line in done.stdout.decode().splitlines() if line]


def test_all_commands_functions_and_frameworks_are_offered(process: Process) -> None:
    """None is left out."""
    assert set(commands()) == set(ask(process, "actcli "))
    assert set(additions.names()) == set(ask(process, "actcli eval "))
    assert {f"gelu@{d.framework}" for d in specs.get("gelu").activation.dialects} == set(
        ask(process, "actcli eval gelu@")
    )


@pytest.mark.parametrize("name", commands())
def test_all_options_are_offered(process: Process, name: str) -> None:
    """Each command offers all of its options."""
    options = [option for option in commands()[name].params if isinstance(option, click.Option)]
    expected = {spelling for option in options for spelling in (*option.opts, *option.secondary_opts)}
    assert {spelling for spelling in expected if spelling.startswith("--")} <= set(ask(process, f"actcli {name} --"))


@pytest.mark.parametrize(
    ("command", "parameter"),
    [(name, parameter) for name, command in commands().items() for parameter in command.params],
    ids=lambda value: getattr(value, "name", value),
)
def test_words_that_stand_for_something_known_are_completed(command: str, parameter: click.Parameter) -> None:
    """A new parameter for a function, a file, columns or a framework must have a completer."""
    context = click.Context(commands()[command], obj=["actcli", command, "elu", str(DATA / "relu_trained/layer1.csv")])
    metavar = parameter.make_metavar(context)
    if re.search(r"FUNCTION|FILE|INPUT|LIST|PARAMETER|\|", metavar) or parameter.name == "framework":
        assert parameter.shell_complete(context, "")


@pytest.mark.parametrize("line", ["actcli ", "actcli eval ge", "actcli eval relu layer1.csv -c h1"])
def test_completing_loads_nothing_heavy(line: str) -> None:
    """No more than `eval` on numbers: neither polars nor matplotlib."""
    code = "import sys\nfrom actcli.cli.main import main\nmain()\nprint(sorted(sys.modules))"
    asked = {ASKED: "bash_complete", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_WORD": ""}
    env = {**os.environ, **asked, "COMP_WORDBREAKS": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=DATA / "relu_trained", env=env, capture_output=True, check=True
    )
    *offered, modules = done.stdout.decode().splitlines()
    assert offered
    assert not {"polars", "matplotlib", "rich"} & set(re.findall(r"'(\w+)'", modules))


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_says_how_to_install_it(process: Process, shell: str) -> None:
    """In one line of a comment at its top."""
    script = process.ok("completion", shell)
    assert f"#   {SHELLS[shell].install}\n" in "".join(script.splitlines(keepends=True)[:3])


def test_an_unreadable_file_is_no_trouble(process: Process, tmp_path: Path) -> None:
    """With a broken file on the line there are no completions and no complaint."""
    (tmp_path / "broken.csv").write_bytes(b"\xff\xfe\0")
    (tmp_path / "layer.parquet").write_bytes(b"PAR1")
    for name in ("broken.csv", "layer.parquet"):
        assert ask(process, f"actcli eval relu {tmp_path / name} -c ") == []
    assert ask(process, "actcli eval nothing:") == []
    assert ask(process, "actcli grad --wrt ") == []
