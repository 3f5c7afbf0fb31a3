"""x times a piecewise linear gate, and clipped or squared rectifiers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from actcli.activation import Activation, Array, Flags, Indicator, flat
from actcli.functions.gelus import gelu, gelu_d2f, gelu_df
from actcli.functions.naming import dialects
from actcli.parameters import INF, POSITIVE, REAL, Domain, Parameter

if TYPE_CHECKING:
    from decimal import Decimal

_POSITIVE = Indicator(lambda x: x > 0.0)
_WITHIN_ONE = Indicator(lambda x: np.abs(x) < 1.0)
_WITHIN_THREE = Indicator(lambda x: np.abs(x) < 3.0)

RELU_N = Activation(
    name="relu_n",
    aliases=("clipped_relu", "bounded_relu"),
    formula="max(0, min(n, x))",
    derivative="where(x <= 0, 0, where(x >= n, 0, 1))",
    parameters=(Parameter("n", 6.0, POSITIVE, "largest value of f"),),
    f=lambda x, n: np.clip(x, 0.0, n),
    df=Indicator(lambda x, n: (x > 0.0) & (x < n)),
    wrt={"n": Indicator(lambda x, n: x >= n)},
    breaks=lambda n: (0.0, n),
    convention="f' = 0 at 0 and at n",
    range=lambda n: (0.0, n),
    dialects=dialects(
        (
            "keras.activations.relu(max_value=n) | f' at n depends on the backend: 1 with PyTorch, TensorFlow, 1/2 "
            "with JAX; at n = 6 that of relu6",
            {"max_value": "n"},
        )
    ),
    source="Keras keras.activations.relu; Hannun et al. 2014, arXiv:1412.5567 (n = 20)",
)

THRESHOLDED_RELU = Activation(
    name="thresholded_relu",
    aliases=("threshold_relu", "trelu"),
    formula="where(x > theta, x, 0)",
    derivative="where(x > theta, 1, 0)",
    parameters=(Parameter("theta", 1.0, REAL, "f is 0 up to here"),),
    f=lambda x, theta: np.where(x <= theta, 0.0, x),
    df=Indicator(lambda x, theta: x > theta),
    wrt={"theta": flat},
    breaks=lambda theta: (theta,),
    convention="f = 0 and f' = 0 at theta, where f jumps",
    range=lambda theta: (min(theta, 0.0), INF),
    limits=(0.0, INF),
    dialects=dialects(
        ("keras.activations.relu(threshold=theta) | 0 at NaN; before Keras 3.15 NaN at -inf", {"threshold": "theta"}),
        ("onnx:ThresholdedRelu", {"alpha": "theta"}),
        "NNlib.trelu NNlib.thresholdrelu | f' = 0 wherever f <= 0, also above a negative theta",
    ),
    source="ONNX ThresholdedRelu; Konda, Memisevic and Krueger 2014, arXiv:1402.3337",
)


def threshold(x: Array, threshold: float, value: float) -> Array:
    return np.where(x <= threshold, value, x)


THRESHOLD = Activation(
    name="threshold",
    formula="where(x > threshold, x, value)",
    derivative="where(x > threshold, 1, 0)",
    parameters=(
        Parameter("threshold", 0.0, REAL, "f is x above it (PyTorch and Keras have no default: 0 makes it relu)"),
        Parameter("value", 0.0, REAL, "f up to threshold (PyTorch and Keras have no default)"),
    ),
    f=threshold,
    df=Indicator(lambda x, threshold, value: x > threshold),
    wrt={"threshold": flat, "value": Indicator(lambda x, threshold, value: x <= threshold)},
    breaks=lambda threshold, value: (threshold,),
    convention="f = value and f' = 0 at threshold, where f jumps unless value = threshold",
    range=lambda threshold, value: (min(threshold, value), INF),
    limits=lambda threshold, value: (value, INF),
    dialects=dialects(
        "torch.nn.Threshold",
        ("keras.activations.threshold | value at NaN with JAX, TensorFlow", {"default_value": "value"}),
    ),
    source="PyTorch torch.nn.Threshold",
)

SQUARED_RELU = Activation(
    name="squared_relu",
    aliases=("relu_squared", "relu2"),
    formula="max(0, x)**2",
    derivative="2 * max(0, x)",
    f=lambda x: np.square(np.maximum(x, 0.0)),
    df=lambda x: 2.0 * np.maximum(x, 0.0),
    d2f=lambda x: 2.0 * _POSITIVE(x),
    breaks=(0.0,),
    convention="f'' = 0 at 0, where it jumps from 0 to 2",
    range=(0.0, INF),
    dialects=dialects("transformers:relu2"),
    source="Transformers ReLUSquaredActivation; So et al. 2021, Primer, arXiv:2109.08668",
)


def hard_swish(x: Array) -> Array:
    return np.where(x <= -3.0, 0.0, x) * (np.clip(x + 3.0, 0.0, 6.0) / 6.0)


HARD_SWISH = Activation(
    name="hard_swish",
    aliases=("hard_silu", "h_swish"),
    formula="where(x <= -3, 0, where(x >= 3, x, x * (x + 3) / 6))",
    derivative="where(x <= -3, 0, where(x >= 3, 1, (2 * x + 3) / 6))",
    f=hard_swish,
    df=lambda x: np.where(x <= -3.0, 0.0, np.where(x >= 3.0, 1.0, (2.0 * x + 3.0) / 6.0)),
    d2f=lambda x: _WITHIN_THREE(x) / 3.0,
    breaks=(-3.0, 3.0),
    convention="f' = 0 at -3 and 1 at 3",
    range=(-0.375, INF),
    limits=(0.0, INF),
    dialects=dialects(
        "torch.nn.Hardswish | NaN at -inf; older versions: f' = -1/2 at -3 and 3/2 at 3",
        "keras.activations.hard_swish keras.activations.hard_silu jax.nn.hard_swish jax.nn.hard_silu "
        "timm.layers.hard_swish transformers:hardswish | NaN at -inf",
        "onnx:HardSwish",
        "NNlib.hardswish | NaN at -inf; f' = -1/2 at -3 and 3/2 at 3",
    ),
    source="PyTorch torch.nn.Hardswish; Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244",
)


def hard_mish(x: Array) -> Array:
    return np.where(x < -2.0, 0.0, x) * (0.5 * np.clip(x + 2.0, 0.0, 2.0))


HARD_MISH = Activation(
    name="hard_mish",
    aliases=("h_mish",),
    formula="where(x < -2, 0, where(x > 0, x, x * (x + 2) / 2))",
    derivative="where(x < -2, 0, where(x > 0, 1, x + 1))",
    f=hard_mish,
    df=lambda x: np.where(x < -2.0, 0.0, np.where(x > 0.0, 1.0, x + 1.0)),
    d2f=Indicator(lambda x: (x >= -2.0) & (x <= 0.0)),
    breaks=(-2.0, 0.0),
    convention="f' = -1 at -2; f'' = 1 at -2 and at 0, where it jumps from 0 to 1 and back",
    range=(-0.5, INF),
    limits=(0.0, INF),
    dialects=dialects("timm.layers.hard_mish | NaN at -inf"),
    source="timm timm.layers.hard_mish; Misra 2020, https://github.com/digantamisra98/H-Mish",
)


def hard_tanh(x: Array, min_val: float, max_val: float) -> Array:
    return np.clip(x, min_val, max_val)


def _within(x: Array, min_val: float, max_val: float) -> Flags:
    """min_val < x < max_val; an infinite x lies within an infinite bound."""
    return np.asarray(((x > min_val) | np.isinf(min_val)) & ((x < max_val) | np.isinf(max_val)))


HARD_TANH = Activation(
    name="hard_tanh",
    formula="max(min_val, min(max_val, x))",
    derivative="where(x <= min_val, 0, where(x >= max_val, 0, 1))",
    parameters=(
        Parameter("min_val", -1.0, Domain(low_open=False), "smallest value of f"),
        Parameter("max_val", 1.0, Domain(high_open=False), "largest value of f"),
    ),
    constraint=("min_val < max_val", lambda min_val, max_val: min_val < max_val),
    f=hard_tanh,
    df=Indicator(_within),
    wrt={
        "min_val": Indicator(lambda x, min_val, max_val: (x <= min_val) & np.isfinite(min_val)),
        "max_val": Indicator(lambda x, min_val, max_val: (x >= max_val) & np.isfinite(max_val)),
    },
    breaks=lambda min_val, max_val: tuple(bound for bound in (min_val, max_val) if np.isfinite(bound)),
    convention="f' = 0 at min_val and at max_val",
    range=lambda min_val, max_val: (min_val, max_val),
    dialects=dialects(
        "torch.nn.Hardtanh | torch.clamp has f' = 1 at both bounds",
        "keras.activations.hard_tanh | f' at -1 and 1 depends on the backend: 1 with JAX, TensorFlow",
        "jax.nn.hard_tanh | f' = 1 at -1 and 1",
        ("onnx:Clip(min=-1, max=1)", {"min": "min_val", "max": "max_val"}),
        (
            "onnx:Clip | its default bounds are the lowest and the highest finite number",
            {"min": "min_val", "max": "max_val"},
            {"min_val": -INF, "max_val": INF},
        ),
        "NNlib.hardtanh",
    ),
    source="PyTorch torch.nn.Hardtanh; Collobert 2004, Large Scale Machine Learning",
)


def sparse_sigmoid(x: Array) -> Array:
    return 0.5 * (1.0 + np.clip(x, -1.0, 1.0))


SPARSE_SIGMOID = Activation(
    name="sparse_sigmoid",
    formula="where(x <= -1, 0, where(x >= 1, 1, (x + 1) / 2))",
    derivative="where(x <= -1, 0, where(x >= 1, 0, 1 / 2))",
    f=sparse_sigmoid,
    df=lambda x: 0.5 * _WITHIN_ONE(x),
    breaks=(-1.0, 1.0),
    convention="f' = 0 at -1 and 1",
    range=(0.0, 1.0),
    dialects=dialects(
        "keras.activations.sparse_sigmoid | f' = 1/4 at -1 and 1 with JAX",
        "jax.nn.sparse_sigmoid | f' = 1/4 at -1 and 1",
    ),
    source="Keras keras.activations.sparse_sigmoid; Blondel, Martins and Niculae 2019, arXiv:1901.02324",
)

SPARSE_PLUS = Activation(
    name="sparse_plus",
    formula="where(x <= -1, 0, where(x >= 1, x, (x + 1)**2 / 4))",
    derivative="where(x <= -1, 0, where(x >= 1, 1, (x + 1) / 2))",
    f=lambda x: np.where(x >= 1.0, x, np.square(sparse_sigmoid(x))),
    df=sparse_sigmoid,
    d2f=lambda x: 0.5 * _WITHIN_ONE(x),
    breaks=(-1.0, 1.0),
    convention="f'' = 0 at -1 and 1, where it jumps from 0 to 1/2 and back",
    range=(0.0, INF),
    dialects=dialects("keras.activations.sparse_plus jax.nn.sparse_plus"),
    source="Keras keras.activations.sparse_plus; Blondel, Martins and Niculae 2019, arXiv:1901.02324",
)

_GELU_LOWEST = -0.16997120747990369
_GELU_LOWEST_AT = -0.7517915246935645


@cache
def _normal_integral(t: Decimal) -> Decimal:
    """The integral of exp(-u*u/2) from 0 to t: exp(-t*t/2) times the sum of t**(2n+1) / (1 * 3 * ... * (2n+1))."""
    term = total = t
    n = 1
    while total + term != total:
        n += 2
        term *= t * t / n
        total += term
    return total * (-t * t / 2).exp()


def _gelu_is_above(level: float, x: float | Decimal) -> bool:
    """Whether gelu(x) > level, with enough digits for the tail; the integral from 0 to 50 replaces that to infinity."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 450
        x = Decimal(x)
        return x * (1 + _normal_integral(x) / _normal_integral(Decimal(50))) > 2 * Decimal(level)


def _solve_gelu(level: float, low: float, high: float) -> float:
    """The double nearest to the x between low and high at which gelu crosses level."""
    from decimal import Decimal

    rising = _gelu_is_above(level, high)
    while low < (middle := low + (high - low) / 2.0) < high:
        if _gelu_is_above(level, middle) == rising:
            high = middle
        else:
            low = middle
    return low if _gelu_is_above(level, (Decimal(low) + Decimal(high)) / 2) == rising else high


@cache
def _gelu_crossings(level: float) -> tuple[float, ...]:
    """The doubles nearest to each x with gelu(x) = level, ascending."""
    if level <= _GELU_LOWEST:
        return ()
    if level < 0.0:  # gelu(x) > x/2 for x < 0
        return _solve_gelu(level, -40.0, _GELU_LOWEST_AT), _solve_gelu(level, _GELU_LOWEST_AT, 2.0 * level)
    if level == 0.0 or level > 9.0:  # x - gelu(x) is below 1e-17 there
        return (level,)
    return (_solve_gelu(level, level, 2.0 * level),)


def _clipped_gelu_breaks(min: float, max: float) -> tuple[float, ...]:
    return tuple(sorted({*_gelu_crossings(min), *_gelu_crossings(max)}))


def _clipped_gelu_side(x: Array, min: float, max: float) -> Array:
    """-1 where gelu is below min, 1 where it is above max, 0 between and at the breaks.

    Decided by the breaks, not by the rounded gelu.
    """
    breaks = np.array(_clipped_gelu_breaks(min, max))
    ends = 2.0 * np.abs(breaks[[0, -1]]) + 1.0 if breaks.size else np.zeros(2)
    points = np.concatenate([-ends[:1], (breaks[:-1] + breaks[1:]) / 2.0, ends[1:]])  # one in each piece
    value = gelu(points)
    side = np.where(value < min, -1.0, np.where(value > max, 1.0, 0.0))[: breaks.size + 1]
    left = side[np.searchsorted(breaks, x, side="left")]
    return np.where(left == 0.0, left, side[np.searchsorted(breaks, x, side="right")])


def _clipped_gelu_slope(x: Array, min: float, max: float, slope: Array) -> Array:
    return np.where((_clipped_gelu_side(x, min, max) == 0.0) | np.isnan(x), slope, 0.0)


_GELU_TEXT = "x * (1 + erf(x / sqrt(2))) / 2"
_GELU_SLOPE_TEXT = "(1 + erf(x / sqrt(2))) / 2 + x * exp(-x**2 / 2) / sqrt(2 * pi)"

CLIPPED_GELU = Activation(
    name="clipped_gelu",
    aliases=("gelu_10",),
    formula=f"where({_GELU_TEXT} < min, min, where({_GELU_TEXT} > max, max, {_GELU_TEXT}))",
    derivative=f"where({_GELU_TEXT} < min, 0, where({_GELU_TEXT} > max, 0, {_GELU_SLOPE_TEXT}))",
    parameters=(
        Parameter("min", -10.0, REAL, "smallest value of f; gelu itself is never below -0.17"),
        Parameter("max", 10.0, REAL, "largest value of f"),
    ),
    constraint=("min < max", lambda min, max: min < max),
    f=lambda x, min, max: np.clip(gelu(x), min, max),
    df=lambda x, min, max: _clipped_gelu_slope(x, min, max, gelu_df(x)),
    d2f=lambda x, min, max: _clipped_gelu_slope(x, min, max, gelu_d2f(x)),
    wrt={
        "min": lambda x, min, max: flat(x) + (_clipped_gelu_side(x, min, max) < 0.0),
        "max": lambda x, min, max: flat(x) + (_clipped_gelu_side(x, min, max) > 0.0),
    },
    breaks=_clipped_gelu_breaks,
    convention="f' = gelu'(x) where gelu(x) is min or max",
    range=lambda min, max: (float(np.clip(_GELU_LOWEST, min, max)), max),
    limits=lambda min, max: (float(np.clip(0.0, min, max)), max),
    dialects=dialects("transformers:gelu_10 | as 1 + erf: the tail is 0 below -8.37; NaN at -inf"),
    source="Transformers ClippedGELUActivation; Wu et al. 2020, Integer Quantization for Deep Learning Inference, "
    "arXiv:2004.09602",
)
