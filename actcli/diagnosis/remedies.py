"""Known remedies for a finding, in the order to try them, each with its source."""

from collections.abc import Callable

from actcli.activation import Function
from actcli.analysis.meanfield import mean_field
from actcli.analysis.regions import sup_gradient, vanishing_regions
from actcli.diagnosis.records import Remedy


def remedies(measure: str, function: Function, *, finished: bool = False) -> tuple[Remedy, ...]:
    """The remedies for a finding that rests on this measure of a layer with this function. Those for a `finished` model
    do not retrain it."""
    known = (_FINISHED if finished else _REMEDIES).get(measure, ())
    found = (advice(function) if callable(advice) else advice for advice in known)
    return tuple(Remedy(measure, *advice) for advice in found if advice is not None)


_Advice = tuple[str, str]  # advice, source
_LEARNING_RATE: _Advice = (
    "train with a smaller learning rate or a warm-up: one large step can switch a neuron off for good",
    "Lu et al. 2019, arXiv:1903.06733",
)
_NORMALISATION: _Advice = (
    "normalise the pre-activations: batch or layer normalisation before the function",
    "Ioffe and Szegedy 2015, arXiv:1502.03167; Ba et al. 2016, arXiv:1607.06450",
)
_RECYCLING: _Advice = (
    "reset the dead neurons: draw new incoming weights, set outgoing weights to 0",
    "Sokar et al. 2023, arXiv:2302.12902",
)
_RESIDUAL: _Advice = ("let the gradient bypass the function: residual connections", "He et al. 2016, arXiv:1512.03385")
_CLIPPING: _Advice = ("clip the norm of the gradient", "Pascanu et al. 2013, arXiv:1211.5063")
_PRUNING: _Advice = (
    "prune the dead neurons and add their constant output to the next bias: on these inputs the network computes the "
    "same",
    "Hu et al. 2016, arXiv:1607.03250",
)
_TEMPERATURE: _Advice = (
    "scale the inputs down: divide by a temperature, as attention does by sqrt(d)",
    "Vaswani et al. 2017, arXiv:1706.03762",
)


LARGE = 100.0  # E[x^2] of a first layer, about 1 where inputs are scaled and weights are drawn for it


def scaling(mean_square: float) -> Remedy:
    """The remedy for a first layer whose E[x^2] is this large."""
    text = (
        "scale the inputs of the network to mean 0 and standard deviation 1: E[x^2] in its first layer is "
        f"{mean_square:.3g}"
    )
    return Remedy("mean_square", text, "LeCun et al. 1998, Efficient BackProp")


def _initialisation(function: Function) -> _Advice | None:
    means = None if function.rowwise else mean_field(function)
    if means is None or means.he_gain is None:
        return None
    return (
        f"draw the weights with standard deviation {means.he_gain:.4g} / sqrt(fan_in), the gain of {function.label} "
        "that keeps E[f^2] = 1, and set the biases to 0",
        "He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010",
    )


def _critical_variance(function: Function) -> _Advice | None:
    means = None if function.rowwise else mean_field(function)
    if means is None or means.critical_weight_variance is None:
        return None
    return (
        f"draw the weights with variance {means.critical_weight_variance:.4g} / fan_in, which keeps the size of "
        f"gradients: 1 / E[f'^2] of {function.label} at pre-activations of variance 1",
        "Schoenholz et al. 2017, arXiv:1611.01232",
    )


def _leak(function: Function) -> _Advice | None:
    if not any(region.kind == "zero" for region in vanishing_regions(function, 1e-300)):
        return None
    return (
        "use a function that passes some gradient everywhere: leaky_relu, prelu or elu; `actcli compare` shows what "
        "each would do",
        "Maas et al. 2013; He et al. 2015, arXiv:1502.01852; Clevert et al. 2015, arXiv:1511.07289",
    )


def _larger_slope(function: Function) -> _Advice | None:
    if function.rowwise or sup_gradient(function) >= 1.0:
        return None
    return ("use a function whose f' reaches 1: tanh, relu, elu, gelu", "Glorot and Bengio 2010; Glorot et al. 2011")


# Remedies for a trained model.
_FINISHED: dict[str, tuple[_Advice | Callable[[Function], _Advice | None], ...]] = {"dead_neuron_ratio": (_PRUNING,)}
_REMEDIES: dict[str, tuple[_Advice | Callable[[Function], _Advice | None], ...]] = {
    "non_finite": (_LEARNING_RATE, _CLIPPING, _initialisation),
    "dead_neuron_ratio": (_LEARNING_RATE, _initialisation, _NORMALISATION, _leak, _RECYCLING),
    "vanishing_ratio": (_initialisation, _NORMALISATION, _LEARNING_RATE, _leak),
    "saturated_ratio": (_initialisation, _NORMALISATION, _LEARNING_RATE),
    "vanishing_row_ratio": (_TEMPERATURE, _NORMALISATION),
    "gradient_rms": (_NORMALISATION, _RESIDUAL, _initialisation),
    "cumulative_mean_gradient": (_larger_slope, _critical_variance, _NORMALISATION, _RESIDUAL),
    "spread": (_initialisation, _NORMALISATION, _RESIDUAL),
    "cumulative_rms_gradient": (_CLIPPING, _critical_variance, _NORMALISATION),
}
