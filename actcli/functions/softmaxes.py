"""Maps of a whole row: softmax and log-softmax.

A row whose limit does not exist (every entry -inf, or two entries +inf) gives NaN.
"""

from typing import NamedTuple

import numpy as np

from actcli.activation import INF, Activation, Array


class _Row(NamedTuple):
    """exp(x - max x), and the sums that the kernels need, each along the last axis."""

    shifted: Array  # x - max x
    lost: Array  # what the rounding of that difference lost
    e: Array  # exp(x - max x)
    total: Array  # sum of e
    others: Array  # total - e, without cancellation
    above_one: Array  # total - 1: the sum of e over all entries but one largest


def _row(x: Array) -> _Row:
    x = np.ascontiguousarray(x)  # numpy sums pairwise only along a contiguous axis
    largest = x.max(axis=-1, keepdims=True)
    infinite = np.isinf(largest)
    if infinite.any():
        alone = np.count_nonzero(x == largest, axis=-1, keepdims=True) == 1
        top = np.where(alone, 0.0, np.nan)
        x = np.where(infinite, np.where(x == largest, top, -INF), x)
        largest = np.where(infinite, top, largest)
    # Differences of -inf, and of huge numbers of opposite sign, are the limits that they should be.
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = x - largest
        back = shifted - x
        lost = (x - (shifted - back)) - (largest + back)
    lost = np.where(np.isfinite(shifted), lost, 0.0)
    e = np.exp(shifted) * (1.0 + lost)
    first = np.expand_dims(np.argmax(shifted, axis=-1), -1)
    below = e.copy()
    np.put_along_axis(below, first, 0.0, axis=-1)
    above_one = below.sum(axis=-1, keepdims=True)
    total = 1.0 + above_one
    others = total - e
    np.put_along_axis(others, first, above_one, axis=-1)
    return _Row(shifted, lost, e, total, others, above_one)


def softmax(x: Array) -> Array:
    row = _row(x)
    return row.e / row.total


def softmax_df(x: Array) -> Array:
    row = _row(x)
    return (row.e / row.total) * (row.others / row.total)


def softmax_d2f(x: Array) -> Array:
    row = _row(x)
    return (row.e / row.total) * (row.others / row.total) * ((row.others - row.e) / row.total)


def softmax_jacobian(x: Array) -> Array:
    row = _row(x)
    share = row.e / row.total
    jacobian = -share[..., :, None] * share[..., None, :]
    diagonal = np.arange(x.shape[-1])
    jacobian[..., diagonal, diagonal] = share * (row.others / row.total)
    return jacobian


SOFTMAX = Activation(
    name="softmax",
    kind="rowwise",
    aliases=("normalized_exponential",),
    formula="exp(x) / sum(exp(x))",
    derivative="exp(x) * (sum(exp(x)) - exp(x)) / sum(exp(x))**2",
    f=softmax,
    df=softmax_df,
    d2f=softmax_d2f,
    jacobian=softmax_jacobian,
    convention="the Jacobian of a row is below epsilon where its largest input exceeds the log-sum-exp of the others "
    "by more than the x at which sigmoid'(x) = epsilon (6.906 for 1e-3); f' is the diagonal of the Jacobian",
    range=(0.0, 1.0),
    limits=None,
    source="PyTorch torch.nn.Softmax",
)


def log_softmax(x: Array) -> Array:
    row = _row(x)
    return (row.shifted - np.log1p(row.above_one)) + row.lost


def log_softmax_df(x: Array) -> Array:
    row = _row(x)
    return row.others / row.total


def log_softmax_jacobian(x: Array) -> Array:
    row = _row(x)
    jacobian = np.repeat(-(row.e / row.total)[..., None, :], x.shape[-1], axis=-2)
    diagonal = np.arange(x.shape[-1])
    jacobian[..., diagonal, diagonal] = row.others / row.total
    return jacobian


LOG_SOFTMAX = Activation(
    name="log_softmax",
    kind="rowwise",
    formula="x - log(sum(exp(x)))",
    derivative="1 - exp(x) / sum(exp(x))",
    f=log_softmax,
    df=log_softmax_df,
    d2f=lambda x: -softmax_df(x),
    jacobian=log_softmax_jacobian,
    convention="the Jacobian of a row of two or more never vanishes; f' is its diagonal",
    range=(-INF, 0.0),
    limits=None,
    source="PyTorch torch.nn.LogSoftmax",
)

ACTIVATIONS = (SOFTMAX, LOG_SOFTMAX)
