"""Commands that are shown, and what they print. As a script it writes the manual and README anew."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where it is run as a script
from support import forked
from support.program import commands
from support.run import DATA, ROOT

from actcli import __version__
from actcli.cli.main import cli

README = ROOT / "README.md"
SOURCES = sorted((Path(__file__).parent / "pages").glob("*.md"))  # of pages in section 7 of the manual
CHANGELOG = ROOT / ".github" / "CHANGELOG.md"
MANUAL = ROOT / "man"
FIGURE = DATA / "activations.svg"
SCRIPT = re.compile(r"```python\n([^`]*)```")
PYTHON = re.compile(SCRIPT.pattern + r"\n\n```text\n([^`]*(?:`[^`]+`[^`]*)*)```")
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
SHOWN_LINES = 24  # of an output in a manual page


def environment(folder: Path) -> dict[str, str]:
    """One in which `actcli` is this project's, for a shell in another folder."""
    binary = folder / "bin"
    binary.mkdir()
    (binary / "actcli").symlink_to(forked.program())
    return {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT), "PATH": f"{binary}:{os.environ['PATH']}"}


def run(command: str, folder: Path, env: dict[str, str]) -> str:
    """What a person sees: both streams, and the exit status where it is not 0."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout.decode() + _status(done.returncode)


def _status(status: int | None) -> str:
    return f"[exit status {status}]\n" if status else ""


def run_at_terminal(command: str, folder: Path, env: dict[str, str]) -> str:
    """What a person sees on a terminal of 76 columns that knows no colours. A run that follows a file ends by Ctrl-C
    when it is quiet."""
    plain = {"COLUMNS": "76", "LINES": "18", "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=folder, env={**env, **plain}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    quiet = 3.0 if "--follow" in command else None  # seconds
    while True:
        if not select.select([ours], [], [], quiet if shown else None)[0]:
            process.send_signal(signal.SIGINT)
            quiet = None
            continue
        try:
            shown += os.read(ours, 1 << 16)
        except OSError:  # nobody holds the other end any more
            break
    os.close(ours)
    return shown.decode().replace("\r\n", "\n") + _status(process.wait())


def sections() -> dict[str, str]:
    """The parts of what is written by hand, by their names: what one writes no other reads."""
    parts = {f"{path.stem}.md": path.read_text() for path in SOURCES}
    for part in re.split(r"^(?=## )", README.read_text(), flags=re.MULTILINE):
        parts[f"README: {part.partition(chr(10))[0].strip('# ')}"] = part
    return parts


def with_outputs(name: str, text: str, folder: Path) -> str:
    """A text with each command of its console blocks, and each Python script, followed by its output."""
    (folder / "tests").mkdir()
    (folder / "tests" / "data").symlink_to(DATA)
    env = environment(folder) | {"PYTHONIOENCODING": "utf-8"}

    def rerun(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{run(line[2:], folder, env)}" for line in commands) + "```"

    def rerun_python(block: re.Match[str]) -> str:
        script = folder / "snippet.py"
        script.write_text(block[1])
        return f"```python\n{block[1]}```\n\n```text\n{run(shlex.join([sys.executable, 'snippet.py']), folder, env)}```"

    return PYTHON.sub(rerun_python, CONSOLE.sub(rerun, text))


def help_examples(group: click.Group = cli) -> Iterator[tuple[str, str]]:
    """The examples of the help pages, each with the name of its command, the program's name for its own."""
    for name, command in [("actcli", group), *commands(group).items()]:
        for line in (command.epilog or "").splitlines():
            if line.startswith("  actcli "):
                yield name, line.strip()


def outputs_of_examples(folder: Path, page: str) -> dict[str, str]:
    """What each example of a help page prints, in a folder that holds the files that they name."""
    env = environment(folder)
    for path in (*(DATA / "relu_trained").glob("*.csv"), *DATA.glob("*.csv"), DATA / "digits.onnx",
                 DATA / "run.jsonl"):  # fmt: skip
        shutil.copy(path, folder)
    shutil.copytree(DATA / "acts", folder / "acts")
    own = [example for name, example in help_examples() if name == page and not needs_more(example)]
    return {example: run_at_terminal(example, folder, env) for example in own}


def needs_more(example: str) -> bool:
    """Whether it needs a package that is an extra: the page shows no output of it, and a test of those runs it."""
    return "--dask" in example.split()


def shown(output: str) -> str:
    """As much of an output as a manual page shows."""
    lines = output.splitlines()
    left = len(lines) - SHOWN_LINES
    return "\n".join(lines if left <= 1 else [*lines[:SHOWN_LINES], f"[{left} lines more]"])


def release_date() -> str:
    """The date of this version in the changelog."""
    found = re.search(rf"^## {re.escape(__version__)}, (\d{{4}}-\d\d-\d\d)$", CHANGELOG.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{CHANGELOG.name} has no heading '## {__version__}, YEAR-MONTH-DAY'")
    return found[1]


def manual_pages(outputs: dict[str, str]) -> dict[str, str]:
    """The manual pages as they should be, with these outputs of the examples."""
    from documentation import manual

    return manual.pages(lambda command: shown(outputs.get(command, "")), release_date(), sources=SOURCES)


def write_pages(texts: dict[str, str], directory: Path) -> None:
    """Write each page to the folder of its section, and remove those of commands that are no more."""
    for path in directory.glob("man?/actcli*"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        folder = directory / f"man{name[-1]}"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="ascii", newline="\n")


def main() -> None:
    readme = ""
    for name, text in sections().items():
        with tempfile.TemporaryDirectory() as folder:
            fresh = with_outputs(name, text, Path(folder))
            if (drawn := Path(folder) / FIGURE.name).exists():
                shutil.copy(drawn, FIGURE)
        if name.startswith("README"):
            readme += fresh
        else:
            (SOURCES[0].parent / name).write_text(fresh)
    README.write_text(readme)
    outputs: dict[str, str] = {}
    for name in ("actcli", *commands()):
        with tempfile.TemporaryDirectory() as folder:
            outputs |= outputs_of_examples(Path(folder), name)
    write_pages(manual_pages(outputs), MANUAL)


if __name__ == "__main__":
    main()
