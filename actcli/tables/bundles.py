"""The arrays of an NPZ by name, of any shape, for callers that do not need a table."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError


@dataclass(frozen=True, slots=True)
class Stored:
    """An array that is read on demand."""

    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]]


def open_bundle(path: str) -> dict[str, Stored]:
    """Return the arrays of a file. Raises DataError if it is not an NPZ; loading an array of objects raises it too."""
    found = {}
    with _failing(path), zipfile.ZipFile(path) as archive:
        for member in (name for name in archive.namelist() if name.endswith(".npy")):
            with archive.open(member) as content:
                first = np.lib.format.read_magic(content) == (1, 0)
                read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
                found[member.removesuffix(".npy")] = Stored(read(content)[0], partial(_load, path, member))
    if not found:
        raise DataError(f"{path}: contains no arrays")
    return found


def _load(path: str, member: str) -> NDArray[Any]:
    with _failing(f"{path}: array {member.removesuffix('.npy')}"), zipfile.ZipFile(path) as archive:
        with archive.open(member) as content:
            found: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
        return found


@contextmanager
def _failing(name: str) -> Iterator[None]:
    """Turn any error that numpy and zipfile raise for damaged files into a DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{name}: is not a complete NumPy file: {reason}") from error
