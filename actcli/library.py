"""What a program asks for in one call: arrays in, a frozen result out."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Function
from actcli.analysis import meanfield, regions
from actcli.analysis.meanfield import MeanField
from actcli.analysis.regions import Region
from actcli.diagnosis.diagnose import Diagnosis
from actcli.diagnosis.diagnose import diagnose as diagnose_measured
from actcli.errors import DataError, UsageError
from actcli.measuring.probe import Probe, Thresholds
from actcli.registry import specs as registry

_DEFAULT = Thresholds()


def vanishing_regions(function: Function | str, epsilon: float = _DEFAULT.epsilon) -> tuple[Region, ...]:
    """The maximal intervals of x with |f'(x)| < epsilon, ascending.

    There are none for a rowwise or gated function, whose f' is of a row.
    Raises UsageError for a function that is not known, and for an epsilon that is not above 0.
    """
    return regions.vanishing_regions(_function(function), _positive("epsilon", epsilon))


def mean_field(function: Function | str, q: float = 1.0) -> MeanField:
    """E[f], E[f^2] and E[f'^2] over z ~ N(0, q), and what they say of a deep network at initialisation.

    The means are None for a rowwise or gated function, and where they do not exist. Raises UsageError for a function
    that is not known, and for a variance q that is not above 0.
    """
    function = _function(function)
    if function.rowwise:
        return MeanField(_positive("q", q), None, None, None)
    return meanfield.mean_field(function, _positive("q", q))


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
    probe = Probe.of(_function(function), Thresholds(_positive("epsilon", epsilon), tau, alpha))
    measured = []
    for name, layer in layers.items():
        x = _numbers(name, layer)
        measured.append((name, [str(i + 1) for i in range(x.shape[1])], probe.measure(x)))
    return diagnose_measured(probe, measured)


def _function(function: Function | str) -> Function:
    return registry.get(function) if isinstance(function, str) else function


def _positive(name: str, value: float) -> float:
    if not 0.0 < value < math.inf:
        raise UsageError(f"{name} = {value}", f"{name} is a number above 0")
    return value


def _numbers(name: str, layer: ArrayLike) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    try:
        x = np.asarray(layer, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name}: not every entry is a number") from None
    if x.ndim != 2:
        raise DataError(f"{name}: has the shape {x.shape}", "a layer has the shape (samples, neurons)")
    return x.reshape(x.shape[0], x.shape[1])
