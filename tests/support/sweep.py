"""How much to test: a part in a normal run, everything in a sweep (`pytest --sweep`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

full = False  # set before the tests are collected


def part(items: Sequence[T], step: int) -> Sequence[T]:
    """One in `step` of the items, spread over all of them."""
    return items if full else items[::step]


def number(usual: int, most: int) -> int:
    """The number of random examples."""
    return most if full else usual
