"""Piecewise linear, with a kink at 0."""

import numpy as np

from actcli.activation import INF, REAL, Activation, Array, Parameter
from actcli.functions.numeric import constant

RELU = Activation(
    name="relu",
    aliases=("rectifier", "ramp"),
    formula="max(0, x)",
    derivative="where(x > 0, 1, 0)",
    # heaviside is the step whose NaN stays NaN.
    f=lambda x: np.maximum(x, 0.0),
    df=lambda x: np.heaviside(x, 0.0),
    d2f=lambda x: constant(x, 0.0),
    breaks=(0.0,),
    convention="f' = 0 at 0",
    range=(0.0, INF),
    limits=(0.0, INF),
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
    source="PyTorch torch.nn.PReLU; He et al. 2015, arXiv:1502.01852",
)

ACTIVATIONS = (RELU, RELU6, LEAKY_RELU, PRELU)
