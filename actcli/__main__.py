"""The process: `actcli`, and `python -m actcli`."""

import os
import signal
import sys
import warnings


def main() -> None:
    """Run the command line, whatever state the process was started in."""
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # nothing to report or clean up during the import
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from actcli.cli import main as cli
    from actcli.cli import signals
    from actcli.output import streams

    signal.signal(signal.SIGINT, interrupted)
    signals.listen()
    if os.environ.get("ACTCLI_DEBUG") != "1":
        warnings.simplefilter("ignore")  # they are for those who write programs, as is PYTHONWARNINGS
    _open_closed()
    streams.use()
    status = cli.main()
    signals.rest()
    sys.exit(signals.status() or status)


def _open_closed() -> None:
    """A standard stream that the caller closed is None, and its number would be the next opened file's. Reading the
    input or writing the output then fails as it should, and messages go nowhere."""
    for name, mode, flags in (("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


if __name__ == "__main__":
    main()
