"""Diagnose or compare arrays in one call."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Function, numbers
from actcli.analysis.profile import Network
from actcli.diagnosis import comparison as comparing
from actcli.diagnosis import diagnose as diagnosing
from actcli.diagnosis.comparison import Comparison
from actcli.diagnosis.diagnose import Diagnosis, criteria
from actcli.errors import DataError, UsageError, positive, share
from actcli.measuring.layer import PreActivations
from actcli.measuring.probe import Thresholds
from actcli.numerics.axes import neuron_axis, positions, rows_of_neurons
from actcli.registry.specs import family, resolve

_DEFAULT, _NETWORK = Thresholds(), Network()
Layers: TypeAlias = Mapping[str, ArrayLike | tuple[Function | str, ArrayLike]]


def diagnose(
    layers: Layers,
    function: Function | str | None = None,
    *,
    epsilon: float = _DEFAULT.epsilon,
    tau: float = _DEFAULT.tau,
    alpha: float = _DEFAULT.alpha,
    rule: str = "default",
    dtype: str | None = None,
    axis: int | None = None,
) -> Diagnosis:
    """Report where gradients vanish in the layers of a network, given first to last, and which neurons are dead.

    Each layer is an array of shape (samples, neurons), or a pair (function, array); layers without a function of their
    own use `function`. The neurons of a feature map (N, C, H, W) are its channels, those of a sequence (N, T, D) its
    last axis; `axis` names another one. Shares count N inputs. Neurons are named "0", "1" and so on, or after the
    columns of a data frame. NaN and infinities are counted as non-finite and left out of every ratio. The keywords are
    the options of `actcli saturation`: |f'| below epsilon vanishes, |f'| <= tau * sup|f'| saturates, and a neuron is
    dead when at most the share alpha of its samples has |f'| >= epsilon.

    Raises UsageError for an unknown function, rule or dtype, for a layer without a function, and for an epsilon that is
    not above 0; DataError for a layer that is not a numeric array of that shape.
    """
    given = _given(layers, function, axis)
    thresholds = Thresholds(positive("epsilon", epsilon), share("tau", tau), share("alpha", alpha))
    by = criteria(thresholds, rule, dtype, histogram=True)
    return diagnosing.diagnose(given, by, None if function is None else resolve(function))


def compare(
    functions: Sequence[Function | str] | Function | str,
    layers: Layers | None = None,
    *,
    epsilon: float = _DEFAULT.epsilon,
    network: Network = _NETWORK,
    axis: int | None = None,
) -> Comparison:
    """Compare functions by themselves, at initialisation, and on the layers of a network.

    `functions` are functions or FUNCTION specs, including sweeps. `layers` take the form that `diagnose` takes; layers
    without a function of their own use the first of `functions`. `network` holds the assumptions about initialisation.
    The other keywords are those of `diagnose`.

    Raises UsageError and DataError as `diagnose` does.
    """
    given = [functions] if isinstance(functions, Function | str) else functions
    every = [one for spec in given for one in (family(spec) if isinstance(spec, str) else (spec,))]
    if not every:
        raise UsageError("no function is given", 'write for example compare(["relu", "gelu"])')
    by = criteria(Thresholds(positive("epsilon", epsilon)), "default", None)
    return comparing.compare(every, _given(layers or {}, every[0], axis), by, network)


def _given(layers: Layers, function: Function | str | None, axis: int | None) -> list[PreActivations]:
    if not isinstance(layers, Mapping):
        raise DataError("layers must be given by name", 'write for example {"layer1": x}')
    return [_layer(name, layer, function, axis) for name, layer in layers.items()]


def _layer(
    name: str, layer: ArrayLike | tuple[Function | str, ArrayLike], function: Function | str | None, asked: int | None
) -> PreActivations:
    if isinstance(layer, tuple) and len(layer) == 2 and isinstance(layer[0], str | Function):
        function, layer = layer
    if function is None:
        raise UsageError(f"{name}: the layer has no function", "give one for all, or a pair: (function, array)")
    missing = np.ma.getmaskarray(layer) if isinstance(layer, np.ma.MaskedArray) else None
    x = numbers(layer, name)
    if x.ndim < 2:
        raise DataError(f"{name}: has the shape {x.shape}", "a layer has the shape (samples, neurons)")
    axis = neuron_axis(x.shape, asked, name)
    rows, gaps = (None if array is None else rows_of_neurons(array, axis) for array in (x, missing))
    assert rows is not None
    return PreActivations.of_array(
        name, resolve(function), rows, gaps, positions=positions(x.shape, axis), neurons=_names(layer)
    )


def _names(layer: Any) -> tuple[str, ...]:
    """The column names of a data frame."""
    columns = getattr(layer, "columns", None)
    return () if columns is None else tuple(map(str, columns))
