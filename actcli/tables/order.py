"""The order of names that hold numbers: a shell gives layer0, layer1, layer10, layer2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["given", "natural"]

_DIGITS = re.compile(r"([0-9]+)")


def natural(name: str) -> tuple[str | int, ...]:
    """What names are sorted by where numbers count as such, as in the names of modules: 1.10 is behind 1.2."""
    return tuple(int(word) if place % 2 else word for place, word in enumerate(_DIGITS.split(name)))


def arranged(names: Sequence[str], order: Order | None, what: str) -> tuple[list[int], str]:
    """The places of the names in the order to take them in, and what to say where that is a guess.

    Names that stand in the order of their characters, which is not the natural one, were listed by a shell or by
    `sorted`: nobody means layer10 to be before layer2.
    """
    given = list(range(len(names)))
    if order == "given":
        return given, ""
    found = sorted(given, key=lambda place: natural(names[place]))
    if order == "natural" or found == given or not _is_listed(names):
        return (found if order == "natural" else given), ""
    at = next(place for place, other in zip(given, found, strict=True) if place != other)
    before = f"{names[found[at]]} before {names[at]}"
    return found, f"{what} are taken in natural order, {before}; --order given keeps the order as it is"


def _is_listed(names: Sequence[str]) -> bool:
    """Whether the names are in the order of their characters, or in that of a locale that passes over punctuation."""
    plain = [re.sub(r"\W", "", name) for name in names]
    return list(names) == sorted(names) or plain == sorted(plain)
