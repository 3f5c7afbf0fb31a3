"""How to read tables: in its own module, so that commands that read none load nothing else of this package."""

from typing import Literal, NamedTuple


class ReadOptions(NamedTuple):
    """How to read tables; by default everything is guessed from the file."""

    format: str | None = None  # a name from `format.py`; None: by the suffix, else by the first bytes
    header: bool | None = None  # None: a header if any cell of the first row is not a number
    separator: str | None = None  # of the cells of a text, see `layout.separator_of`; None: guessed
    decimal: str | None = None  # the decimal sign of a text, "." or ","; None: guessed
    comment: str | None = None  # prefix of lines of text that are not rows; None: # if the first line has it
    nulls: tuple[str, ...] = ()  # cells that mean missing, besides the empty cell
    columns: tuple[str, ...] = ()  # selections as typed after -c, see `columns.pick`
    axis: int | None = None  # the axis of an array that counts neurons, see `numerics.axes.neuron_axis`
    on_error: str = "stop"  # or "skip": leave out unreadable rows of text, and count them in their block
    threads: int | None = None  # None: one more than the machine has processors, at most five
    order: Literal["given", "natural"] | None = "given"  # None: natural if the inputs are in shell order
    parts: tuple[tuple[str, str], ...] = ()  # labels of the parts to read from a folder or a glob
    block_values: int = 1 << 18  # numbers per block, roughly; more for wide tables
