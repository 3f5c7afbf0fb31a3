"""How to read tables: apart, so that a command that reads none need not load more of this room."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read; the defaults let the file speak for itself."""

    format: str | None = None  # the name of one in `format.py`; None: by the name, else by the first bytes
    header: bool | None = None  # None: there is one when any cell of the first row is not a number
    nulls: tuple[str, ...] = ()  # cells that mean missing, besides the empty cell
    columns: tuple[str, ...] = ()  # selections as typed after -c, see `columns.pick`
    on_error: str = "stop"  # or "skip": rows of text that cannot be read are left out, counted in their block
    threads: int | None = None  # None: one more than the machine has processors, at most five
    order: Literal["given", "natural"] | None = "given"  # None: natural where the given one is the shell's
    parts: tuple[tuple[str, str], ...] = ()  # labels of the parts to take of a folder or a glob
    block_values: int = 1 << 18  # numbers a block, about; wide tables get more
