"""Runs of actcli in processes forked from one that has imported the libraries: a start takes 30 ms of CPU, not 600.

`program()` is the path of a stand-in for `actcli`. It hands its streams, folder, environment and arguments to the
process that forks, passes signals on, and ends as the run does. Anything that Python or a library reads at its start
keeps the value from the start of the tests: a test of that needs `python -m actcli`.
"""

from __future__ import annotations

import atexit
import marshal
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = """#!{python} -IS
import _signal, _socket, marshal, posix, sys  # and not what these are wrapped in: importing that takes longer
try:
    for number in range(3):
        posix.fstat(number)
except OSError:  # one is closed, and cannot be handed on
    posix.execv({python!r}, [{python!r}, "-m", "actcli", *sys.argv[1:]])
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
server.sendmsg([b"-"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
server.sendall(marshal.dumps((sys.argv[1:], posix.getcwd(), posix.environ)))
server.shutdown(_socket.SHUT_WR)
run = int.from_bytes(server.recv(4, _socket.MSG_WAITALL), "big")
for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
    if _signal.getsignal(number) is not _signal.SIG_IGN:
        _signal.signal(number, lambda number, frame: posix.kill(run, number))
status = int.from_bytes(server.recv(4, _socket.MSG_WAITALL), "big", signed=True)
if status < 0:
    _signal.signal(-status, _signal.SIG_DFL)
    posix.kill(posix.getpid(), -status)
posix._exit(status)
"""


@cache
def program() -> str:
    """A path to run instead of `python -m actcli` while this process lives."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = str(folder / "socket")
    script = folder / "actcli"
    script.write_text(CLIENT.format(python=sys.executable, address=address))
    script.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        number = listener.fileno()
        server = subprocess.Popen(  # it ends when its standard input does
            [sys.executable, __file__, str(number)], cwd=ROOT, stdin=subprocess.PIPE, pass_fds=[number],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
    atexit.register(server.communicate)
    return str(script)


def _serve(listener: socket.socket) -> None:
    """Fork for each request; return in the process that becomes the run."""
    runs: dict[int, socket.socket] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    while 0 not in (ready := select.select([listener, 0, woken], [], [])[0]):
        if woken in ready:
            os.read(woken, 4096)
            _tell(runs)
        if listener in ready:
            asked, _ = listener.accept()
            _, streams, _, _ = socket.recv_fds(asked, 1, 3)
            with asked.makefile("rb") as file:
                args, folder, environment = marshal.loads(file.read())
            if not (run := os.fork()):
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for end in (listener, asked, *runs.values()):
                    end.close()
                os.close(woken)
                os.close(wake)
                _become(streams, args, folder, environment)
                return
            runs[run] = asked
            for stream in streams:
                os.close(stream)
            asked.sendall(run.to_bytes(4, "big"))
    os._exit(0)


def _tell(runs: dict[int, socket.socket]) -> None:
    """Send the exit status of each run that has ended to who asked for it."""
    while runs and (ended := os.waitpid(-1, os.WNOHANG))[0]:
        with runs.pop(ended[0]) as asked, suppress(OSError):  # who may be gone
            asked.sendall(os.waitstatus_to_exitcode(ended[1]).to_bytes(4, "big", signed=True))


def _become(streams: list[int], args: list[str], folder: str, environment: dict[bytes, bytes]) -> None:
    """Take the streams, folder, environment and arguments of a run."""
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    sys.argv = ["actcli", *args]


def _end(status: int) -> None:
    """As Python ends, but that it does not take apart what it has imported, which with all libraries takes 0.2 s."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    import pkgutil
    from importlib import import_module

    import plotille  # noqa: F401
    import polars  # noqa: F401
    import rich.table  # noqa: F401

    import actcli

    for module in pkgutil.walk_packages(actcli.__path__, "actcli."):
        import_module(module.name)
    from actcli.__main__ import main

    _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        main()
    except SystemExit as ended:
        _end(ended.code)
