"""A run in a process of its own that is forked from one with the libraries imported: a start costs nothing of 0.6 s."""

from __future__ import annotations

import multiprocessing
import os
import re
import shlex
import sys
from collections.abc import Sequence
from itertools import chain
from multiprocessing.context import ForkServerProcess
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as actcli has it: what is forked has one thread
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "actcli.cli.main",
        "matplotlib.backends.backend_agg",
        "matplotlib.backends.backend_svg",
        "matplotlib.figure",
        "plotille",
        "polars",
        "rich.table",
    ]
)


def words(command: str, folder: Path) -> list[str] | None:
    """The arguments of a line that is nothing but one run of actcli, globs taken as a shell does; None where it needs
    a shell."""
    bare = re.sub(r"'[^']*'", "", command)
    if not re.fullmatch(r"actcli[^|&;<>()$`?~{}\[\]\"\\]*", bare):
        return None
    globs = {word for word in bare.split() if "*" in word}
    named = [sorted(str(p.relative_to(folder)) for p in folder.glob(word)) if word in globs else [word]
             for word in shlex.split(command)[1:]]  # fmt: skip
    return [*chain.from_iterable(named)]


def start(args: Sequence[str], folder: Path, env: dict[str, str], source: str, target: str) -> ForkServerProcess:
    """Run actcli with these paths as standard input and as both of its outputs."""
    process = CONTEXT.Process(target=_run, args=(args, str(folder), env, source, target))
    process.start()
    return process


def _run(args: Sequence[str], folder: str, env: dict[str, str], source: str, target: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for number, path, flags in ((0, source, os.O_RDONLY), (1, target, os.O_WRONLY), (2, target, os.O_WRONLY)):
        opened = os.open(path, flags | os.O_APPEND | os.O_NOCTTY)
        os.dup2(opened, number)
        os.close(opened)
    encoding = env.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    sys.argv = ["actcli", *args]
    from actcli.__main__ import main

    main()
