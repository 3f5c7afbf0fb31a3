"""What the field does about a finding: its known remedies in the order to try them, each with its source."""

from __future__ import annotations

from collections.abc import Callable

from actcli.activation import Function
from actcli.analysis.meanfield import mean_field
from actcli.analysis.regions import shape, vanishing_regions
from actcli.diagnosis.records import Remedy


def remedies(measure: str, function: Function) -> tuple[Remedy, ...]:
    """The remedies for a finding that rests on this measure of a layer of the function."""
    found = (make(function) for make in _REMEDIES.get(measure, ()))
    return tuple(Remedy(measure, *one) for one in found if one is not None)


_Advice = tuple[str, str] | None


def _learning_rate(function: Function) -> _Advice:
    return (
        "train with a smaller learning rate or a warm-up: one large step can push a neuron off for good",
        "Lu et al. 2019, arXiv:1903.06733",
    )


def _initialisation(function: Function) -> _Advice:
    means = None if function.rowwise else mean_field(function)
    if means is None or means.he_gain is None:
        return None
    return (
        f"draw the weights with standard deviation {means.he_gain:.4g} / sqrt(fan_in), the gain of {function.label} "
        "that keeps E[f^2] = 1, and the biases as 0",
        "He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010",
    )


def _critical_variance(function: Function) -> _Advice:
    means = None if function.rowwise else mean_field(function)
    if means is None or means.critical_weight_variance is None:
        return None
    return (
        f"draw the weights with variance {means.critical_weight_variance:.4g} / fan_in, 1 / E[f'^2] of "
        f"{function.label} at pre-activations of variance 1, which keeps the size of gradients",
        "Schoenholz et al. 2017, arXiv:1611.01232",
    )


def _normalisation(function: Function) -> _Advice:
    return (
        "normalise the pre-activations: batch or layer normalisation before the function",
        "Ioffe and Szegedy 2015, arXiv:1502.03167; Ba et al. 2016, arXiv:1607.06450",
    )


def _leak(function: Function) -> _Advice:
    if not any(region.kind == "zero" for region in vanishing_regions(function, 1e-300)):
        return None
    return (
        "take a function that passes some gradient everywhere: leaky_relu, prelu or elu; `actcli compare` shows what "
        "each would do",
        "Maas et al. 2013; He et al. 2015, arXiv:1502.01852; Clevert et al. 2015, arXiv:1511.07289",
    )


def _recycle(function: Function) -> _Advice:
    return (
        "reset the dead neurons: their incoming weights drawn anew, their outgoing weights 0",
        "Sokar et al. 2023, arXiv:2302.12902",
    )


def _larger_slope(function: Function) -> _Advice:
    if function.rowwise or shape(function).sup_gradient >= 1.0:
        return None
    return (
        "take a function whose f' reaches 1: tanh, relu, elu, gelu",
        "Glorot and Bengio 2010; Glorot et al. 2011",
    )


def _residual(function: Function) -> _Advice:
    return (
        "let the gradient by-pass the function: residual connections",
        "He et al. 2016, arXiv:1512.03385",
    )


def _clipping(function: Function) -> _Advice:
    return ("clip the norm of the gradient", "Pascanu et al. 2013, arXiv:1211.5063")


def _temperature(function: Function) -> _Advice:
    return (
        "scale the inputs down: divide by a temperature, as attention does by sqrt(d)",
        "Vaswani et al. 2017, arXiv:1706.03762",
    )


_REMEDIES: dict[str, tuple[Callable[[Function], _Advice], ...]] = {
    "non_finite": (_learning_rate, _clipping, _initialisation),
    "dead_neuron_ratio": (_learning_rate, _initialisation, _normalisation, _leak, _recycle),
    "vanishing_ratio": (_initialisation, _normalisation, _learning_rate, _leak),
    "saturated_ratio": (_initialisation, _normalisation, _learning_rate),
    "vanishing_row_ratio": (_temperature, _normalisation),
    "loss_gradient_rms": (_normalisation, _residual, _initialisation),
    "cumulative_mean_gradient": (_larger_slope, _critical_variance, _normalisation, _residual),
    "spread": (_initialisation, _normalisation, _residual),
    "cumulative_rms_gradient": (_clipping, _critical_variance, _normalisation),
}
