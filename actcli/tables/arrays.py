"""NPY and NPZ, read block by block: the first axis of an array counts inputs, another one counts neurons.

Files are not memory-mapped: truncating a mapped file kills the process that reads it."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import ActcliError, DataError
from actcli.numerics.axes import neuron_axis, positions, rows_of_neurons
from actcli.tables.columns import check_width, pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import File, LocalFile, Source, spool
from actcli.tables.table import WHOLE, Block, Share, Table, Task, rows_per_block, unpicked, without
from actcli.text import numbered


def open_npy(source: Source, options: ReadOptions) -> list[Table]:
    file = source.file()
    with _failing(source.name), file.open() as content:
        array = _head(content, source.name, file.size, options.axis)
    table = _table(source.layer, source.name, file.size, array, lambda: file, options)
    return [table._replace(cuts=source.section is not None)]


def open_npz(source: Source, options: ReadOptions) -> list[Table]:
    """Return a table per array of an NPZ; an array is unpacked to a temporary file when it is read."""
    file = source.file()

    def unpacked(member: str, name: str, size: int) -> File:
        with _failing(name), file.open() as whole, zipfile.ZipFile(whole) as archive, archive.open(member) as content:
            copy = spool(content)
            return LocalFile(copy.name, size, copy)

    with _failing(source.name), file.open() as whole, zipfile.ZipFile(whole) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        others = [member.filename for member in archive.infolist() if not member.is_dir()]
        heads = [_head_of(archive, member, source.name, options.axis) for member in members]
    if not members:
        hint = f"unzip it and name its files, such as {others[0]}" if others else "write NPZ files with numpy.savez"
        raise DataError(f"{source.name}: contains no arrays", hint)
    wide = any(isinstance(head, _Array) and head.neurons > 1 for head in heads)
    tables = []
    for member, head in zip(members, heads, strict=True):
        layer = member.filename.removesuffix(".npy")
        name = f"{source.name}: array {layer}"
        if isinstance(head, _Unfit):
            tables.append(Table.faulty(layer, name, head.fault, head.kind))
            continue
        unpack = partial(unpacked, member.filename, name, member.file_size)
        labels = "labels" if wide and head.neurons == 1 and head.dtype.kind in "iu" else ""
        tables.append(_table(layer, name, file.size, head, unpack, options)._replace(aside=labels))
    return tables


@dataclass(frozen=True, slots=True)
class _Unfit:
    """An array that cannot be a layer; `kind` says what it is when it was never meant as one."""

    fault: DataError
    kind: str


def _head_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str, asked: int | None) -> _Array | _Unfit:
    """Read the header of one array of an archive."""
    name = f"{source}: array {member.filename.removesuffix('.npy')}"
    with _failing(name), archive.open(member.filename) as content:
        shape, by_columns, dtype = _read_head(content)
        try:
            return _checked(shape, by_columns, dtype, content.tell(), name, member.file_size, asked)
        except DataError as fault:
            kind = _ASIDE.get(dtype.kind, "") if not dtype.names else ""
            return _Unfit(fault, kind or "a scalar" * (not shape))


_ASIDE = {"U": "text", "S": "text", "b": "booleans", "M": "times", "m": "times"}  # by the kind of the dtype


@dataclass(frozen=True, slots=True)
class _Array:
    """The header of an array."""

    shape: tuple[int, ...]
    by_columns: bool  # Fortran order
    dtype: np.dtype[Any]
    start: int  # offset of the numbers in the file

    axis: int  # of the neurons; 0 for a single neuron

    @property
    def neurons(self) -> int:
        return self.shape[self.axis] if self.axis else 1

    @property
    def positions(self) -> int:
        """The number of rows per input."""
        return positions(self.shape, self.axis) if self.axis else 1

    def rows(self, file: File, name: str, start: int, stop: int) -> NDArray[Any]:
        """Read the rows of the inputs from `start` to `stop`."""
        shape = (stop - start, *self.shape[1:]) if self.axis else (stop - start, 1)
        return rows_of_neurons(self._inputs(file, name, start, stop).reshape(shape), self.axis or 1)

    def _inputs(self, file: File, name: str, start: int, stop: int) -> NDArray[Any]:
        count, width = stop - start, math.prod(self.shape[1:])
        with _failing(name), file.open() as content:

            def numbers(first: int, count: int) -> NDArray[Any]:
                content.seek(self.start + first * self.dtype.itemsize)
                found = np.empty(count, self.dtype)
                _fill(content, found.view(np.uint8), name)
                return found

            if not self.by_columns:
                return numbers(start * width, count * width)
            columns = [numbers(column * self.shape[0] + start, count) for column in range(width)]
            return np.stack(columns, axis=1).reshape((count, *self.shape[1:]), order="F")


def _fill(file: IO[bytes], target: NDArray[np.uint8], name: str) -> None:
    """Fill the target. One read may return less than asked for: Linux stops at 2 GB."""
    done = 0
    while done < len(target):
        count = file.readinto(target[done:].data)  # type: ignore[attr-defined]
        if not count:
            raise DataError(f"{name}: was truncated while it was read")
        done += count


def _table(layer: str, name: str, size: int, array: _Array, load: Callable[[], File], options: ReadOptions) -> Table:
    columns = numbered(array.neurons)
    picked = pick(options.columns, columns, name)
    rest = unpicked(picked, len(columns))
    rows = max(1, rows_per_block(options.block_values, len(columns)) // max(1, array.positions))
    height = array.shape[0]
    notes: tuple[str, ...] = ()
    if len(array.shape) > 2 and options.axis is None:
        what = f"axis {array.axis} of shape {array.shape} counts neurons, the others positions"
        notes = (f"{name}: {what}; choose another with --axis",)

    def block(file: File, start: int, stop: int) -> Block:
        cells = array.rows(file, name, start, stop)
        values = np.asarray(cells[:, picked], np.float64, order="F")
        first = start * array.positions + 1
        others = partial(_others, cells, rest) if rest else None
        return without(Block(values, None, others, first, round(size * stop / height)), options.nulls)

    def tasks(share: Share = WHOLE) -> Iterator[Task]:
        file = load()
        first, stop = share.ends(height)
        for start in range(first, stop, rows):
            yield partial(block, file, start, min(stop, start + rows))

    return Table(layer, name, columns, picked, False, size, tasks, notes, array.positions)


def _others(cells: NDArray[Any], rest: list[int]) -> Any:
    import polars as pl

    kept = cells if cells.dtype.kind in "iu" else cells.astype(np.float64)
    kept = kept.astype(kept.dtype.newbyteorder("="))
    return pl.DataFrame({str(i): kept[:, i] for i in rest})


def _head(file: IO[bytes], name: str, size: int, asked: int | None) -> _Array:
    """Read the header of an array in a file of `size` bytes. Raises DataError if the array cannot be a table."""
    return _checked(*_read_head(file), file.tell(), name, size, asked)


def _read_head(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, whether the array is in Fortran order, and its type."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)


def _checked(
    shape: tuple[int, ...], by_columns: bool, dtype: np.dtype[Any], start: int, name: str, size: int, asked: int | None
) -> _Array:
    _check_type(dtype, name)
    if not shape:
        raise DataError(f"{name}: is a single number, not an array", "give the number itself")
    axis = neuron_axis(shape, asked, name) if len(shape) > 1 else 0
    check_width(shape[axis] if axis else 1, name)
    array = _Array(shape, by_columns, dtype, start, axis)
    end = array.start + math.prod(shape) * dtype.itemsize
    if min(shape) < 0 or end > size:
        raise DataError(f"{name}: is not a complete NumPy file: {size} bytes, but shape {shape} takes {end}")
    return array


def _check_type(dtype: np.dtype[Any], name: str) -> None:
    if dtype.hasobject:
        hint = "save it as floats: numpy.save(FILE, a.astype(float))"
        raise DataError(f"{name}: contains Python objects, not numbers", hint)
    if dtype.names:
        fields = [name for name in dtype.names if dtype[name].base.kind in "fiu"]
        hint = f"save its numbers as columns: numpy.save(FILE, numpy.column_stack([a[n] for n in {fields}]))"
        hint = hint if fields else "no field contains numbers"
        raise DataError(f"{name}: contains records ({', '.join(dtype.names)}), not real numbers", hint)
    if dtype.kind not in "fiu":
        hint = "leave it out, or save it as floats: a.astype(float)"
        raise DataError(f"{name}: contains {dtype}, not real numbers", hint)


@contextmanager
def _failing(name: str) -> Iterator[None]:
    """Turn any error that numpy and zipfile raise for damaged files, even tokenize.TokenError, into a DataError."""
    try:
        yield
    except ActcliError:
        raise
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{name}: is not a complete NumPy file: {reason}") from error
