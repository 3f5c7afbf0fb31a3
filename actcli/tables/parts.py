"""Resolve an INPUT to files: one file, or the part files of a folder or glob, which form one layer."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import NamedTuple

from actcli.errors import DataError, UsageError
from actcli.tables.format import input_suffix
from actcli.tables.options import ReadOptions
from actcli.tables.order import natural
from actcli.tables.remote import Found, Remote, file_name, is_remote
from actcli.text import encodable, some

# Common names for the parts of one table: part-00000, 0.parquet, train-00000-of-00010, batch_3.
_PART = re.compile(
    r"(?<![a-z])(part|chunk|shard|batch(?!_?norm)|piece|split|rank|worker|rows|data)|-of-[0-9]|^[0-9]+(\W|$)",
    re.IGNORECASE,
)


class Part(NamedTuple):
    """One file of a layer. Folders such as `step=100` in its path are its labels: ("step", "100")."""

    path: str
    size: int | None  # in bytes; None: the server does not say
    below: str  # the path relative to the folder given, or as the glob matched it

    @property
    def folders(self) -> list[str]:
        return self.below.replace(os.sep, "/").split("/")[:-1]

    @property
    def labels(self) -> list[tuple[str, str]]:
        found = [folder.partition("=") for folder in self.folders]
        return [(name, value) for name, equals, value in found if name and equals]


class Given(NamedTuple):
    """A resolved INPUT: without parts it is a single file."""

    path: str
    layer: str = ""
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()


def expanded(path: str, options: ReadOptions) -> list[Given]:
    """Return what a path stands for; a glob that matches only folders stands for each of them. Raises DataError for a
    folder or glob without part files, or with part files of several formats."""
    if is_remote(path):
        return _expanded_remote(path, options)
    if os.path.isdir(path):
        return [_layer(path, _folder_name(path), list(_below(path)), options)]
    if (found := matches(path)) is None:
        return [Given(path)]
    return _matched(path, [Found(name, _size(name), os.path.isdir(name)) for name in found], options)


def _size(path: str) -> int | None:
    with suppress(OSError):  # a broken link: opening it reports the error
        return os.path.getsize(path)
    return None


def _expanded_remote(path: str, options: ReadOptions) -> list[Given]:
    remote = Remote(path)
    if (found := remote.matches()) is not None:
        return _matched(path, found, options)
    if not remote.is_folder:
        return [Given(path)]
    below = [(one, one.path.removeprefix(path.rstrip("/") + "/")) for one in remote.below()]
    files = [Part(one.path, one.size, rest) for one, rest in below if not re.search(r"(^|/)[._]", rest)]
    return [_layer(path, file_name(path), files, options)]


def _matched(path: str, found: Sequence[Found], options: ReadOptions) -> list[Given]:
    """Return what a glob with these matches stands for."""
    if not found:
        raise DataError(f"{path}: no such file", "nothing matches this pattern")
    if all(one.is_folder for one in found):
        return [given for one in found for given in expanded(one.path, options)]
    files = [Part(one.path, one.size, one.path) for one in found if not one.is_folder]
    return [_layer(path, _glob_name(path), files, options)]


def matches(path: str) -> list[str] | None:
    """Return what a glob matches, in natural order; None if the path is not a glob, or is the name of a file."""
    if not glob.has_magic(path) or os.path.lexists(path):
        return None
    return sorted(glob.glob(path, recursive=True), key=natural)


def _below(folder: str, below: str = "", seen: frozenset[str] = frozenset()) -> Iterator[Part]:
    """Yield the files below a folder, except hidden ones and those that begin with _, such as _SUCCESS."""
    own = os.path.realpath(folder)
    if own in seen:  # a cycle of links
        return
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith((".", "_"))]
        for entry in found:
            if entry.is_dir():
                yield from _below(entry.path, f"{below}{entry.name}/", seen | {own})
            else:
                yield Part(entry.path, entry.stat().st_size, below + entry.name)
    except OSError as error:
        raise DataError(f"{error.filename or folder}: {error.strerror}") from error


def _layer(path: str, layer: str, files: Sequence[Part], options: ReadOptions) -> Given:
    """Return the layer that these files form."""
    parts = _of_one_format(path, files, options)
    picked = tuple(sorted(_picked(path, parts, options.parts), key=lambda part: natural(part.path)))
    return Given(path, layer, picked, tuple(_notes(path, picked)))


def _of_one_format(path: str, files: Sequence[Part], options: ReadOptions) -> list[Part]:
    """Return the files that are tables. Raises DataError if they have several formats."""
    kinds: dict[str, list[Part]] = {}
    for part in files:
        suffixed = input_suffix(part.path)[1]
        kinds.setdefault(suffixed.name if suffixed else "", []).append(part)
    unknown = kinds.pop("", [])
    if options.format is not None:
        kinds = {options.format: kinds[options.format]} if options.format in kinds else {}
    if len(kinds) > 1:
        counts = ", ".join(f"{len(parts)} {name}" for name, parts in sorted(kinds.items()))
        raise DataError(f"{path}: has files of several formats: {counts}", "choose one with --input-format")
    found = next(iter(kinds.values()), unknown)
    if not found:
        raise DataError(f"{path}: contains no part file", "name a folder with tables, or the tables")
    return found


def _picked(path: str, parts: Sequence[Part], wanted: Sequence[tuple[str, str]]) -> list[Part]:
    """Return the parts with these labels; a name given several times matches any of its values."""
    found = list(parts)
    for name in dict.fromkeys(name for name, _ in wanted):
        values = [value for other, value in wanted if other == name]
        found = [part for part in found if any(_matches(part, name, value) for value in values)]
    if not found:
        asked = " ".join(f"--part {name}={value}" for name, value in wanted)
        there = list(dict.fromkeys(f"{name}={value}" for part in parts for name, value in part.labels))
        there = sorted(there, key=natural)
        hint = f"labels: {some(there, 8)}" if there else "no folder is a label"
        raise UsageError(f"{path}: no part matches {asked}", hint)
    return found


def _matches(part: Part, name: str, value: str) -> bool:
    return any(own == name and (is_ == value or fnmatchcase(is_, value)) for own, is_ in part.labels)


def _notes(path: str, parts: Sequence[Part]) -> Iterator[str]:
    """Yield notes on parts that are read as one layer but may be meant as several."""
    labels: dict[str, dict[str, None]] = {}
    for part in parts:
        for name, value in part.labels:
            labels.setdefault(name, {})[value] = None
    for name, values in labels.items():
        if len(values) > 1:
            first = next(iter(values))
            yield f"{path}: {len(values)} values of {name} are read as one layer; --part {name}={first} selects one"
    apart = sorted({"/".join(f for f in part.folders if "=" not in f) for part in parts}, key=natural)
    if len(apart) > 1:
        yield f"{path}: {apart[0] or '.'} to {apart[-1]} are read as one layer; name each folder for separate layers"
    elif len(parts) > 1 and not labels and not is_part(parts[0].path):
        first, last = (os.path.basename(part.path) for part in (parts[0], parts[-1]))
        yield f"{path}: {first} to {last} are read as one layer; name each file for separate layers"


def is_part(path: str) -> bool:
    """Return whether the name is a usual one for a part of a table."""
    return _PART.search(os.path.basename(path)) is not None


def _folder_name(path: str) -> str:
    return encodable(os.path.basename(os.path.abspath(path))) or path


def _glob_name(path: str) -> str:
    """Return the words before the first wildcard, or the folder before it if they only mark a part."""
    fixed = re.split(r"[*?[]", path, maxsplit=1)[0]
    folder, stem = os.path.split(fixed)
    stem = stem.rstrip(" -_.=")
    return encodable(
        stem
        if stem and "=" not in fixed[len(folder) :] and not _PART.search(stem)
        else os.path.basename(folder) or stem or path
    )
