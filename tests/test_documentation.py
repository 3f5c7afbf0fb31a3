"""Every command that is shown is run: the README's with their output, and the examples of the help pages.

`python tests/test_documentation.py` writes the outputs in the README anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from conftest import DATA, ROOT

README = ROOT / "README.md"
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def environment(folder: Path) -> dict[str, str]:
    """One in which `actcli` is this project's, for a shell in another folder."""
    binary = folder / "bin"
    binary.mkdir()
    script = binary / "actcli"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m actcli "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "COLUMNS": "80", "PATH": f"{binary}:{os.environ['PATH']}"}


def run(command: str, folder: Path, env: dict[str, str]) -> str:
    """What a person sees: both streams, and the exit status where it is not 0."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60, check=False,
    )  # fmt: skip
    status = f"[exit status {done.returncode}]\n" if done.returncode else ""
    return done.stdout.decode() + status


def with_outputs(text: str, folder: Path) -> str:
    """The README with each command of its console blocks followed by its output."""
    (folder / "tests").mkdir()
    (folder / "tests" / "data").symlink_to(DATA)
    env = environment(folder)

    def rerun(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{run(line[2:], folder, env)}" for line in commands) + "```"

    return CONSOLE.sub(rerun, text)


def test_the_readme_shows_what_its_commands_print(tmp_path: Path) -> None:
    """Refresh with `python tests/test_documentation.py`."""
    text = README.read_text()
    assert with_outputs(text, tmp_path) == text


def test_the_readme_shows_every_command() -> None:
    """Each command of the program has its example."""
    from actcli.cli import cli

    shown = "\n".join(block[1] for block in CONSOLE.finditer(README.read_text()))
    for name in cli.commands:
        assert f"actcli {name} " in shown


def examples() -> list[str]:
    from actcli.cli import cli

    lines = [line.strip() for command in cli.commands.values() for line in (command.epilog or "").splitlines()]
    return [line for line in lines if "actcli" in line]


@pytest.mark.parametrize("command", examples())
def test_the_examples_of_the_help_pages_run(command: str, tmp_path: Path) -> None:
    """In a folder that holds layer1.csv to layer3.csv they succeed, or fail a gate and say so."""
    env = environment(tmp_path)
    for path in (DATA / "relu_trained").glob("*.csv"):
        shutil.copy(path, tmp_path)
    output = run(command, tmp_path, env)
    assert "[exit status" not in output, output


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        README.write_text(with_outputs(README.read_text(), Path(scratch)))
