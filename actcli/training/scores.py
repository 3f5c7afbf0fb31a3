"""Scores of outputs: accuracy, macro precision and recall, R²."""

from __future__ import annotations

import numpy as np

from actcli.activation import Array
from actcli.training.losses import LOSSES
from actcli.training.records import Scores
from actcli.training.words import Task


def scores(outputs: Array, targets: Array, task: Task) -> Scores:
    """The scores of outputs, which are overwritten."""
    if not np.isfinite(outputs).all():
        chance = None if task == "regress" else float(np.mean(targets[:, 0]))
        return Scores(loss=float("nan"), accuracy=chance, r2=float("nan") if task == "regress" else None)
    if task == "regress":
        apart = targets - targets.mean(axis=0)
        spread, off = float(np.vdot(apart, apart)), outputs - targets
        r2 = 1.0 - float(np.vdot(off, off)) / spread if spread else float("nan")
        return Scores(loss=LOSSES[task](outputs, targets), r2=r2)
    truth, guess = targets.argmax(axis=1), outputs.argmax(axis=1)
    classes = targets.shape[1]
    hits = np.bincount(truth[truth == guess], minlength=classes)
    actual, predicted = np.bincount(truth, minlength=classes), np.bincount(guess, minlength=classes)
    present = actual > 0
    return Scores(
        loss=LOSSES[task](outputs, targets),
        accuracy=float(hits.sum() / len(truth)),
        precision=float(np.mean(hits[present] / np.maximum(predicted[present], 1))),
        recall=float(np.mean(hits[present] / actual[present])),
    )
