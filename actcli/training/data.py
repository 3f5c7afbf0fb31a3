"""Tables -> features and a target, with rows held out and numbers scaled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array
from actcli.errors import DataError, UsageError
from actcli.text import counted
from actcli.training.raw import Raw
from actcli.training.records import Data, Rows, Scaling
from actcli.training.words import Dtype, Scale, Task

SPLIT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How to prepare data for training. `split` is the share to hold out, 0 to score on the training rows."""

    task: Task | None = None
    split: float | None = None  # None: SPLIT, unless other rows are given for scoring
    scale: Scale = "standard"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split is not None and not 0.0 <= self.split < 1.0:
            raise UsageError(f"split = {self.split:g}", "give a share from 0 to below 1")


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows with their true targets: the number of the class, or the quantity."""

    raw: Raw
    truth: NDArray[Any]


def prepared(raw: Raw, test: Raw | None, how: Preparation, dtype: Dtype) -> Data:
    """The data for training and scoring. Raises DataError if the target or the features do not allow it."""
    task, guesses = _task(raw, how.task)
    numbers = _numbers(raw.target) if task == "regress" else None
    if task == "regress" and numbers is None:
        raise DataError(
            f"{raw.source}: the target {raw.name} contains words", "use --task classify or another --target"
        )
    classes = _classes(raw, numbers)
    truth = _truth(raw, classes, task)
    scored = test if how.split is None else None
    if scored is not None:
        parts = _Part(raw, truth), _Part(scored, _truth(scored, classes, task))
    elif how.split == 0.0:
        parts = (_Part(raw, truth),) * 2
    else:
        held = _held_out(truth, classes, how)
        parts = _Part(raw.part(~held), truth[~held]), _Part(raw.part(held), truth[held])
    return _assembled(*parts, classes, task, how.scale, dtype, (*raw.guesses, *guesses))


def _task(raw: Raw, given: Task | None) -> tuple[Task, tuple[str, ...]]:
    """The task and what was guessed: whole numbers and words are classes."""
    if given is not None:
        return given, ()
    numbers = _numbers(raw.target)
    if numbers is None:
        return "classify", ()
    if not np.equal(numbers, np.rint(numbers)).all():
        return "regress", (f"{raw.name} has fractions and is treated as a quantity; override with --task classify",)
    count = len(np.unique(numbers))
    return "classify", (f"{raw.name}: {count} whole numbers are treated as classes; override with --task regress",)


def _numbers(target: NDArray[Any]) -> Array | None:
    """The target as numbers, None if it contains words."""
    return None if target.dtype.kind in "UO" else target.astype(np.float64)


def _classes(raw: Raw, numbers: Array | None) -> NDArray[Any]:
    """The classes in order; none for a quantity. Raises DataError if there is only one, or too many for the rows."""
    if numbers is not None:
        return np.empty(0)
    classes = np.unique(raw.target)
    rows = counted(len(raw.target), "rows")
    if len(classes) < 2:
        only = f"has only one class, {str(classes[0]).removesuffix('.0')}" if len(classes) else "has no value"
        raise DataError(
            f"{raw.source}: the target {raw.name} {only}", "there is nothing to learn: use another --target"
        )
    if 2 * len(classes) > len(raw.target):
        text = f"{raw.source}: the target {raw.name} has {len(classes)} classes in {rows}"
        raise DataError(text, "a class needs rows for training and for scoring; for a quantity use --task regress")
    return classes


def _truth(raw: Raw, classes: NDArray[Any], task: Task) -> NDArray[Any]:
    """The target as the number of the class in each row, or as the quantity."""
    if task == "regress":
        numbers = _numbers(raw.target)
        assert numbers is not None
        if len(numbers) < 2 or np.ptp(numbers) == 0.0:
            raise DataError(f"{raw.source}: the target {raw.name} has only one value", "there is nothing to learn")
        return numbers
    if raw.target.dtype.kind != classes.dtype.kind and "U" in (raw.target.dtype.kind, classes.dtype.kind):
        found = np.full(len(raw.target), len(classes))
    else:
        found = np.searchsorted(classes, raw.target)
    known = found < len(classes)
    known[known] = classes[found[known]] == raw.target[known]
    if not known.all():
        first = raw.target[~known][0]
        raise DataError(f"{raw.source}: no training row has the class {first}", "add training rows with this class")
    return found


def _held_out(truth: NDArray[Any], classes: NDArray[Any], how: Preparation) -> NDArray[np.bool_]:
    """Flags of the rows to hold out: the same share of every class."""
    rng = np.random.default_rng([how.seed, 3])
    share = SPLIT if how.split is None else how.split
    held = np.zeros(len(truth), bool)
    groups = [np.flatnonzero(truth == k) for k in range(len(classes))] if len(classes) else [np.arange(len(truth))]
    for rows in groups:
        held[rng.permutation(rows)[: round(share * len(rows))]] = True
    if not held.any():
        raise DataError(
            f"a share of {share:g} holds out none of {len(truth)} rows",
            "use a larger --split, --test FILE, or --split 0 to score on the training rows",
        )
    return held


def _assembled(
    train: _Part,
    test: _Part,
    classes: NDArray[Any],
    task: Task,
    scale: Scale,
    dtype: Dtype,
    guesses: tuple[str, ...],
) -> Data:
    raw, same = train.raw, test is train
    train_features = _widened(raw, dtype)
    test_features = train_features if same else _widened(test.raw, dtype)
    scaling, constant = _scaling(train_features[:, :-1], scale)
    for features in (train_features,) if same else (train_features, test_features):
        scaling(features[:, :-1])
    targets, test_targets = (_targets(part, classes, dtype) for part in (train.truth, test.truth))
    target_scaling = Scaling(np.zeros(1), np.ones(1))
    if task == "regress" and scale == "standard":
        target_scaling, _ = _scaling(targets, scale)
        for part in (targets, test_targets):
            target_scaling(part)
    return Data(
        source=raw.source,
        target=raw.name,
        task=task,
        features=raw.columns,
        classes=tuple(_word(value) for value in classes.tolist()),
        train=Rows(train_features, targets),
        test=Rows(test_features, test_targets),
        held_out=not same,
        scaling=scaling,
        target_scaling=target_scaling,
        missing=raw.missing,
        left_out=raw.left_out,
        constant=tuple(raw.columns[i] for i in constant),
        guesses=guesses,
    )


def _widened(raw: Raw, dtype: Dtype) -> Array:
    """The features followed by a column of ones."""
    rows = raw.rows if raw.rows is not None else np.arange(len(raw.features))
    found = np.ones((len(rows), raw.features.shape[1] + 1), dtype)
    for start in range(0, len(rows), 4096):
        part = rows[start : start + 4096]
        found[start : start + len(part), :-1] = raw.features[part]
    return found


def _scaling(x: Array, kind: Scale) -> tuple[Scaling, list[int]]:
    """The mean and standard deviation (1 instead of 0) of each column; and the columns with only one value."""
    constant = np.flatnonzero(x.min(axis=0) == x.max(axis=0)).tolist()
    width = x.shape[1]
    if kind == "none":
        return Scaling(np.zeros(width), np.ones(width)), constant
    mean = x.mean(axis=0, dtype=np.float64)
    square = np.zeros(width)
    for start in range(0, len(x), 4096):
        square += np.square(x[start : start + 4096] - mean).sum(axis=0)
    scale = np.sqrt(square / len(x))
    scale[constant] = 1.0
    mean[constant] = x[0, constant]
    return Scaling(mean, scale), constant


def _targets(truth: NDArray[Any], classes: NDArray[Any], dtype: Dtype) -> Array:
    if not len(classes):
        return np.asarray(truth[:, None], dtype=dtype)
    found: Array = np.zeros((len(truth), len(classes)), dtype)
    found[np.arange(len(truth)), truth] = 1.0
    return found


def _word(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and math.isfinite(value) and value == int(value) else str(value)
