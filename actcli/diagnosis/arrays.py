"""Arrays -> a diagnosis, in one call of a program."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Function, numbers
from actcli.diagnosis import diagnose as diagnosing
from actcli.diagnosis.diagnose import Diagnosis, criteria
from actcli.errors import DataError, UsageError, positive, share
from actcli.measuring.layer import PreActivations
from actcli.measuring.probe import Thresholds
from actcli.numerics.axes import neuron_axis, positions, rows_of_neurons
from actcli.registry.specs import resolve

_DEFAULT = Thresholds()


def diagnose(
    layers: Mapping[str, ArrayLike | tuple[Function | str, ArrayLike]],
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
    axis, else `axis`; shares rest on N inputs. Neurons are named "0", "1" and so on. NaN and infinities are counted as
    non-finite and left out of every ratio. The keywords are the options of `actcli saturation`: |f'| below epsilon
    vanishes, |f'| <= tau * sup|f'| saturates, and a neuron is dead when at most the share alpha of its samples has
    |f'| >= epsilon.

    Raises UsageError for a function, rule or dtype that is not known, for a layer without a function, and for an
    epsilon that is not above 0, DataError for a layer that is not such an array of numbers.
    """
    if not isinstance(layers, Mapping):
        raise DataError("layers are given by name", 'write diagnose({"layer1": x}, "relu")')
    given = [_layer(name, layer, function, axis) for name, layer in layers.items()]
    by = criteria(Thresholds(positive("epsilon", epsilon), share("tau", tau), share("alpha", alpha)), rule, dtype)
    return diagnosing.diagnose(given, by, None if function is None else resolve(function))


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
    return PreActivations.of_array(name, resolve(function), rows, gaps, positions=positions(x.shape, axis))
