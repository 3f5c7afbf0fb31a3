"""NPY and NPZ: arrays mapped into memory, cut by rows."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.tables.columns import pick
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source, spool
from actcli.tables.table import Block, Table, numbered, rows_a_block, without


class ArrayTable(Table):
    """An array of one or two dimensions, the first one counting rows; `member` is its file name in an NPZ."""

    def __init__(self, source: Source, options: ReadOptions, member: str | None = None) -> None:
        array_name = member.removesuffix(".npy") if member else None
        self.source = f"{source.name}: array {array_name}" if member else source.name
        self._path = source.file()
        self._member = member
        with _failing(self.source):
            if member:
                with zipfile.ZipFile(self._path) as archive, archive.open(member) as file:
                    shape, dtype = _header(file)
            else:
                with open(self._path, "rb") as file:
                    shape, dtype = _header(file)
        self._check(shape, dtype)
        if not member:
            self._map()  # a file cut short fails before any work
        columns = numbered(shape[1] if len(shape) == 2 else 1)
        super().__init__(source, columns, pick(options.columns, columns, self.source), header=False, name=array_name)
        self._nulls = options.nulls
        self._rows = rows_a_block(options.block_values, max(1, len(columns)))

    def tasks(self) -> Iterator[Callable[[], Block]]:
        array = self._map()
        array = array.reshape(len(array), -1) if array.size else array.reshape(len(array), len(self.columns))
        for start in range(0, len(array), self._rows):
            self._share = min(1.0, (start + self._rows) / len(array))
            yield partial(self._block, array[start : start + self._rows], start + 1)

    def _map(self) -> Any:
        """The array, mapped; a member of an NPZ is unpacked to a temporary file before."""
        with _failing(self.source):
            if not self._member:
                return np.load(self._path, mmap_mode="r", allow_pickle=False)
            with (
                zipfile.ZipFile(self._path) as archive,
                archive.open(self._member) as file,
                spool(file) as copy,
            ):
                return np.load(copy.name, mmap_mode="r", allow_pickle=False)

    def _block(self, rows: NDArray[Any], first_row: int) -> Block:
        values = np.asarray(rows[:, self.picked], np.float64, order="F")
        rest = [i for i in range(len(self.columns)) if i not in set(self.picked)]
        if not rest:
            return without(Block(values, None, None, first_row), self._nulls)
        import polars as pl

        kept = rows if rows.dtype.kind in "iu" else rows.astype(np.float64)
        kept = kept.astype(kept.dtype.newbyteorder("="))
        return without(Block(values, None, pl.DataFrame({str(i): kept[:, i] for i in rest}), first_row), self._nulls)

    def _check(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if dtype.hasobject:
            raise DataError(
                f"{self.source}: holds Python objects, not numbers",
                "save it as floats: numpy.save(FILE, a.astype(float))",
            )
        if dtype.kind not in "fiu":
            raise DataError(
                f"{self.source}: holds {dtype}, not real numbers", "leave it out, or save it as floats: a.astype(float)"
            )
        if len(shape) not in (1, 2):
            raise DataError(
                f"{self.source}: has {len(shape)} dimensions, shape {shape}",
                "reshape to samples x neurons: a.reshape(-1, a.shape[-1]); channels on axis 1 are moved there by "
                "numpy.moveaxis(a, 1, -1)"
                if shape
                else "",
            )


def members(source: Source) -> list[str]:
    """The arrays' file names in an NPZ."""
    with _failing(source.name), zipfile.ZipFile(source.file()) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
    if not names:
        raise DataError(f"{source.name}: holds no arrays")
    return names


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, dtype


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
