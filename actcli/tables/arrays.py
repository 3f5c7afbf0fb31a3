"""NPY and NPZ: arrays of one or two dimensions, the first one counting rows, read block by block.

They are not mapped into memory: a mapped file that is cut short meanwhile ends the process."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import check_width, pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import File, Source, spool
from actcli.tables.table import Block, Table, Task, rows_per_block, unpicked, without
from actcli.text import numbered


def open_npy(source: Source, options: ReadOptions) -> list[Table]:
    file = source.file()
    with _failing(source.name), open(file.path, "rb") as content:
        array = _head(content, source.name, file.size)
    return [_table(source.layer, source.name, file.size, array, lambda: file, options)]


def open_npz(source: Source, options: ReadOptions) -> list[Table]:
    """The arrays of an NPZ, each unpacked to a temporary file when it is read."""
    file = source.file()

    def unpacked(member: str, name: str, size: int) -> File:
        with _failing(name), zipfile.ZipFile(file.path) as archive, archive.open(member) as content:
            copy = spool(content)
            return File(copy.name, size, copy)

    with _failing(source.name), zipfile.ZipFile(file.path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
    if not members:
        raise DataError(f"{source.name}: holds no arrays")
    with zipfile.ZipFile(file.path) as archive:
        heads = [_head_of(archive, member, source.name) for member in members]
    wide = any(isinstance(head, _Array) and head.width > 1 for head in heads)
    tables = []
    for member, head in zip(members, heads, strict=True):
        layer = member.filename.removesuffix(".npy")
        name = f"{source.name}: array {layer}"
        if isinstance(head, _Unfit):
            tables.append(Table.faulty(layer, name, head.fault, head.kind))
            continue
        unpack = partial(unpacked, member.filename, name, member.file_size)
        labels = "labels" if wide and head.width == 1 and head.dtype.kind in "iu" else ""
        tables.append(replace(_table(layer, name, file.size, head, unpack, options), aside=labels))
    return tables


@dataclass(frozen=True, slots=True)
class _Unfit:
    """An array that can be no layer; `kind` is what it is where it is not meant to be one."""

    fault: DataError
    kind: str


def _head_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> _Array | _Unfit:
    """The head of an array of an archive."""
    name = f"{source}: array {member.filename.removesuffix('.npy')}"
    with _failing(name), archive.open(member.filename) as content:
        shape, by_columns, dtype = _read_head(content)
        try:
            return _checked(shape, by_columns, dtype, content.tell(), name, member.file_size)
        except DataError as fault:
            kind = _ASIDE.get(dtype.kind, "") if not dtype.names else ""
            return _Unfit(fault, kind or "a scalar" * (not shape))


_ASIDE = {"U": "text", "S": "text", "b": "truth values", "M": "times", "m": "times"}  # by the kind of numpy's type


@dataclass(frozen=True, slots=True)
class _Array:
    """What the head of an array says."""

    shape: tuple[int, ...]
    by_columns: bool  # Fortran's order
    dtype: np.dtype[Any]
    start: int  # of its numbers in the file

    @property
    def width(self) -> int:
        return self.shape[1] if len(self.shape) == 2 else 1

    def rows(self, file: File, name: str, start: int, stop: int) -> NDArray[Any]:
        """Some of its rows."""
        count = stop - start
        with _failing(name), open(file.path, "rb", buffering=0) as content:

            def numbers(first: int, count: int) -> NDArray[Any]:
                content.seek(self.start + first * self.dtype.itemsize)
                found = np.fromfile(content, self.dtype, count)
                if len(found) < count:
                    raise DataError(f"{name}: has become shorter while it was read")
                return found

            if not self.by_columns:
                return numbers(start * self.width, count * self.width).reshape(count, self.width)
            columns = [numbers(column * self.shape[0] + start, count) for column in range(self.width)]
            return np.stack(columns, axis=1)


def _table(layer: str, name: str, size: int, array: _Array, load: Callable[[], File], options: ReadOptions) -> Table:
    check_width(array.width, name)
    columns = numbered(array.width)
    picked = pick(options.columns, columns, name)
    rest = unpicked(picked, len(columns))
    rows = rows_per_block(options.block_values, len(columns))
    height = array.shape[0]

    def block(file: File, start: int, stop: int) -> Block:
        cells = array.rows(file, name, start, stop)
        values = np.asarray(cells[:, picked], np.float64, order="F")
        others = _others(cells, rest) if rest else None
        return without(Block(values, None, others, start + 1, round(size * stop / height)), options.nulls)

    def tasks() -> Iterator[Task]:
        file = load()
        for start in range(0, height, rows):
            yield partial(block, file, start, min(height, start + rows))

    return Table(layer, name, columns, picked, False, size, tasks)


def _others(cells: NDArray[Any], rest: list[int]) -> Any:
    import polars as pl

    kept = cells if cells.dtype.kind in "iu" else cells.astype(np.float64)
    kept = kept.astype(kept.dtype.newbyteorder("="))
    return pl.DataFrame({str(i): kept[:, i] for i in rest})


def _head(file: IO[bytes], name: str, size: int) -> _Array:
    """The head of an array that can be a table, in a file of that size."""
    return _checked(*_read_head(file), file.tell(), name, size)


def _read_head(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether it is in Fortran's order, and the type."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)


def _checked(
    shape: tuple[int, ...], by_columns: bool, dtype: np.dtype[Any], start: int, name: str, size: int
) -> _Array:
    _check_type(dtype, name)
    if len(shape) not in (1, 2):
        hint = "reshape to samples x neurons: a.reshape(-1, a.shape[-1]); channels on axis 1 are moved there by "
        hint += "numpy.moveaxis(a, 1, -1)"
        raise DataError(f"{name}: has {len(shape)} dimensions, shape {shape}", hint if shape else "")
    array = _Array(shape, by_columns, dtype, start)
    end = array.start + math.prod(shape) * dtype.itemsize
    if min(shape) < 0 or end > size:
        raise DataError(f"{name}: is not a whole NumPy file: {size} bytes where shape {shape} takes {end}")
    return array


def _check_type(dtype: np.dtype[Any], name: str) -> None:
    if dtype.hasobject:
        hint = "save it as floats: numpy.save(FILE, a.astype(float))"
        raise DataError(f"{name}: holds Python objects, not numbers", hint)
    if dtype.names:
        hint = "save its fields as columns: numpy.save(FILE, numpy.lib.recfunctions.structured_to_unstructured(a))"
        raise DataError(f"{name}: holds records ({', '.join(dtype.names)}), not real numbers", hint)
    if dtype.kind not in "fiu":
        hint = "leave it out, or save it as floats: a.astype(float)"
        raise DataError(f"{name}: holds {dtype}, not real numbers", hint)


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
