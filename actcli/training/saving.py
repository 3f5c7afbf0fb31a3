"""What was trained, as a file: the arrays of an NPZ."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import numpy as np

from actcli.errors import UsageError
from actcli.training.records import Run, Trained

_ENDINGS = (".npz",)


def check(paths: Sequence[str]) -> None:
    """Raises UsageError where the name of a file says no form."""
    for path in paths:
        if os.path.splitext(path)[1].lower() not in _ENDINGS:
            raise UsageError(f"{path}: its name says no form of a network", f"end it in {' or '.join(_ENDINGS)}")


def encoded(path: str, trained: Trained, run: Run) -> bytes:
    """The network of a run: the arrays that `--weights` takes, for scaled features, and the scaling."""
    file = io.BytesIO()
    scaling, target = trained.data.scaling, trained.data.target_scaling
    more = {"feature_mean": scaling.mean, "feature_scale": scaling.scale}
    more |= {"target_mean": target.mean, "target_scale": target.scale} if trained.data.task == "regress" else {}
    arrays: dict[str, np.ndarray] = {**run.weights, **more}
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
