"""What of the environment the libraries may see: none of their settings can change, spoil or end a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

SIDES = range(1, 10_000)  # the columns and lines of a terminal


class Rule(NamedTuple):
    """Variables of a library, by a glob."""

    names: str
    library: str  # the module whose runs a note is for
    keeps: Callable[[str], bool] = lambda value: False
    instead: str | None = None  # what is set, whatever was
    said: bool = True  # whether a note says that it is ignored: where it would have had a meaning here


def _number(values: Sequence[int]) -> Callable[[str], bool]:
    return lambda value: value.isascii() and value.isdecimal() and len(value) < 6 and int(value) in values


# The first rule that a name fits is its own.
RULES = (
    Rule("COLUMNS", "rich", _number(SIDES)),
    Rule("COLUMNS", "plotille", _number(SIDES)),
    Rule("LINES", "plotille", _number(SIDES)),
    Rule("POLARS_MAX_THREADS", "polars", _number(range(1, 257))),
    Rule("POLARS_SKIP_CPU_CHECK", "polars", lambda value: True),
    Rule("POLARS_FMT_*", "polars", said=False),
    Rule("POLARS_*", "polars"),
    Rule("_RJEM_MALLOC_CONF", "polars", said=False),  # polars sets it for all that a program of Python runs
    Rule("MPLBACKEND", "matplotlib", instead="agg", said=False),  # which Jupyter sets
    Rule("MATPLOTLIBRC", "matplotlib", instead=os.devnull, said=False),  # figures are the same for all
    Rule("NPY_*", "numpy"),
    Rule("NUMPY_*", "numpy"),
    # A thread for each processor to multiply matrices, which is not done here, would take 10 ms and more.
    Rule("OPENBLAS_NUM_THREADS", "numpy", instead="1", said=False),
    Rule("OPENBLAS_*", "numpy"),
)


def prepare() -> list[tuple[str, str]]:
    """Take away the settings that the rules do not keep: each, with the library that it was for."""
    found = []
    for name in [*os.environ]:
        rule = next((rule for rule in RULES if fnmatchcase(name, rule.names)), None)
        if rule is not None and not rule.keeps(os.environ[name]):
            del os.environ[name]
            if rule.said:
                found += [(name, each.library) for each in RULES if each.names == rule.names]
    os.environ.update({rule.names: rule.instead for rule in RULES if rule.instead is not None})
    return found


def notes(ignored: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line for each that would have had a part in this run."""
    for name in dict.fromkeys(name for name, library in ignored if library in sys.modules):
        yield f"{name} of the environment is ignored"
