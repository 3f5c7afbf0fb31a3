"""A function in words, from which another process makes the same: no code travels."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

from actcli.activation import Function
from actcli.errors import UsageError
from actcli.registry import additions, specs
from actcli.registry.collection import ACTIVATIONS

_BUILT_IN = frozenset(ACTIVATIONS)
_resolving = threading.Lock()  # the registry is one of the process


@dataclass(frozen=True, slots=True)
class Words:
    """The FUNCTION spec, the formula that it must have, and the names and texts of the files that define what it
    names."""

    spec: str
    formula: str
    definitions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, function: Function) -> Words:
        built_in = function.activation in _BUILT_IN
        texts = () if built_in else (*additions.current().texts, *additions.own_text())
        return cls(function.label, function.activation.formula, texts)


@lru_cache(maxsize=256)
def function_of(words: Words) -> Function:
    """The function that the words are of. Raises UsageError where they mean nothing, or another one, here."""
    with _resolving, additions.using(words.definitions):
        function = specs.get(words.spec)
    if function.activation.formula != words.formula:
        what = f"{function.name} is another function here, {function.activation.formula}, than {words.formula}"
        raise UsageError(what, "install the same packages on the workers")
    return function
