"""The identity."""

from actcli.activation import INF, Activation
from actcli.functions.kernels import constant
from actcli.functions.naming import dialects

IDENTITY = Activation(
    name="identity",
    aliases=("linear",),
    formula="x",
    derivative="1",
    f=lambda x: x.copy(),
    df=lambda x: constant(x, 1.0),
    d2f=lambda x: constant(x, 0.0),
    range=(-INF, INF),
    limits=(-INF, INF),
    gain=1.0,
    dialects=dialects(
        "torch.nn.Identity keras.activations.linear jax.nn.identity tf.identity onnx:Identity timm:identity "
        "transformers:linear",
    ),
    source="PyTorch torch.nn.Identity; Keras keras.activations.linear",
)

ACTIVATIONS = (IDENTITY,)
