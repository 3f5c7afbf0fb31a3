"""The order of names that contain numbers: a shell lists layer0, layer1, layer10, layer2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["given", "natural"]

_DIGITS = re.compile(r"([0-9]+)")


def natural(name: str) -> tuple[str | int, ...]:
    """Return the sort key that compares numbers in names as numbers: 1.10 comes after 1.2."""
    return tuple(int(word) if place % 2 else word for place, word in enumerate(_DIGITS.split(name)))


def arranged(names: Sequence[str], order: Order | None, what: str) -> tuple[list[int], str]:
    """Return the indices of the names in the order to use, and a note if that order is a guess.

    Names in alphabetical but not natural order were listed by a shell or by `sorted`: nobody means layer10 to come
    before layer2.
    """
    given = list(range(len(names)))
    if order == "given":
        return given, ""
    found = sorted(given, key=lambda place: natural(names[place]))
    if order == "natural" or found == given or not _is_listed(names):
        return (found if order == "natural" else given), ""
    at = next(place for place, other in zip(given, found, strict=True) if place != other)
    before = f"{names[found[at]]} before {names[at]}"
    return found, f"{what} are read in natural order, {before}; --order given keeps their order"


def _is_listed(names: Sequence[str]) -> bool:
    """Return whether the names are in alphabetical order, perhaps of a locale that ignores punctuation."""
    plain = [re.sub(r"\W", "", name) for name in names]
    return list(names) == sorted(names) or plain == sorted(plain)
