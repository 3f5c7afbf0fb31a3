"""The process: closed streams, signals, full disks and terminals, for every command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from support import forked
from support.run import ROOT, Cli, Process
from support.sweep import part

from actcli.text import visible

COMMANDS = {
    "eval": "eval relu -1 2",
    "eval of a table": "eval relu tests/data/relu_trained/layer1.csv",
    "grad": "grad gelu -1 2",
    "plot": "plot relu",
    "saturation": "saturation relu",
    "saturation of a table": "saturation relu tests/data/relu_trained/layer1.csv -f json",
    "compare": "compare relu gelu",
    "list": "list",
    "show": "show relu",
    "schema": "schema rows",
    "completion": "completion bash",
    "help": "eval --help",
    "version": "--version",
}
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A shell command in which `actcli` is this one, with standard output buffered as users have it."""
    return subprocess.run(
        ["bash", "-c", line.replace("actcli", forked.program(), 1)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=BUFFERED,
        check=False,
    )


@pytest.mark.sweep
@pytest.mark.parametrize(("command", "where"), part([*product(COMMANDS.values(), (">&-", ">/dev/full"))], 7))
def test_an_output_that_takes_nothing_is_one_error(command: str, where: str) -> None:
    """A closed standard output, or one on a full disk: status 1, one line."""
    done = shell(f"actcli {command} {where} </dev/null")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("actcli: standard output: ")
    assert where == ">&-" or "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("command", part([*COMMANDS.values()], 5))
def test_closed_input_and_messages_change_no_result(cli: Cli, command: str) -> None:
    """No file that is opened takes the place of a closed stream either."""
    closed = shell(f"actcli {command} <&- 2>&-")
    assert (closed.returncode, closed.stdout) == (0, cli.ok(*command.split()))


def test_a_closed_input_that_is_asked_for_is_an_error() -> None:
    """It is not read as an empty table."""
    done = shell("actcli eval relu - <&-")
    assert done.returncode == 1
    assert "standard input" in done.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("command", part([*COMMANDS.values()], 3))
def test_a_reader_that_goes_away_is_no_error(command: str) -> None:
    """Every command exits with 141 and prints no message."""
    done = shell(f"set -o pipefail; actcli {command} </dev/null | true")
    assert (done.returncode, done.stderr) == (141, "")


def test_a_closed_pipe_ends_the_run_quietly() -> None:
    """`| head -1` gives status 141 and no message."""
    run = f"{forked.program()} eval relu --range 0:1000000 2>&3 | head -1; echo ${{PIPESTATUS[0]}}"
    command = f"exec 3>&1; {run}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().split() == ["x,f", "141"]


def test_an_interrupt_stops_with_130(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a stream ends it soon, without a traceback or a file."""
    import fcntl
    import termios

    reader, writer = os.pipe()
    process = subprocess.Popen(
        [forked.program(), "eval", "relu", "-o", str(tmp_path / "out.csv")],
        stdin=reader,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    os.write(writer, b"x\n" + b"1.5\n" * 5000)
    while fcntl.ioctl(reader, termios.FIONREAD, bytes(4)) != bytes(4):  # until everything has been read
        time.sleep(0.01)
    os.close(reader)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=20)
    os.close(writer)
    assert process.returncode == 130
    assert b"Traceback" not in message
    assert os.listdir(tmp_path) == []


def _heeding() -> None:
    """No signal is ignored, even if the tests run under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _endless(folder: Path) -> tuple[subprocess.Popen[bytes], Callable[[], list[str]]]:
    """A run that has begun to write a file, and the files in the folder."""
    process = subprocess.Popen(
        [forked.program(), "eval", "relu", "--range", "0:1e9", "-o", str(folder / "o.csv")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        preexec_fn=_heeding,  # noqa: PLW1509 - it starts no thread
    )
    while not os.listdir(folder):
        time.sleep(0.01)
    return process, lambda: os.listdir(folder)


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_leaves_no_file_behind(tmp_path: Path, name: str, status: int) -> None:
    """Ctrl-C, the end of a job, a closed terminal: the status is the shell's, and nothing is printed."""
    process, files = _endless(tmp_path)
    process.send_signal(getattr(signal, name))
    _, message = process.communicate(timeout=20)
    assert (process.returncode, message, files()) == (status, b"", [])


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """As under nohup."""
    done = shell(f"trap '' HUP TERM INT; actcli eval relu --range 0:200000 -o {tmp_path}/o.csv & p=$!; "
                 "sleep 0.5; kill -HUP $p; kill -TERM $p; kill -INT $p; wait $p")  # fmt: skip
    assert done.returncode == 0
    assert os.listdir(tmp_path) == ["o.csv"]


@pytest.mark.parametrize("module", ["click", "warnings", "actcli.cli.main", "contextlib"])
def test_an_interrupt_while_it_starts_is_quiet(module: str) -> None:
    """Before there is a command line to end, the process ends like any other."""
    code = (
        "import sys, os, signal\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == '{module}': os.kill(os.getpid(), signal.SIGINT)\n"
        "for name in ('warnings', 'contextlib'): sys.modules.pop(name, None)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from actcli.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_without_a_command_there_is_help(process: Process) -> None:
    """The same text as with --help."""
    assert process.ok() == process.ok("--help")


@pytest.mark.exhaustive
def test_a_home_that_cannot_be_written_to_is_no_matter(process: Process, tmp_path: Path) -> None:
    """matplotlib would print a warning on standard error."""
    process.ok(
        "plot", "relu", "-o", str(tmp_path / "a.png"), HOME="/proc", XDG_CONFIG_HOME="/proc", XDG_CACHE_HOME="/proc"
    )


@pytest.mark.parametrize("columns", ["1", "20", "500"])
def test_terminals_of_any_width(cli: Cli, columns: str) -> None:
    """Every command has a result."""
    for command in ("plot relu", "saturation relu -f table", "list -f table", "compare relu gelu -f table"):
        assert cli.ok(*command.split(), COLUMNS=columns)


def test_names_cannot_control_a_terminal(cli: Cli) -> None:
    """Escape characters in the name of a column or file are printed as escapes, in results for people and in
    messages; CSV keeps them."""
    content = b'"\x1b[31mred","two\nlines"\n1,2\n'
    assert cli.ok("eval", "relu", stdin=content) == '\x1b[31mred,"two\nlines"\n1.0,2.0\n'
    for command in ("eval relu -f table", "saturation relu -f table"):
        text = cli.ok(*command.split(), stdin=content)
        assert "\x1b" not in text
        assert r"\x1b[31mred" in text
        assert "two lines" in text
    assert r"\x1b[31m.csv" in cli.fails(1, "eval", "relu", "\x1b[31m.csv")
    assert r"\x1b[31mred" in cli.fails(1, "eval", "relu", stdin=content + b"x,2\n")


def test_what_is_printable_stays() -> None:
    """Only control characters are escaped, those of both ranges."""
    assert visible("ä 漢 😀 [red] \\n |") == "ä 漢 😀 [red] \\n |"
    assert visible("\0\t\n\x1b\x7f\x9b") == r"\x00  \x1b\x7f\x9b"


def test_wide_characters_take_two_cells(cli: Cli, tmp_path: Path) -> None:
    """The bars of all layers begin in the same column of the terminal, whatever the names."""
    rows = "a\n" + "\n".join(str(i / 50 - 3) for i in range(300))
    for name in ("ab", "漢字漢字"):
        (tmp_path / f"{name}.csv").write_text(rows)
    files = [str(tmp_path / f"{name}.csv") for name in ("ab", "漢字漢字")]
    page = cli.ok("saturation", "tanh", *files, "-f", "table").partition("Pre-activations")[2].splitlines()
    plain, wide = (next(line for line in page if line.startswith(name)) for name in ("ab", "漢字漢字"))
    assert plain.partition("ab")[2].strip() == wide.partition("漢字漢字")[2].strip()
    assert len(plain) == len(wide) + 4


def test_a_model_is_run_in_private(process: Process, tmp_path: Path) -> None:
    """By default onnxruntime reports to its maker, and first writes a temporary file."""
    words = ("saturation", "--model", "tests/data/digits.onnx", "tests/data/digits.csv", "-c", "!digit")
    assert process(*words, TMPDIR=str(tmp_path)).returncode == 0
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_signal_where_nothing_can_be_raised_ends_the_run_all_the_same(name: str, status: int) -> None:
    """The signal comes twice while an object is freed, where exceptions are lost."""
    program = (
        "import os, signal, sys, time\n"
        "from actcli.cli import signals\n"
        f"signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signals.listen()\n"
        "class Freed:\n"
        "    def __init__(self, send): self.send = send\n"
        "    def __del__(self):\n"
        f"        if self.send: os.kill(os.getpid(), signal.{name})\n"
        "        end = time.monotonic() + 0.1\n"
        "        while time.monotonic() < end: pass\n"
        "Freed(True)\n"
        "Freed(False)\n"
        "time.sleep(20)\n"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (status, b"")
    assert time.monotonic() - begun < 10
