"""What the path of an output leads to."""

import errno
import os
import re
import stat
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager

from actcli.errors import DataError, UsageError
from actcli.tables.format import input_suffix
from actcli.tables.parts import matches

LINKS = 40  # that are followed: as many as Linux follows


def descriptor(path: str) -> int | None:
    """The number of the open file that a path stands for, such as /dev/stdout or a link to /dev/fd/3. It is written
    where it is: opened by its path it would be emptied, or replaced."""
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
    """Whether it is there and is written directly: a device, a fifo."""
    return os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)


def is_direct(path: str) -> bool:
    """Whether it is written as it is, and has no old content to keep."""
    try:
        return descriptor(path) is not None or is_special(path)
    except OSError:  # which opening it says
        return False


def identity(path: str | int) -> Hashable:
    """What is equal for two paths, or numbers of open files, of one file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path) if isinstance(path, str) else None
    return found.st_dev, found.st_ino


@contextmanager
def naming(name: str | None) -> Iterator[None]:
    """A failure to write is an error that names the output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        missing = name is not None and isinstance(error, FileNotFoundError)
        hint = f"there is no folder {os.path.dirname(os.path.realpath(name or ''))}: make it first" if missing else ""
        raise DataError(f"{name or 'standard output'}: cannot be written: {error.strerror or error}", hint) from error


def check_twice(paths: Iterable[str]) -> None:
    """Raises UsageError where two outputs are one file."""
    seen = set()
    for path in paths:
        if (file := identity(path)) in seen:
            raise UsageError(f"{path} is named twice as an output", "give each output a file of its own")
        seen.add(file)


def check_inputs(outputs: Iterable[str | None], inputs: Iterable[str], datasets: Iterable[str] = ()) -> None:
    """Raises UsageError where an output (None is standard output) would write over an input ("-" is standard input), or
    over a part of a dataset, which is a folder or a glob."""
    parts = [found for path in datasets for found in (matches(path) or [path])]
    read = {_regular(path): path for path in [*inputs, *parts]}
    folders = [path for path in parts if os.path.isdir(path)]
    for path in outputs:
        if folder := next((folder for folder in folders if path and _is_part(path, folder)), None):
            raise UsageError(f"{path} is a part of the input {folder}", "write the result outside of the folder")
        file = _regular(1 if path is None else path)
        if file is not None and file in read:
            name = "standard input" if read[file] == "-" else read[file]
            raise UsageError(
                f"{path or 'standard output'} is an input too: the result would be written over {name}",
                "write the result to another file",
            )


def _is_part(path: str, folder: str) -> bool:
    """Whether a file is there that is read when the folder is."""
    below = os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))
    return below and os.path.isfile(path) and input_suffix(path)[1] is not None


def _regular(path: str | int) -> Hashable:
    """The identity of a regular file; "-" is standard input."""
    file = 0 if path == "-" else path
    try:
        return identity(file) if stat.S_ISREG(os.stat(file).st_mode) else None
    except (OSError, ValueError):
        return None
