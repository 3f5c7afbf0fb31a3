"""Losses: each returns the mean loss of a batch and replaces the outputs by its derivatives with respect to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from actcli.activation import Array
from actcli.training.words import Task

Loss: TypeAlias = Callable[[Array, Array], float]


def cross_entropy(outputs: Array, targets: Array) -> float:
    """Cross-entropy of the softmax of the outputs, with one-hot targets."""
    share = 1.0 / len(outputs)
    outputs -= np.maximum.reduce(outputs, axis=1, keepdims=True)
    chosen = np.vdot(targets, outputs)
    np.exp(outputs, out=outputs)
    total = np.add.reduce(outputs, axis=1, keepdims=True)
    outputs /= total
    outputs -= targets
    outputs *= share
    np.log(total, out=total)
    return float((np.add.reduce(total, axis=None) - chosen) * share)


def mean_square(outputs: Array, targets: Array) -> float:
    """Mean square of the difference, over all outputs."""
    outputs -= targets
    share = 1.0 / outputs.size
    loss = float(np.vdot(outputs, outputs) * share)
    outputs *= 2.0 * share
    return loss


LOSSES: dict[Task, Loss] = {"classify": cross_entropy, "regress": mean_square}
