"""What kind of file the path of an output leads to, and whether it may be written."""

import errno
import os
import re
import stat
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager

from actcli.errors import DataError, UsageError
from actcli.tables.format import input_suffix

LINKS = 40  # followed at most, as in Linux


def descriptor(path: str) -> int | None:
    """Return the descriptor that a path stands for, such as /dev/stdout or a link to /dev/fd/3. It must be written to
    directly: opening its path would truncate or replace the file."""
    own = re.compile(rf"/dev/fd|/proc/{os.getpid()}(/task/\d+)?/fd")
    for _ in range(LINKS):
        folder, name = os.path.split(os.path.abspath(path))
        folder = os.path.realpath(folder)
        if name.isdecimal() and own.fullmatch(folder):
            return int(name)
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def is_special(path: str) -> bool:
    """Return whether it is a file to write directly, such as a device or a fifo."""
    return os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)


def is_direct(path: str) -> bool:
    """Return whether it is written directly, without old content to preserve."""
    try:
        return descriptor(path) is not None or is_special(path)
    except OSError:  # opening it reports the error
        return False


def identity(path: str | int) -> Hashable:
    """Return a value that is equal for all paths and descriptors of the same file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path) if isinstance(path, str) else None
    return found.st_dev, found.st_ino


@contextmanager
def naming(name: str | None) -> Iterator[None]:
    """Turn an OSError into a DataError that names the output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        missing = name is not None and isinstance(error, FileNotFoundError)
        hint = f"no folder {os.path.dirname(os.path.realpath(name or ''))}: create it first" if missing else ""
        raise DataError(f"{name or 'standard output'}: cannot be written: {error.strerror or error}", hint) from error


def check_twice(paths: Iterable[str]) -> None:
    """Raise UsageError if two outputs are the same file."""
    seen = set()
    for path in paths:
        if (file := identity(path)) in seen:
            raise UsageError(f"{path} is named twice as an output", "give each output its own file")
        seen.add(file)


def _matched(path: str) -> list[str]:
    from actcli.tables.parts import matches  # needs what reads remote sources, and few commands get here

    return matches(path) or [path]


def check_inputs(outputs: Iterable[str | None], inputs: Iterable[str], datasets: Iterable[str] = ()) -> None:
    """Raise UsageError if an output (None is standard output) would overwrite an input ("-" is standard input), or a
    part of a dataset, which is a folder or a glob."""
    parts = [found for path in datasets for found in _matched(path)]
    read = {_regular(path): path for path in [*inputs, *parts]}
    folders = [path for path in parts if os.path.isdir(path)]
    for path in outputs:
        if folder := next((folder for folder in folders if path and _is_part(path, folder)), None):
            raise UsageError(f"{path} is a part of the input {folder}", "write the result outside the folder")
        file = _regular(1 if path is None else path)
        if file is not None and file in read:
            name = "standard input" if read[file] == "-" else read[file]
            raise UsageError(
                f"{path or 'standard output'} is also an input: the result would overwrite {name}",
                "write the result to another file",
            )


def _is_part(path: str, folder: str) -> bool:
    """Return whether the path is an existing file that is read as a part of the folder."""
    below = os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))
    return below and os.path.isfile(path) and input_suffix(path)[1] is not None


def _regular(path: str | int) -> Hashable:
    """Return the identity of a regular file; "-" is standard input."""
    file = 0 if path == "-" else path
    try:
        return identity(file) if stat.S_ISREG(os.stat(file).st_mode) else None
    except (OSError, ValueError):
        return None
