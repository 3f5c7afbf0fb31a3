"""The identity, steps and the absolute value."""

import numpy as np

from actcli.activation import Activation, flat
from actcli.functions.naming import dialects
from actcli.parameters import INF, Domain, Parameter

IDENTITY = Activation(
    name="identity",
    aliases=("linear",),
    formula="x",
    derivative="1",
    f=lambda x: x.copy(),
    df=lambda x: flat(x) + 1.0,
    range=(-INF, INF),
    gain=1.0,
    dialects=dialects(
        "torch.nn.Identity keras.activations.linear jax.nn.identity tf.identity onnx:Identity timm:identity "
        "transformers:linear"
    ),
    source="PyTorch torch.nn.Identity; Keras keras.activations.linear",
)

BINARY_STEP = Activation(
    name="binary_step",
    aliases=("heaviside", "step", "unit_step"),
    formula="where(x > 0, 1, where(x < 0, 0, at_zero))",
    derivative="0",
    parameters=(
        Parameter("at_zero", 1.0, Domain(0.0, 1.0, False, False), "value at 0, without default in frameworks"),
    ),
    f=lambda x, at_zero: np.heaviside(x, at_zero),  # noqa: PLW0108 - it takes no names
    df=flat,
    wrt={"at_zero": lambda x, at_zero: 1.0 - np.abs(np.sign(x))},
    breaks=(0.0,),
    convention="f = at_zero and f' = 0 at 0, where f jumps",
    range=(0.0, 1.0),
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
    df=flat,
    breaks=(0.0,),
    convention="f = 0 and f' = 0 at 0, where f jumps",
    range=(-1.0, 1.0),
    dialects=dialects(
        "torch.sign | 0 at NaN", "keras.ops.sign | 0 at NaN with PyTorch", "jax.numpy.sign tf.math.sign onnx:Sign"
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
