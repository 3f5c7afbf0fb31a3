"""Piecewise linear functions with a kink at 0."""

import math

import numpy as np

from actcli.activation import Activation, Array, Indicator
from actcli.functions.naming import dialects
from actcli.parameters import INF, NON_NEGATIVE, REAL, Domain, Parameter

RELU = Activation(
    name="relu",
    aliases=("rectifier", "ramp"),
    formula="max(0, x)",
    derivative="where(x > 0, 1, 0)",
    f=lambda x: np.maximum(x, 0.0),
    df=Indicator(lambda x: x > 0.0),
    breaks=(0.0,),
    convention="f' = 0 at 0",
    range=(0.0, INF),
    gain=math.sqrt(2.0),
    dialects=dialects(
        "torch.nn.ReLU keras.activations.relu keras.layers.ReLU jax.nn.relu tf.nn.relu onnx:Relu NNlib.relu timm:relu "
        "transformers:relu"
    ),
    source="PyTorch torch.nn.ReLU; Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines",
)

RELU6 = Activation(
    name="relu6",
    formula="max(0, min(6, x))",
    derivative="where(x <= 0, 0, where(x >= 6, 0, 1))",
    f=lambda x: np.clip(x, 0.0, 6.0),
    df=Indicator(lambda x: (x > 0.0) & (x < 6.0)),
    breaks=(0.0, 6.0),
    convention="f' = 0 at 0 and at 6",
    range=(0.0, 6.0),
    dialects=dialects(
        "torch.nn.ReLU6 keras.activations.relu6 jax.nn.relu6 tf.nn.relu6 NNlib.relu6 timm:relu6 transformers:relu6"
    ),
    source="PyTorch torch.nn.ReLU6; Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10",
)


def leaky(x: Array, slope: float | Array) -> Array:
    flat = np.equal(slope, 0.0)
    if flat.all():
        return np.maximum(x, 0.0)  # 0 * -inf would be NaN
    with np.errstate(invalid="ignore"):
        y = x * np.where(x > 0, 1.0, slope)
    return np.where(flat, np.maximum(x, 0.0), y) if flat.any() else y


def leaky_df(x: Array, slope: float | Array) -> Array:
    return np.where(x > 0, 1.0, np.where(x <= 0, slope, x))


def _leaky_range(slope: float) -> tuple[float, float]:
    return (-INF if slope > 0 else 0.0), INF


def _leaky_limits(slope: float) -> tuple[float, float]:
    return (0.0 if slope == 0 else -slope * INF), INF


LEAKY_RELU = Activation(
    name="leaky_relu",
    aliases=("lrelu",),
    formula="where(x > 0, x, negative_slope * x)",
    derivative="where(x > 0, 1, negative_slope)",
    parameters=(Parameter("negative_slope", 0.01, REAL, "slope for x <= 0"),),
    f=lambda x, negative_slope: leaky(x, slope=negative_slope),
    df=lambda x, negative_slope: leaky_df(x, slope=negative_slope),
    wrt={"negative_slope": lambda x, negative_slope: np.minimum(x, 0.0)},
    breaks=(0.0,),
    convention="f' = negative_slope at 0",
    range=lambda negative_slope: _leaky_range(slope=negative_slope),
    limits=lambda negative_slope: _leaky_limits(slope=negative_slope),
    gain=lambda negative_slope: math.sqrt(2.0 / (1.0 + negative_slope * negative_slope)),
    dialects=dialects(
        "torch.nn.LeakyReLU timm:leaky_relu transformers:leaky_relu",
        ("keras.activations.leaky_relu | f' at 0 depends on the backend: 1 with JAX", {}, {"negative_slope": 0.2}),
        (
            "keras.layers.LeakyReLU | f' at 0 depends on the backend: 1 with JAX",
            {"alpha": "negative_slope"},
            {"negative_slope": 0.3},
        ),
        "jax.nn.leaky_relu | f' = 1 at 0",
        ("tf.nn.leaky_relu | alpha is rounded to float32", {"alpha": "negative_slope"}, {"negative_slope": 0.2}),
        ("onnx:LeakyRelu", {"alpha": "negative_slope"}),
        ("NNlib.leakyrelu", {"a": "negative_slope"}),
    ),
    source="PyTorch torch.nn.LeakyReLU; Maas, Hannun and Ng 2013, Rectifier Nonlinearities Improve Neural Network "
    "Acoustic Models",
)

PRELU = Activation(
    name="prelu",
    aliases=("parametric_relu",),
    formula="where(x > 0, x, a * x)",
    derivative="where(x > 0, 1, a)",
    parameters=(Parameter("a", 0.25, REAL, "slope for x <= 0, learned in training", by_column=True),),
    f=lambda x, a: leaky(x, slope=a),
    df=lambda x, a: leaky_df(x, slope=a),
    wrt={"a": lambda x, a: np.minimum(x, 0.0)},
    breaks=(0.0,),
    convention="f' = a at 0",
    range=lambda a: _leaky_range(slope=a),
    limits=lambda a: _leaky_limits(slope=a),
    dialects=dialects(
        ("torch.nn.PReLU timm.layers.PReLU transformers:prelu", {"init": "a"}),
        (
            "keras:keras.layers.PReLU keras.layers.PReLU | f' = 0 at 0: it is relu(x) - alpha * relu(-x), NaN at -inf "
            "while alpha = 0",
            {"alpha": "a"},
            {"a": 0.0},
        ),
        ("onnx:PRelu | slope is an input, without a default", {"slope": "a"}),
    ),
    source="PyTorch torch.nn.PReLU; He et al. 2015, arXiv:1502.01852",
)


def _bent(x: Array, max_value: float, negative_slope: float, threshold: float) -> Array:
    below = np.minimum(x, threshold)
    if negative_slope == 0.0:
        low = np.where(np.isnan(x), x, 0.0)  # 0 * -inf would be NaN
    else:
        low = np.where(
            below < -1e300,  # the difference may overflow where the product does not
            2.0 * (negative_slope * (0.5 * below - 0.5 * threshold)),
            negative_slope * (below - threshold),
        )
    return np.where(x > threshold, np.minimum(x, max_value), low)


def _bent_df(x: Array, max_value: float, negative_slope: float, threshold: float) -> Array:
    low = np.where(np.isnan(x), x, negative_slope)
    return np.where(x > threshold, np.where((x >= max_value) & (max_value < INF), 0.0, 1.0), low)


LEAKY_RELU_N = Activation(
    name="leaky_relu_n",
    aliases=("clipped_leaky_relu",),
    formula="where(x > threshold, min(x, max_value), negative_slope * (x - threshold))",
    derivative="where(x > threshold, where(x >= max_value, 0, 1), negative_slope)",
    parameters=(
        Parameter("max_value", INF, Domain(0.0, INF, True, False), "largest value of f above the threshold"),
        Parameter("negative_slope", 0.0, REAL, "slope for x <= threshold"),
        Parameter("threshold", 0.0, NON_NEGATIVE, "f is x above it, up to max_value"),
    ),
    f=_bent,
    df=_bent_df,
    wrt={
        "max_value": lambda x, max_value, negative_slope, threshold: np.where(
            np.isnan(x), x, (x > threshold) & (x >= max_value) & (max_value < INF)
        ),
        "negative_slope": lambda x, max_value, negative_slope, threshold: np.minimum(x, threshold) - threshold,
        "threshold": lambda x, max_value, negative_slope, threshold: np.where(
            x > threshold, 0.0, np.where(np.isnan(x), x, -negative_slope)
        ),
    },
    breaks=lambda max_value, negative_slope, threshold: (threshold, max(max_value, threshold)),
    convention="f' = negative_slope at the threshold, 0 at max_value",
    range=lambda max_value, negative_slope, threshold: (
        -INF if negative_slope > 0 else 0.0,
        INF if negative_slope < 0 else max_value,
    ),
    limits=lambda max_value, negative_slope, threshold: (_leaky_limits(slope=negative_slope)[0], max_value),
    dialects=dialects(
        "keras.activations.relu(max_value=..., negative_slope=..., threshold=...) | f' at max_value depends on the "
        "backend",
        "keras.layers.ReLU(max_value=..., negative_slope=..., threshold=...)",
    ),
    source="Keras keras.activations.relu",
)


def _mean(lower: float, upper: float) -> float:
    return 0.5 * lower + 0.5 * upper


RRELU = Activation(
    name="rrelu",
    aliases=("randomized_leaky_relu", "randomized_relu"),
    formula="where(x > 0, x, (lower + upper) / 2 * x)",
    derivative="where(x > 0, 1, (lower + upper) / 2)",
    parameters=(
        Parameter("lower", 1 / 8, REAL, "smallest slope for x <= 0"),
        Parameter("upper", 1 / 3, REAL, "largest slope for x <= 0"),
    ),
    constraint=("lower <= upper", lambda lower, upper: lower <= upper),
    f=lambda x, lower, upper: leaky(x, slope=_mean(lower, upper)),
    df=lambda x, lower, upper: leaky_df(x, slope=_mean(lower, upper)),
    wrt={
        "lower": lambda x, lower, upper: 0.5 * np.minimum(x, 0.0),
        "upper": lambda x, lower, upper: 0.5 * np.minimum(x, 0.0),
    },
    breaks=(0.0,),
    convention="as in evaluation: the slope for x <= 0 is the mean (lower + upper) / 2, in training it is drawn "
    "between them; f' is this slope at 0",
    range=lambda lower, upper: _leaky_range(slope=_mean(lower, upper)),
    limits=lambda lower, upper: _leaky_limits(slope=_mean(lower, upper)),
    dialects=dialects(
        "torch.nn.RReLU",
        "tfa.activations.rrelu | f' = 1 at 0",
        ("NNlib.rrelu | always draws the slope", {"lo": "lower", "hi": "upper"}),
    ),
    source="PyTorch torch.nn.RReLU; Xu, Wang, Chen and Li 2015, arXiv:1505.00853",
)
