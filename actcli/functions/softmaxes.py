"""Softmax and its relatives: rows to distributions, and their logarithms.

Everything is written in e = exp(x - max x), at most 1, and in the sum of the others, never a difference of nearly
equal numbers. A row whose limit does not exist (every entry -inf, or two entries +inf) gives NaN.
"""

from typing import Any

import numpy as np

from actcli.activation import Activation, Array, Backward
from actcli.functions.naming import dialects
from actcli.functions.rows import FAR, NEAR, Row, row_of, total
from actcli.numerics.doubledouble import DD
from actcli.parameters import INF, POSITIVE, Parameter


def softmax(x: Array, tau: float = 1.0) -> Array:
    return row_of(x, tau).shares()


def softmax_df(x: Array, tau: float = 1.0) -> Array:
    return _slopes(row_of(x, tau), tau)


def _slopes(row: Row, tau: float) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return row.spread() if tau == 1.0 else row.tail(row.spread() / tau, np.full(1, 1.0 / tau), 1.0)


def softmax_both(x: Array, tau: float = 1.0) -> tuple[Array, Array]:
    row = row_of(x, tau)
    return row.shares(), _slopes(row, tau)


def softmax_d2f(x: Array, tau: float = 1.0) -> Array:
    # p (1 - p) (1 - 2p): where p is nearly 1/2 the difference needs every digit.
    row = row_of(x, tau)
    e, whole, others, _ = row.exact()
    result = (e / whole * (others / whole) * ((others - e) / whole)).rounded()
    return row.tail(result / tau / tau, np.full(1, 1.0 / tau / tau), -1.0) + 0.0


def softmax_dtau(x: Array, tau: float) -> Array:
    # p (mean z - z) / tau with z = x / tau and the mean weighted by p.
    row = row_of(x, tau)
    near = row.shifted > -NEAR
    clipped = np.maximum(row.shifted, -FAR)
    z = DD(clipped, np.where(near, row.lost, 0.0)) / tau
    e, whole, _, _ = row.exact()
    weighted = e * z
    far = row.tail(row.e * z.high, z.high * row.total)
    mean = total(np.where(near, weighted.high, far), np.where(near, weighted.low, 0.0)) / whole
    distance = mean - z
    return row.tail((e / whole * distance).rounded(), distance.high) + 0.0


def softmax_jacobian(x: Array, tau: float = 1.0) -> Array:
    row = row_of(x, tau)
    shares = row.shares()
    with np.errstate(over="ignore", under="ignore"):
        jacobian = 0.0 - shares[..., :, None] * shares[..., None, :] / tau
    diagonal = np.arange(x.shape[-1])
    jacobian[..., diagonal, diagonal] = softmax_df(x, tau)
    return jacobian


def _softmax_forward(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _log_softmax_forward(x: Any) -> Any:
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


SOFTMAX = Activation(
    name="softmax",
    kind="rowwise",
    aliases=("normalized_exponential", "softmax2d"),
    formula="exp(x) / sum(exp(x))",
    derivative="exp(x) * (sum(exp(x)) - exp(x)) / sum(exp(x))**2",
    f=softmax,
    df=softmax_df,
    d2f=softmax_d2f,
    both=softmax_both,
    backward=Backward(lambda x, y: (1.0 - y) * y, f=_softmax_forward),
    jacobian=softmax_jacobian,
    convention="the Jacobian of a row is below epsilon where its largest input exceeds the log-sum-exp of the others "
    "by more than the x at which sigmoid'(x) = epsilon (6.906 for 1e-3); f' is the diagonal of the Jacobian",
    range=(0.0, 1.0),
    dialects=dialects(
        "torch.nn.Softmax torch.nn.functional.softmax keras.activations.softmax keras.layers.Softmax jax.nn.softmax "
        "tf.nn.softmax | NaN for a row with +inf",
        "torch.nn.Softmax2d | over the channels of (N, C, H, W)",
        "onnx:Softmax | before opset 13 over all axes from axis 1 on",
        "NNlib.softmax | over the first axis; +inf takes all",
    ),
    source="PyTorch torch.nn.Softmax",
)

SOFTMIN = Activation(
    name="softmin",
    kind="rowwise",
    formula="exp(-x) / sum(exp(-x))",
    derivative="-exp(-x) * (sum(exp(-x)) - exp(-x)) / sum(exp(-x))**2",
    f=lambda x: softmax(-x),
    df=lambda x: 0.0 - softmax_df(-x),
    d2f=lambda x: softmax_d2f(-x),
    backward=Backward(lambda x, y: (y - 1.0) * y, f=lambda x: _softmax_forward(-x)),
    jacobian=lambda x: 0.0 - softmax_jacobian(-x),
    convention="f' is the diagonal of the Jacobian",
    range=(0.0, 1.0),
    dialects=dialects("torch.nn.Softmin torch.nn.functional.softmin | NaN for a row with -inf"),
    source="PyTorch torch.nn.Softmin",
)


def _with_zero(x: Array) -> Array:
    """The row with a 0 appended: softmax1 is its softmax without the last output."""
    return np.concatenate([x, np.where(np.isnan(x[..., :1]), x[..., :1], 0.0)], axis=-1)


SOFTMAX1 = Activation(
    name="softmax1",
    kind="rowwise",
    aliases=("quiet_softmax", "softmax_one"),
    formula="exp(x) / (1 + sum(exp(x)))",
    derivative="exp(x) * (1 + sum(exp(x)) - exp(x)) / (1 + sum(exp(x)))**2",
    f=lambda x: softmax(_with_zero(x))[..., :-1],
    df=lambda x: softmax_df(_with_zero(x))[..., :-1],
    d2f=lambda x: softmax_d2f(_with_zero(x))[..., :-1],
    jacobian=lambda x: softmax_jacobian(_with_zero(x))[..., :-1, :-1],
    convention="a row of -inf gives zeros; f' is the diagonal of the Jacobian",
    range=(0.0, 1.0),
    source="Miller 2023, Attention Is Off By One; Burn burn::tensor::activation::quiet_softmax",
)

GUMBEL_SOFTMAX = Activation(
    name="gumbel_softmax",
    kind="rowwise",
    formula="exp(x / tau) / sum(exp(x / tau))",
    derivative="exp(x / tau) * (sum(exp(x / tau)) - exp(x / tau)) / sum(exp(x / tau))**2 / tau",
    parameters=(Parameter("tau", 1.0, POSITIVE, "temperature"),),
    f=softmax,
    df=softmax_df,
    d2f=softmax_d2f,
    wrt={"tau": softmax_dtau},
    jacobian=softmax_jacobian,
    convention="without the noise g ~ Gumbel(0, 1) of softmax((x + g) / tau), as in evaluation; f' is the diagonal of "
    "the Jacobian",
    range=(0.0, 1.0),
    dialects=dialects(
        "torch.nn.functional.gumbel_softmax | draws the noise at every call; hard=True gives hardmax, with this "
        "gradient"
    ),
    source="PyTorch torch.nn.functional.gumbel_softmax; Jang, Gu and Poole 2016, arXiv:1611.01144",
)


def log_softmax(x: Array) -> Array:
    row = row_of(x)
    return (row.shifted - np.log1p(row.above_one.high)) + row.lost


def log_softmax_jacobian(x: Array) -> Array:
    row = row_of(x)
    jacobian = np.repeat(0.0 - row.shares()[..., None, :], x.shape[-1], axis=-2)
    diagonal = np.arange(x.shape[-1])
    jacobian[..., diagonal, diagonal] = row.rest()
    return jacobian


LOG_SOFTMAX = Activation(
    name="log_softmax",
    kind="rowwise",
    formula="x - log(sum(exp(x)))",
    derivative="1 - exp(x) / sum(exp(x))",
    f=log_softmax,
    df=lambda x: row_of(x).rest(),
    d2f=lambda x: 0.0 - softmax_df(x),
    backward=Backward(lambda x, y: 1.0 - np.exp(y), f=_log_softmax_forward),
    jacobian=log_softmax_jacobian,
    convention="the Jacobian of a row of two or more never vanishes; f' is its diagonal",
    range=(-INF, 0.0),
    dialects=dialects(
        "torch.nn.LogSoftmax torch.nn.functional.log_softmax keras.activations.log_softmax jax.nn.log_softmax "
        "tf.nn.log_softmax | NaN for a row with +inf",
        "onnx:LogSoftmax | before opset 13 over all axes from axis 1 on",
        "NNlib.logsoftmax | over the first axis; +inf takes all",
    ),
    source="PyTorch torch.nn.LogSoftmax",
)
