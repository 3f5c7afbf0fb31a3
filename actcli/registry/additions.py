"""What is not built in: the definitions of functions files, and what installed packages declare.

A `Registry` is a value. `use` sets the one of this process, as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import TYPE_CHECKING

from actcli.activation import Activation
from actcli.registry.collection import ACTIVATIONS, BUILT_IN, Collection

if TYPE_CHECKING:
    from actcli.expressions.rewrite import Rewriter


@dataclass(frozen=True, slots=True)
class Additions:
    """A collection with what the user's own file and the packages bring, and a line for each thing left out."""

    collection: Collection
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Registry:
    """What a name may mean: an activation of `given` or, where it is none, of `additions`, which are read then."""

    given: Collection = BUILT_IN
    texts: tuple[tuple[str, str], ...] = ()  # the names and texts of the files that define what is given
    has_own: bool = True  # whether the user's own file is one of the additions

    @cached_property
    def additions(self) -> Additions:
        """Raises DataError for a fault in the user's own file."""
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
        """What the additions left out, and why; nothing while no name has needed them."""
        return self.additions.left_out if "additions" in vars(self) else ()

    def find(self, name: str) -> Activation:
        """Raises UsageError that names the nearest ones."""
        return self.given.get(name) or self.additions.collection.find(name)

    def with_definitions(self, path: str) -> Registry:
        """With those of a functions file. Raises DataError that names the file and the key."""
        return self.with_text(path, _text(path))

    def with_text(self, path: str, text: str) -> Registry:
        """With those of the text of such a file."""
        given = _defined(self.given, path, text, self.find)
        return Registry(given, (*self.texts, (path, text)), self.has_own)


_WITHOUT_FILES = Registry()
_current = _WITHOUT_FILES


def current() -> Registry:
    """The registry of this process."""
    return _current


def use(paths: Sequence[str]) -> None:
    """From here on names are also those that these files define, and no others. Raises DataError for a fault in one."""
    _set(reduce(Registry.with_definitions, paths, _WITHOUT_FILES))


@contextmanager
def using(texts: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Within, names are also those that these texts define, and no others: not even those of the user's own file."""
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
    """The user's own file, where there is one."""
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    path = os.path.join(folder, "actcli", "functions.toml")
    return ((path, _text(path)),) if os.path.exists(path) else ()


def _text(path: str) -> str:
    from actcli.expressions import definitions

    return definitions.text_of(path)


def activations() -> tuple[Activation, ...]:
    """Every activation: built in, of functions files, and of installed packages."""
    return current().additions.collection.activations


def names() -> list[str]:
    """Every name and alias, as declared."""
    return [name for activation in activations() for name in activation.names]


@lru_cache(maxsize=1)
def rewriter() -> Rewriter:
    """The rules that give a formula its stable form."""
    from actcli.expressions.rewrite import Rewriter

    return Rewriter(ACTIVATIONS, BUILT_IN.find)


def _defined(collection: Collection, path: str, text: str, find: Callable[[str], Activation]) -> Collection:
    """With the definitions of a file, whose formulas name those above them and what is found otherwise."""
    from pathlib import Path

    from actcli.expressions import definitions

    def add(activation: Activation) -> None:
        nonlocal collection
        collection = _added(collection, activation)

    definitions.read(Path(path), text, lambda name: collection.get(name) or find(name), rewriter().stable, add)
    return collection


def _added(collection: Collection, activation: Activation) -> Collection:
    """Raises ValueError where one of its names is taken."""
    from actcli.expressions.parse import RESERVED

    if reserved := RESERVED.intersection(activation.names):
        raise ValueError(f"{min(reserved)!r} has a meaning in formulas")
    return collection.plus(activation)
