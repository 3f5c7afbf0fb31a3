"""What a program asks for in one call: arrays in, a frozen result out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Function
from actcli.diagnosis.diagnose import Diagnosis
from actcli.diagnosis.diagnose import diagnose as diagnose_measured
from actcli.errors import DataError, positive
from actcli.measuring.probe import Probe, Thresholds
from actcli.registry.specs import resolve

_DEFAULT = Thresholds()


def diagnose(
    function: Function | str,
    layers: Mapping[str, ArrayLike],
    *,
    epsilon: float = _DEFAULT.epsilon,
    tau: float = _DEFAULT.tau,
    alpha: float = _DEFAULT.alpha,
) -> Diagnosis:
    """Tell where the gradient of `function` vanishes in the pre-activations of a network's layers, first to last.

    Each layer is an array of shape (samples, neurons); its neurons are named "1", "2" and so on. NaN and infinities
    are counted as non-finite and left out of every ratio. `epsilon`, `tau` and `alpha` are those of
    `actcli saturation`: |f'| below epsilon vanishes, |f'| <= tau * sup|f'| saturates, and a neuron is dead when at most
    the share alpha of its samples has |f'| >= epsilon.

    Raises UsageError for a function that is not known, and for an epsilon that is not above 0, DataError for a layer
    that is not such an array of numbers.
    """
    probe = Probe.of(resolve(function), Thresholds(positive("epsilon", epsilon), tau, alpha))
    measured = []
    for name, layer in layers.items():
        x = _numbers(name, layer)
        measured.append((name, [str(i + 1) for i in range(x.shape[1])], probe.measure(x)))
    return diagnose_measured(probe, measured)


def _numbers(name: str, layer: ArrayLike) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    try:
        x = np.asarray(layer, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name}: not every entry is a number") from None
    if x.ndim != 2:
        raise DataError(f"{name}: has the shape {x.shape}", "a layer has the shape (samples, neurons)")
    return x.reshape(x.shape[0], x.shape[1])
