"""NPY and NPZ: arrays of one or two dimensions, the first one counting rows, mapped into memory and cut by rows."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source, spool
from actcli.tables.table import Block, Table, Task, numbered, rows_per_block, unpicked, without


def open_npy(source: Source, options: ReadOptions) -> list[Table]:
    file = source.file()

    def load() -> Any:
        with _failing(source.name):
            return np.load(file.path, mmap_mode="r", allow_pickle=False)

    with _failing(source.name), open(file.path, "rb") as content:
        shape = _shape(content, source.name)
    load()  # a file cut short fails before any work
    return [_table(source.layer, source.name, file.size, shape, load, options)]


def open_npz(source: Source, options: ReadOptions) -> list[Table]:
    """The arrays of an NPZ, each unpacked to a temporary file when it is read."""
    file = source.file()

    def load(member: str, name: str) -> Any:
        with (
            _failing(name),
            zipfile.ZipFile(file.path) as archive,
            archive.open(member) as content,
            spool(content) as copy,
        ):
            return np.load(copy.name, mmap_mode="r", allow_pickle=False)

    with _failing(source.name), zipfile.ZipFile(file.path) as archive:
        members = [member for member in archive.namelist() if member.endswith(".npy")]
    if not members:
        raise DataError(f"{source.name}: holds no arrays")
    tables = []
    for member in members:
        layer = member.removesuffix(".npy")
        name = f"{source.name}: array {layer}"
        with _failing(name), zipfile.ZipFile(file.path) as archive, archive.open(member) as content:
            shape = _shape(content, name)
        tables.append(_table(layer, name, file.size, shape, partial(load, member, name), options))
    return tables


def _table(
    layer: str, name: str, size: int, shape: Sequence[int], load: Callable[[], Any], options: ReadOptions
) -> Table:
    columns = numbered(shape[1] if len(shape) == 2 else 1)
    picked = pick(options.columns, columns, name)
    cut = _Cut(
        picked, unpicked(picked, len(columns)), options.nulls, rows_per_block(options.block_values, len(columns))
    )
    return Table(layer, name, columns, picked, False, size, lambda: cut.tasks(load(), len(columns), size))


@dataclass(frozen=True, slots=True)
class _Cut:
    """How an array becomes blocks."""

    picked: Sequence[int]
    rest: Sequence[int]
    nulls: Sequence[str]
    rows: int

    def tasks(self, array: Any, width: int, size: int) -> Iterator[Task]:
        array = array.reshape(len(array), width)
        for start in range(0, len(array), self.rows):
            stop = min(len(array), start + self.rows)
            yield partial(self._block, array[start:stop], start + 1, round(size * stop / len(array)))

    def _block(self, rows: NDArray[Any], first_row: int, end: int) -> Block:
        values = np.asarray(rows[:, self.picked], np.float64, order="F")
        if not self.rest:
            return without(Block(values, None, None, first_row, end), self.nulls)
        import polars as pl

        kept = rows if rows.dtype.kind in "iu" else rows.astype(np.float64)
        kept = kept.astype(kept.dtype.newbyteorder("="))
        others = pl.DataFrame({str(i): kept[:, i] for i in self.rest})
        return without(Block(values, None, others, first_row, end), self.nulls)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and the type of what an array file holds."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _shape(file: IO[bytes], name: str) -> tuple[int, ...]:
    """The shape of an array that can be a table."""
    shape, dtype = _header(file)
    if dtype.hasobject:
        hint = "save it as floats: numpy.save(FILE, a.astype(float))"
        raise DataError(f"{name}: holds Python objects, not numbers", hint)
    if dtype.kind not in "fiu":
        hint = "leave it out, or save it as floats: a.astype(float)"
        raise DataError(f"{name}: holds {dtype}, not real numbers", hint)
    if len(shape) not in (1, 2):
        hint = "reshape to samples x neurons: a.reshape(-1, a.shape[-1]); channels on axis 1 are moved there by "
        hint += "numpy.moveaxis(a, 1, -1)"
        raise DataError(f"{name}: has {len(shape)} dimensions, shape {shape}", hint if shape else "")
    return shape


@contextmanager
def _failing(name: str) -> Iterator[None]:
    """Whatever numpy and zipfile raise for damaged files: from ValueError to tokenize.TokenError."""
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{name}: is not a whole NumPy file: {reason}") from error


@dataclass(frozen=True, slots=True)
class Stored:
    """An array of an NPZ, of any shape, which is read when it is asked for."""

    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]]


def open_arrays(path: str) -> dict[str, Stored]:
    """The arrays of an NPZ by their names."""

    def load(member: str) -> NDArray[Any]:
        with _failing(f"{path}: array {member.removesuffix('.npy')}"), zipfile.ZipFile(path) as archive:
            with archive.open(member) as content:
                found: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
            return found

    found = {}
    with _failing(path), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as content:
                    found[member.removesuffix(".npy")] = Stored(_header(content)[0], partial(load, member))
    if not found:
        raise DataError(f"{path}: holds no arrays")
    return found
