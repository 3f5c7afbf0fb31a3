"""Activations that are not built in: from functions files and installed packages.

A `Registry` is an immutable value. `use` replaces that of this process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import TYPE_CHECKING, NamedTuple

from actcli.activation import Activation
from actcli.registry.collection import ACTIVATIONS, BUILT_IN, Collection

if TYPE_CHECKING:
    from actcli.expressions.rewrite import Rewriter


class Additions(NamedTuple):
    """A collection with the activations of the user's own file and of packages, and a line per activation left out."""

    collection: Collection
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Registry:
    """The activations that a name can mean: those in `given`, else those in `additions`, which are read on demand."""

    given: Collection = BUILT_IN
    texts: tuple[tuple[str, str], ...] = ()  # the names and contents of the files that define `given`
    has_own: bool = True  # whether `additions` include the user's own file

    @cached_property
    def additions(self) -> Additions:
        """Raises DataError for an error in the user's own file."""
        from actcli.registry.packages import installed

        collection = self.given
        for path, text in own_text() if self.has_own else ():
            collection = _defined(collection, path, text, collection.find)
        found, left_out = installed()
        for activation in found:
            try:
                collection = _added(collection, activation)
            except ValueError as error:
                left_out.append(f"{activation.name} of an installed package is left out: {error}")
        return Additions(collection, tuple(left_out))

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the additions left out, and why; empty until they are read."""
        return self.additions.left_out if "additions" in vars(self) else ()

    def find(self, name: str) -> Activation:
        """Return the activation of this name. Raises UsageError with the nearest names."""
        return self.given.get(name) or self.additions.collection.find(name)

    def with_definitions(self, path: str) -> Registry:
        """Add the definitions of a functions file. Raises DataError that names the file and the key."""
        return self.with_text(path, _text(path))

    def with_text(self, path: str, text: str) -> Registry:
        """Add the definitions in the text of a functions file."""
        given = _defined(self.given, path, text, self.find)
        return Registry(given, (*self.texts, (path, text)), self.has_own)


_WITHOUT_FILES = Registry()
_current = _WITHOUT_FILES


def current() -> Registry:
    """Return the registry of this process."""
    return _current


def use(paths: Sequence[str]) -> None:
    """Replace all added definitions with those of these files. Raises DataError for an error in one."""
    _set(reduce(Registry.with_definitions, paths, _WITHOUT_FILES))


@contextmanager
def using(texts: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Temporarily replace all added definitions, even those of the user's own file, with those of these texts."""
    before = current()
    _set(reduce(lambda registry, text: registry.with_text(*text), texts, Registry(has_own=False)))
    try:
        yield
    finally:
        _set(before)


def _set(registry: Registry) -> None:
    global _current  # noqa: PLW0603 - the one place
    _current = registry


def own_text() -> tuple[tuple[str, str], ...]:
    """Return the path and text of the user's own file, if it exists."""
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    path = os.path.join(folder, "actcli", "functions.toml")
    return ((path, _text(path)),) if os.path.exists(path) else ()


def _text(path: str) -> str:
    from actcli.expressions import definitions

    return definitions.text_of(path)


def activations() -> tuple[Activation, ...]:
    """Return every activation: built in, from functions files, and from installed packages."""
    return current().additions.collection.activations


def names() -> list[str]:
    """Return every name and alias, as declared."""
    return [name for activation in activations() for name in activation.names]


@lru_cache(maxsize=1)
def rewriter() -> Rewriter:
    """Return the rewriter that gives formulas a stable form."""
    from actcli.expressions.rewrite import Rewriter

    return Rewriter(ACTIVATIONS, BUILT_IN.find)


def _defined(collection: Collection, path: str, text: str, find: Callable[[str], Activation]) -> Collection:
    """Add the definitions of a file, whose formulas can use those above them and whatever `find` finds."""
    from pathlib import Path

    from actcli.expressions import definitions

    def add(activation: Activation) -> None:
        nonlocal collection
        collection = _added(collection, activation)

    definitions.read(Path(path), text, lambda name: collection.get(name) or find(name), rewriter().stable, add)
    return collection


def _added(collection: Collection, activation: Activation) -> Collection:
    """Add an activation. Raises ValueError if one of its names is taken."""
    from actcli.expressions.parse import RESERVED

    if reserved := RESERVED.intersection(activation.names):
        raise ValueError(f"{min(reserved)!r} is reserved in formulas")
    return collection.plus(activation)
