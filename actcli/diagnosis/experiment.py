"""Train in one call: everything that the command line can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Array, Function
from actcli.diagnosis.training import Experiment, judged
from actcli.errors import DataError, UsageError
from actcli.registry.specs import family
from actcli.tables.bundles import open_bundle
from actcli.tables.options import ReadOptions
from actcli.text import counted
from actcli.training.data import Preparation, prepared
from actcli.training.experiment import Plan, Watch, run_all
from actcli.training.raw import Raw, given, read, read_arrays
from actcli.training.records import Data
from actcli.training.search import Search
from actcli.training.settings import Design, Recipe

_DESIGN, _RECIPE = Design(), Recipe()


def train(
    functions: Sequence[Function | str] | Function | str,
    data: str | tuple[ArrayLike, ArrayLike],
    target: str = "target",
    *,
    test: str | tuple[ArrayLike, ArrayLike] | None = None,
    arrays: str = "",
    preparation: Preparation | None = None,
    reading: ReadOptions | None = None,
    design: Design = _DESIGN,
    recipe: Recipe = _RECIPE,
    seeds: int = 3,
    search: Sequence[str] = (),
    weights: str | Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
    watch: Watch | None = None,
    note: Callable[[str], None] | None = None,
) -> Experiment:
    """Train the same small network under several functions, and report which is better and how certain that is.

    `functions` are functions or FUNCTION specs, including sweeps. `data` is a table with a column `target`, an NPZ with
    an array of that name (`arrays` names its features), or a pair of arrays, features and target. `test` takes the same
    forms, and is scored on instead of a held-out share. The records `preparation`, `design` and `recipe` hold the
    options of `actcli train`. Each function gets `seeds` runs, whose seeds count up from that of `preparation`. `watch`
    is called for every epoch; `note` gets a line about each guess and about data that is left out.

    Raises UsageError and DataError as the command does.
    """
    if seeds < 1:
        raise UsageError(f"seeds = {seeds}", "give at least one")
    how = preparation or Preparation()
    given_functions = [functions] if isinstance(functions, Function | str) else functions
    every = [f for spec in given_functions for f in (family(spec) if isinstance(spec, str) else (spec,))]
    reading = reading or ReadOptions(threads=threads)
    raw, held = _source(data, target, arrays, reading)
    if test is not None:
        held, _ = _source(test, target, arrays, reading)
        if held.columns != raw.columns:
            raise DataError(f"{held.source} has other features than {raw.source}", "give tables with the same columns")
    plan = Plan(
        functions=tuple(dict.fromkeys(every)),
        seeds=tuple(range(how.seed, how.seed + seeds)),
        design=design,
        recipe=recipe,
        search=Search.of(search),
        threads=threads,
        weights=None if weights is None else _weights(weights),
    )
    ready = prepared(raw, held, how, design.dtype)
    if note is not None:
        for line in _notes(ready):
            note(line)
    return judged(run_all(ready, plan, watch) if watch else run_all(ready, plan))


def _source(data: Any, target: str, arrays: str, reading: ReadOptions) -> tuple[Raw, Raw | None]:
    if not isinstance(data, str):
        return given(data[0], data[1], target), None
    if data.lower().endswith(".npz") or arrays:
        return read_arrays(data, target, arrays)
    return read(data, target, reading), None


def _weights(weights: str | Mapping[str, ArrayLike]) -> tuple[str, Mapping[str, Array]]:
    if isinstance(weights, str):
        return weights, {name: stored.load() for name, stored in open_bundle(weights).items()}
    return "weights", {name: np.asarray(values) for name, values in weights.items()}


def _notes(data: Data) -> Iterator[str]:
    """A line about each guess, about rows that are left out, and about columns without effect."""
    yield from data.guesses
    if data.missing:
        columns = ", ".join(f"{name} ({count})" for name, count in data.missing)
        yield f"{data.source}: {counted(data.left_out, 'rows')} left out: a value is missing in {columns}"
    if data.constant:
        columns = ", ".join(data.constant[:8]) + (" ..." if len(data.constant) > 8 else "")
        yield f"{data.source}: constant columns, without effect: {columns}"
