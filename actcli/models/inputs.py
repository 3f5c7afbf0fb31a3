"""The inputs of a model: arrays from files, an array for each input, or one number for all entries."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actcli.errors import DataError, UsageError
from actcli.models.onnx_file import is_model
from actcli.models.wanted import Wanted, checked, listed, number
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.source import spool
from actcli.tables.table import stacked


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An array, or arrays by input name, that a program passes instead of a file."""

    value: Any

    def __str__(self) -> str:
        return "the inputs"


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """The arrays for a model's inputs. Those in `batched` have one entry per input along their first axis."""

    arrays: Mapping[str, Any]
    batched: frozenset[str]
    count: int
    sources: tuple[str, ...]
    size: int  # of one batch, if the model fixes it; 0: any

    def batches(self, size: int) -> Any:
        """Yield batches of `size` entries, the last padded if the model fixes the size, each with its true count."""
        for start in range(0, self.count, size):
            stop = min(self.count, start + size)
            chosen = np.arange(start, stop)
            if self.size and stop - start < size:
                chosen = np.concatenate([chosen, np.full(size - (stop - start), stop - 1)])
            yield stop - start, {
                name: np.asarray(array[chosen[0] : chosen[-1] + 1] if stop - start == size else array[chosen])
                if name in self.batched else array
                for name, array in self.arrays.items()
            }  # fmt: skip


def feed(
    wanted: Sequence[Wanted], paths: Sequence[str | Given], named: Sequence[tuple[str, str]], options: ReadOptions
) -> Feed:
    """The checked array for each input that a model wants. Raises DataError for one that does not fit."""
    known = {want.name: want for want in wanted}
    given: dict[str, Any] = {}
    for name, text in named:
        if name not in known:
            raise UsageError(f"--input {name}={text}: the model has no input {name!r}", listed(wanted))
        if name in given:
            raise UsageError(f"--input {name} is given twice", "give each input once")
        given[name] = number(known[name], text) if _is_number(text) else _fitting(known[name], text, options)
    rest = [want for want in wanted if want.name not in given]
    if paths:
        given |= _from_paths(rest, paths, options)
    if missing := [want for want in wanted if want.name not in given]:
        hint = f"give a file: --input {missing[0].name}=FILE, or --input {missing[0].name}=NUMBER"
        raise UsageError(f"no value for the model's input {missing[0]}", hint)
    sources = tuple(dict.fromkeys([*map(str, paths), *(text for _, text in named if not _is_number(text))]))
    return _feed(wanted, given, sources)


def _feed(free: Sequence[Wanted], given: Mapping[str, Any], sources: tuple[str, ...]) -> Feed:
    wanted = [want.beside(given[want.name]) for want in free]
    sizes = {want.name: want.dims[0] for want in wanted if want.dims and isinstance(given[want.name], np.ndarray)}
    kept = _kept(sizes, given)
    whole = [name for name in sizes if name not in kept]
    count = _count({name: len(given[name]) for name in whole}, sources)
    size = max((found for name in whole if (found := sizes[name])), default=0)
    arrays = {want.name: _whole(want, given[want.name], count, size) for want in wanted}
    batched = frozenset(want.name for want in wanted if want.dims and want.name not in kept)
    return Feed(arrays, batched, count, sources, size)


def _count(counts: Mapping[str, int], sources: tuple[str, ...]) -> int:
    """The number of inputs. Raises DataError if the arrays differ in it, or have none."""
    count = max(counts.values(), default=1)
    for name, own in counts.items():
        if own != count:
            other = next(one for one, many in counts.items() if many == count)
            raise DataError(
                f"the model's input {name} has {own} entries and {other} has {count}", "give as many of each"
            )
    if count == 0:
        where = sources[0] if sources else "the inputs"
        raise DataError(f"{where}: no rows", "a model needs at least one input")
    return count


def _kept(sizes: Mapping[str, int | None], given: Mapping[str, Any]) -> set[str]:
    """The inputs that every batch gets whole, such as a state of two layers: those whose first axis has the size that
    the model fixes, if others are free and have another number of entries."""
    free = {len(given[name]) for name, size in sizes.items() if size is None}
    fixed = [name for name, size in sizes.items() if size is not None]
    return {name for name in fixed if free and len(given[name]) == sizes[name] and sizes[name] not in free}


def _whole(want: Wanted, value: Any, count: int, size: int) -> Any:
    """The array of an input, one entry per row; a number fills it."""
    if isinstance(value, np.ndarray) or want.dims == ():
        return value
    if want.dims is None or None in want.dims[1:]:
        raise UsageError(f"--input {want.name}={value}: the model leaves the shape open: {want}", "give a file")
    return np.broadcast_to(np.asarray(value, want.dtype), (count, *(d or 0 for d in want.dims[1:])))


def _from_paths(rest: Sequence[Wanted], paths: Sequence[str | Given], options: ReadOptions) -> dict[str, Any]:
    for path in paths:
        if isinstance(path, str) and is_model(path):
            raise UsageError(f"{path} is a model, not an input of one", f"name it with --model {path}")
    found = [_arrays(path, options) for path in paths]
    names = {want.name for want in rest}
    if all(isinstance(one, dict) and (names & one.keys()) for one in found):
        return _merged(rest, paths, found)
    if len(rest) != 1:
        if not rest:
            raise UsageError(f"{paths[0]}: --input already fills all of the model's inputs", "leave out the file")
        hint = f"give each by its name: --input {rest[0].name}={paths[0]}"
        raise UsageError(f"the model has {len(rest)} inputs to fill, but a file fills one", hint)
    parts = []
    for path, one in zip(paths, found, strict=True):
        if isinstance(one, dict):
            one = _only_array(one, rest[0], str(path))
        parts.append(checked(rest[0], one, str(path)))
    return {rest[0].name: _joined(parts)}


def _only_array(arrays: Mapping[str, Any], want: Wanted, path: str) -> Any:
    """The only array of a file, if it has the name that numpy gives by default; DataError if not."""
    if list(arrays) != ["arr_0"]:
        held = f"has {'the arrays ' * (len(arrays) > 1)}{', '.join(arrays) or 'no array'}"
        way = f"use --input {want.name}={path}" if len(arrays) == 1 else listed([want])
        raise DataError(f"{path}: {held}, but the model wants {want.name}", way)
    return arrays["arr_0"]


def _merged(rest: Sequence[Wanted], paths: Sequence[str | Given], found: Sequence[Any]) -> dict[str, Any]:
    names = {want.name for want in rest}
    for path, one in zip(paths, found, strict=True):
        if extra := one.keys() - names:
            raise DataError(f"{path}: the model has no input {min(extra)!r}", listed(rest))
    return {
        want.name: _joined([checked(want, one[want.name], str(path)) for path, one in zip(paths, found, strict=True)])
        for want in rest
        if all(want.name in one for one in found)
    }


def _joined(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _fitting(want: Wanted, path: str, options: ReadOptions) -> Any:
    found = _arrays(path, options)
    if isinstance(found, dict):
        if want.name not in found and len(found) != 1:
            raise DataError(f"{path}: no array {want.name!r}", f"its arrays: {', '.join(found)}")
        found = found.get(want.name, next(iter(found.values())))
    return checked(want, found, path)


def _arrays(path: str | Given, options: ReadOptions) -> Any:
    """The array of an npy, the arrays of an npz by name, or the numbers of a table."""
    if isinstance(path, Given):
        return path.value
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in (".npy", ".npz"):
        return _table(path, options)
    again = f"write it again: np.save{'z' * (suffix == '.npz')}({os.path.basename(path)!r}, ...)"
    try:
        return _mapped(path) if suffix == ".npy" else _unpacked(path)
    except DataError:  # no room for the unpacked arrays
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or 'is not a NumPy file'}", again) from error
    except Exception as error:
        if "Object arrays" in str(error) or "Python objects" in str(error):  # read, or mapped
            way = "save it as floats: a.astype(float)"
            raise DataError(f"{path}: contains Python objects, which are not loaded", way) from error
        raise DataError(f"{path}: is not an intact NumPy file of numbers", again) from error


def _mapped(path: str) -> Any:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _unpacked(path: str) -> dict[str, Any]:
    """The arrays of an archive, each in a temporary file: a small archive may contain more than fits in memory."""
    import zipfile

    found = {}
    with zipfile.ZipFile(path) as archive:
        for member in (name for name in archive.namelist() if name.endswith(".npy")):
            with archive.open(member) as content:
                copy = spool(content)  # deleted with the name, while the map keeps the bytes
            found[member.removesuffix(".npy")] = _mapped(copy.name)
    return found


def _table(path: str, options: ReadOptions) -> Any:
    (table, *more) = open_tables([path], options)
    if more:
        raise DataError(f"{path}: contains {len(more) + 1} tables", "give one for each input")
    return stacked(table, [task() for task in table.tasks()])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
