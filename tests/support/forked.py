"""Runs of actcli in processes forked from one that has imported the libraries: a start takes 30 ms of CPU, not 600.

`program()` is the path of a stand-in for `actcli`. It hands its streams, folder, environment and arguments to the
process that forks, passes signals on, and ends as the run does. Anything that Python or a library reads at its start
keeps the value from the start of the tests: a test of that needs `python -m actcli`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
try:
    for number in range(3):
        os.fstat(number)
except OSError:  # one is closed, and cannot be handed on
    os.execv({python!r}, [{python!r}, "-m", "actcli", *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"-"], [0, 1, 2])
server.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
server.shutdown(socket.SHUT_WR)
answers = server.makefile()
run = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, lambda number, frame: os.kill(run, number))
status = int(answers.readline())
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
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
    while select.select([listener, 0], [], [])[0] == [listener]:
        asked, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _answer(asked)
            return
        asked.close()
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    os._exit(0)


def _answer(asked: socket.socket) -> None:
    """Send the id of the process that becomes the run and, later, its exit status; return in that process."""
    _, streams, _, _ = socket.recv_fds(asked, 1, 3)
    with asked.makefile() as file:
        args, folder, environment = json.loads(file.read())
    run = os.fork()
    if run:
        for number in (*streams, 0, 1, 2):
            os.close(number)
        asked.sendall(f"{run}\n".encode())
        asked.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])}\n".encode())
        os._exit(0)
    asked.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    sys.argv = ["actcli", *args]


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
    main()
