"""Piecewise linear functions with a kink at 0."""

import math

import numpy as np

from actcli.activation import INF, REAL, Activation, Array, Dialect, Parameter
from actcli.functions.kernels import constant

RELU = Activation(
    name="relu",
    aliases=("rectifier", "ramp"),
    formula="max(0, x)",
    derivative="where(x > 0, 1, 0)",
    f=lambda x: np.maximum(x, 0.0),
    df=lambda x: np.maximum(np.sign(x), 0.0),  # a step that keeps NaN, in a fifth of heaviside's time
    d2f=lambda x: constant(x, 0.0),
    breaks=(0.0,),
    convention="f' = 0 at 0",
    range=(0.0, INF),
    limits=(0.0, INF),
    gain=math.sqrt(2.0),
    dialects=(
        Dialect("pytorch", "torch.nn.ReLU"),
        Dialect("keras", "keras.activations.relu"),
        Dialect("keras.layers", "keras.layers.ReLU"),
        Dialect("jax", "jax.nn.relu"),
        Dialect("tensorflow", "tf.nn.relu"),
        Dialect("onnx", "Relu"),
        Dialect("nnlib", "NNlib.relu"),
        Dialect("timm", "relu"),
        Dialect("transformers", "relu"),
    ),
    source="PyTorch torch.nn.ReLU; Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines",
)

RELU6 = Activation(
    name="relu6",
    formula="max(0, min(6, x))",
    derivative="where(x <= 0, 0, where(x >= 6, 0, 1))",
    f=lambda x: np.clip(x, 0.0, 6.0),
    df=lambda x: np.heaviside(x, 0.0) * np.heaviside(6.0 - x, 0.0),
    d2f=lambda x: constant(x, 0.0),
    breaks=(0.0, 6.0),
    convention="f' = 0 at 0 and at 6",
    range=(0.0, 6.0),
    limits=(0.0, 6.0),
    dialects=(
        Dialect("pytorch", "torch.nn.ReLU6"),
        Dialect("keras", "keras.activations.relu6"),
        Dialect("jax", "jax.nn.relu6"),
        Dialect("tensorflow", "tf.nn.relu6"),
        Dialect("nnlib", "NNlib.relu6"),
        Dialect("timm", "relu6"),
        Dialect("transformers", "relu6"),
    ),
    source="PyTorch torch.nn.ReLU6; Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10",
)


def leaky(x: Array, slope: float) -> Array:
    if slope == 0.0:
        return np.maximum(x, 0.0)  # 0 * -inf would be NaN
    return x * np.where(x > 0, 1.0, slope)


def leaky_df(x: Array, slope: float) -> Array:
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
    d2f=lambda x, negative_slope: constant(x, 0.0),
    wrt={"negative_slope": lambda x, negative_slope: np.minimum(x, 0.0)},
    breaks=(0.0,),
    convention="f' = negative_slope at 0",
    range=lambda negative_slope: _leaky_range(slope=negative_slope),
    limits=lambda negative_slope: _leaky_limits(slope=negative_slope),
    gain=lambda negative_slope: math.sqrt(2.0 / (1.0 + negative_slope * negative_slope)),
    dialects=(
        Dialect("pytorch", "torch.nn.LeakyReLU"),
        Dialect(
            "keras",
            "keras.activations.leaky_relu",
            defaults={"negative_slope": 0.2},
            note="f' at 0 depends on the backend: 1 with JAX",
        ),
        Dialect(
            "keras.layers",
            "keras.layers.LeakyReLU",
            defaults={"negative_slope": 0.3},
            spelling={"alpha": "negative_slope"},
            note="f' at 0 depends on the backend: 1 with JAX",
        ),
        Dialect("jax", "jax.nn.leaky_relu", note="f' = 1 at 0"),
        Dialect(
            "tensorflow",
            "tf.nn.leaky_relu",
            defaults={"negative_slope": 0.2},
            spelling={"alpha": "negative_slope"},
            note="alpha is rounded to float32",
        ),
        Dialect("onnx", "LeakyRelu", spelling={"alpha": "negative_slope"}),
        Dialect("nnlib", "NNlib.leakyrelu", spelling={"a": "negative_slope"}),
        Dialect("timm", "leaky_relu"),
        Dialect("transformers", "leaky_relu"),
    ),
    source="PyTorch torch.nn.LeakyReLU; Maas, Hannun and Ng 2013, Rectifier Nonlinearities Improve Neural Network "
    "Acoustic Models",
)

PRELU = Activation(
    name="prelu",
    aliases=("parametric_relu",),
    formula="where(x > 0, x, a * x)",
    derivative="where(x > 0, 1, a)",
    parameters=(Parameter("a", 0.25, REAL, "slope for x <= 0, learned in training"),),
    f=lambda x, a: leaky(x, slope=a),
    df=lambda x, a: leaky_df(x, slope=a),
    d2f=lambda x, a: constant(x, 0.0),
    wrt={"a": lambda x, a: np.minimum(x, 0.0)},
    breaks=(0.0,),
    convention="f' = a at 0",
    range=lambda a: _leaky_range(slope=a),
    limits=lambda a: _leaky_limits(slope=a),
    dialects=(
        Dialect("pytorch", "torch.nn.PReLU", spelling={"init": "a"}),
        *(
            Dialect(
                framework,
                "keras.layers.PReLU",
                defaults={"a": 0.0},
                spelling={"alpha": "a"},
                note="f' = 0 at 0: it is relu(x) - alpha * relu(-x), NaN at -inf while alpha = 0",
            )
            for framework in ("keras", "keras.layers")
        ),
        Dialect("onnx", "PRelu", spelling={"slope": "a"}, note="slope is an input, without a default"),
        Dialect("timm", "timm.layers.PReLU", spelling={"init": "a"}),
        Dialect("transformers", "prelu", spelling={"init": "a"}),
    ),
    source="PyTorch torch.nn.PReLU; He et al. 2015, arXiv:1502.01852",
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
    d2f=lambda x, lower, upper: constant(x, 0.0),
    wrt={
        "lower": lambda x, lower, upper: 0.5 * np.minimum(x, 0.0),
        "upper": lambda x, lower, upper: 0.5 * np.minimum(x, 0.0),
    },
    breaks=(0.0,),
    convention="as in evaluation: the slope for x <= 0 is the mean (lower + upper) / 2, in training it is drawn "
    "between them; f' is this slope at 0",
    range=lambda lower, upper: _leaky_range(slope=_mean(lower, upper)),
    limits=lambda lower, upper: _leaky_limits(slope=_mean(lower, upper)),
    dialects=(
        Dialect("pytorch", "torch.nn.RReLU"),
        Dialect("tfa", "tfa.activations.rrelu", note="f' = 1 at 0"),
        Dialect("nnlib", "NNlib.rrelu", spelling={"lo": "lower", "hi": "upper"}, note="always draws the slope"),
    ),
    source="PyTorch torch.nn.RReLU; Xu, Wang, Chen and Li 2015, arXiv:1505.00853",
)

ACTIVATIONS = (RELU, RELU6, LEAKY_RELU, PRELU, RRELU)
