"""The process: `actcli`, and `python -m actcli`."""

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line, whatever state the process was started in."""
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # nothing to report or clean up during the import
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from actcli.cli import main as cli
    from actcli.output import streams

    signal.signal(signal.SIGINT, interrupted)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    _open_closed()
    streams.use()
    cli.main()


def _end(number: int, frame: FrameType | None) -> None:
    """End as by Ctrl-C, with every temporary file removed, and the status that shells have for the signal."""
    sys.exit(128 + number)


def _open_closed() -> None:
    """A standard stream that the caller closed is None, and its number would be the next opened file's. Reading the
    input or writing the output then fails as it should, and messages go nowhere."""
    for name, mode, flags in (("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


if __name__ == "__main__":
    main()
