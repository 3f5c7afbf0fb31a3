"""Arrays -> a diagnosis or a comparison, in one call of a program."""

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
    """Where gradients vanish in the pre-activations of a network's layers, first to last, and which neurons are dead.

    Each layer is an array of shape (samples, neurons), or a pair of its own function and such an array; `function` is
    that of the others. Of a feature map (N, C, H, W) the channels are the neurons, of a sequence (N, T, D) its last
    axis, else `axis`; shares rest on N inputs. Neurons are named "0", "1" and so on, those of a data frame as its
    columns. NaN and infinities are counted as
    non-finite and left out of every ratio. The keywords are the options of `actcli saturation`: |f'| below epsilon
    vanishes, |f'| <= tau * sup|f'| saturates, and a neuron is dead when at most the share alpha of its samples has
    |f'| >= epsilon.

    Raises UsageError for a function, rule or dtype that is not known, for a layer without a function, and for an
    epsilon that is not above 0, DataError for a layer that is not such an array of numbers.
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
    """Functions side by side, by themselves and at initialisation, and what each makes of the layers of a network.

    `functions` are functions or FUNCTION specs, sweeps among them. `layers` are given as to `diagnose`; those without a
    function of their own have the first of the functions. `network` is what is assumed of it at initialisation. The
    other keywords are those of `diagnose`.

    Raises UsageError and DataError as `diagnose` does.
    """
    given = [functions] if isinstance(functions, Function | str) else functions
    every = [one for spec in given for one in (family(spec) if isinstance(spec, str) else (spec,))]
    if not every:
        raise UsageError("there is no function", 'write for example compare(["relu", "gelu"])')
    by = criteria(Thresholds(positive("epsilon", epsilon)), "default", None)
    return comparing.compare(every, _given(layers or {}, every[0], axis), by, network)


def _given(layers: Layers, function: Function | str | None, axis: int | None) -> list[PreActivations]:
    if not isinstance(layers, Mapping):
        raise DataError("layers are given by name", 'write for example {"layer1": x}')
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
    """The columns of a data frame."""
    columns = getattr(layer, "columns", None)
    return () if columns is None else tuple(map(str, columns))
