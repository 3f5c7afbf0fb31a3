"""A function as words from which another process can rebuild it, without sending code."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import NamedTuple

from actcli.activation import Function
from actcli.errors import UsageError
from actcli.registry import additions, specs
from actcli.registry.collection import ACTIVATIONS

_BUILT_IN = frozenset(ACTIVATIONS)
_resolving = threading.Lock()  # the registry is global to the process


class Words(NamedTuple):
    """The FUNCTION spec, the formula that it must resolve to, and the names and texts of the files that define it."""

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
    """Return the function of these words. Raises UsageError if they mean nothing, or another function, here."""
    with _resolving, additions.using(words.definitions):
        function = specs.get(words.spec)
    if function.activation.formula != words.formula:
        message = f"{function.name} has another formula here: {function.activation.formula}, not {words.formula}"
        raise UsageError(message, "install the same packages on the workers")
    return function
