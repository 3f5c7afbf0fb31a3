"""The process: `actcli`, and `python -m actcli`."""

import _signal  # type: ignore[import-not-found] # signal, without what it imports
import os
import sys

_interrupted = _signal.getsignal(_signal.SIGINT)
if _interrupted is _signal.default_int_handler:  # nothing to report or clean up during the imports
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def main() -> None:
    """Run the command line, whatever state the process was started in."""
    import warnings

    from actcli.cli import main as cli
    from actcli.cli import signals
    from actcli.output import streams

    _signal.signal(_signal.SIGINT, _interrupted)
    signals.listen()
    if os.environ.get("ACTCLI_DEBUG") != "1":
        warnings.simplefilter("ignore")  # warnings are for developers, and so is PYTHONWARNINGS
    _open_closed()
    streams.use()
    status = cli.main()
    signals.rest()
    sys.exit(signals.status() or status)


def _open_closed() -> None:
    """Replace standard streams that the caller closed, whose descriptors the next opened files would take. Reading the
    input or writing the output then fails as it should, and messages go nowhere."""
    for name, mode, flags in (("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


if __name__ == "__main__":
    main()
