"""The environment variables that libraries may see: no library's settings can change, spoil or end a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

SIDES = range(1, 10_000)  # the columns and lines of a terminal


class Rule(NamedTuple):
    """How to treat the variables of a library that match a glob."""

    names: str
    library: str  # the module: only runs that import it print a note
    keeps: Callable[[str], bool] = lambda value: False
    instead: str | None = None  # the value to set in any case
    noted: bool = True  # whether a note says that it is ignored, because it would have had an effect here


def _number(values: Sequence[int]) -> Callable[[str], bool]:
    return lambda value: value.isascii() and value.isdecimal() and len(value) < 6 and int(value) in values


# The first rule that matches a name applies.
RULES = (
    Rule("COLUMNS", "rich", _number(SIDES)),
    Rule("COLUMNS", "plotille", _number(SIDES)),
    Rule("LINES", "plotille", _number(SIDES)),
    Rule("POLARS_MAX_THREADS", "polars", _number(range(1, 257))),
    Rule("POLARS_SKIP_CPU_CHECK", "polars", lambda value: True),
    Rule("POLARS_FMT_*", "polars", noted=False),
    Rule("POLARS_*", "polars"),
    Rule("_RJEM_MALLOC_CONF", "polars", noted=False),  # set by polars for every child of a Python process
    Rule("MPLBACKEND", "matplotlib", instead="agg", noted=False),  # set by Jupyter
    Rule("MATPLOTLIBRC", "matplotlib", instead=os.devnull, noted=False),  # figures are the same for every user
    Rule("NPY_*", "numpy"),
    Rule("NUMPY_*", "numpy"),
    # Starting a thread per processor takes 10 ms and more, and no large matrices are multiplied here.
    Rule("OPENBLAS_NUM_THREADS", "numpy", instead="1", noted=False),
    Rule("OPENBLAS_*", "numpy"),
)


def prepare() -> list[tuple[str, str]]:
    """Remove the variables that the rules do not keep; return the names to note, each with its library."""
    found = []
    for name in [*os.environ]:
        rule = next((rule for rule in RULES if fnmatchcase(name, rule.names)), None)
        if rule is not None and not rule.keeps(os.environ[name]):
            del os.environ[name]
            if rule.noted:
                found += [(name, each.library) for each in RULES if each.names == rule.names]
    os.environ.update({rule.names: rule.instead for rule in RULES if rule.instead is not None})
    return found


def notes(ignored: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line for each variable whose library this run has imported."""
    for name in dict.fromkeys(name for name, library in ignored if library in sys.modules):
        yield f"the environment variable {name} is ignored"
