"""Steps and absolute value."""

import numpy as np

from actcli.activation import INF, Activation, Array, Domain, Parameter
from actcli.functions.kernels import constant
from actcli.functions.naming import dialects


def binary_step(x: Array, at_zero: float) -> Array:
    return np.heaviside(x, at_zero)


BINARY_STEP = Activation(
    name="binary_step",
    aliases=("heaviside", "step", "unit_step"),
    formula="where(x > 0, 1, where(x < 0, 0, at_zero))",
    derivative="0",
    parameters=(
        Parameter("at_zero", 1.0, Domain(0.0, 1.0, False, False), "value at 0, without default in frameworks"),
    ),
    f=binary_step,
    df=lambda x, at_zero: constant(x, 0.0),
    d2f=lambda x, at_zero: constant(x, 0.0),
    wrt={"at_zero": lambda x, at_zero: 1.0 - np.abs(np.sign(x))},
    breaks=(0.0,),
    convention="f = at_zero and f' = 0 at 0, where f jumps",
    range=(0.0, 1.0),
    limits=(0.0, 1.0),
    dialects=dialects(
        ("torch.heaviside | no derivative; 0 at NaN", {"values": "at_zero"}),
        ("keras.ops.heaviside | no derivative with PyTorch, TensorFlow", {"x2": "at_zero"}),
        ("jax.numpy.heaviside", {"x2": "at_zero"}),
    ),
    source="PyTorch torch.heaviside; McCulloch and Pitts 1943, A Logical Calculus of the Ideas Immanent in Nervous "
    "Activity",
)

SIGN = Activation(
    name="sign",
    aliases=("signum",),
    formula="where(x > 0, 1, where(x < 0, -1, 0))",
    derivative="0",
    f=np.sign,
    df=lambda x: constant(x, 0.0),
    d2f=lambda x: constant(x, 0.0),
    breaks=(0.0,),
    convention="f = 0 and f' = 0 at 0, where f jumps",
    range=(-1.0, 1.0),
    limits=(-1.0, 1.0),
    dialects=dialects(
        "torch.sign | 0 at NaN",
        "keras.ops.sign | 0 at NaN with PyTorch",
        "jax.numpy.sign tf.math.sign onnx:Sign",
    ),
    source="PyTorch torch.sign",
)

ABS = Activation(
    name="abs",
    aliases=("absolute", "absolute_value"),
    formula="abs(x)",
    derivative="where(x > 0, 1, where(x < 0, -1, 0))",
    f=np.abs,
    df=np.sign,
    d2f=lambda x: constant(x, 0.0),
    breaks=(0.0,),
    convention="f' = 0 at 0",
    range=(0.0, INF),
    limits=(INF, INF),
    dialects=dialects(
        "torch.abs tf.math.abs onnx:Abs",
        "keras.ops.abs | f' at 0 depends on the backend: 1 with JAX",
        "jax.numpy.abs | f' = 1 at 0",
    ),
    source="PyTorch torch.abs",
)

ACTIVATIONS = (BINARY_STEP, SIGN, ABS)
