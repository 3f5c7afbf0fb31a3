"""The identity."""

from actcli.activation import INF, Activation, Dialect
from actcli.functions.kernels import constant

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
    dialects=(
        Dialect("pytorch", "torch.nn.Identity"),
        Dialect("keras", "keras.activations.linear"),
        Dialect("jax", "jax.nn.identity"),
        Dialect("tensorflow", "tf.identity"),
        Dialect("onnx", "Identity"),
        Dialect("timm", "identity"),
        Dialect("transformers", "linear"),
    ),
    source="PyTorch torch.nn.Identity; Keras keras.activations.linear",
)

ACTIVATIONS = (IDENTITY,)
