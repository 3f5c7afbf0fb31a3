"""A small table of results on its way out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actcli.text import Cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """Named columns and rows of cells; `rows` may be a generator, which is then written as it comes."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]
