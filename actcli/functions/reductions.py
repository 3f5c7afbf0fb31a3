"""Rowwise functions with fewer or more outputs than inputs, and sparse distributions."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Activation, Array, flat
from actcli.errors import DataError, UsageError
from actcli.functions.naming import dialects
from actcli.functions.rows import NEAR, Row, row_of, shift, total
from actcli.functions.softmaxes import softmax, softmax_df
from actcli.numerics import doubledouble
from actcli.numerics.doubledouble import DD
from actcli.parameters import INF, Domain, Parameter
from actcli.text import counted


def logsumexp(x: Array) -> Array:
    return _max_plus(x, np.log1p(row_of(x).above_one.high), lambda row: doubledouble.log1p(row.exact().above_one))


def logmeanexp(x: Array) -> Array:
    # log(sum / n) where that is far from 0, else log(1 + mean of exp(x - max x) - 1).
    row, n = row_of(x), x.shape[-1]
    mean = total(np.expm1(row.shifted) + row.lost * row.e).high / n
    few = row.total < 0.5 * n
    log = np.where(few, np.log(row.total / n), np.log1p(np.where(few, 0.0, mean)))
    return _max_plus(x, log, _log_mean)


def _max_plus(x: Array, log: Array, exact: Callable[[Row], DD]) -> Array:
    """max x + log; where the two cancel, with the logarithm in double-double."""
    largest = x.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        result: Array = np.where(np.isinf(largest), largest, largest + log)
    cancel = (np.sign(largest) * log < 0.0) & (np.abs(result) < 2.0 * np.abs(log)) & np.isfinite(result)
    if cancel.any():
        rows = cancel[..., 0]
        result[rows] = (DD(largest[rows]) + exact(row_of(x[rows]))).rounded()
    return result


def _log_mean(row: Row) -> DD:
    near = row.shifted > -NEAR
    terms = doubledouble.expm1(DD(np.where(near, row.shifted, -NEAR), np.where(near, row.lost, 0.0)))
    return doubledouble.log1p(total(terms.high, terms.low) / float(row.shifted.shape[-1]))


LOGSUMEXP = Activation(
    name="logsumexp",
    kind="rowwise",
    aliases=("lse",),
    formula="log(sum(exp(x)))",
    derivative="exp(x) / sum(exp(x))",
    f=logsumexp,
    df=softmax,
    d2f=softmax_df,
    jacobian=lambda x: softmax(x)[..., None, :],
    convention="a row of -inf gives -inf, its derivatives have no limit",
    range=(-INF, INF),
    dialects=dialects(
        "torch.logsumexp",
        "keras.ops.logsumexp jax.nn.logsumexp tf.reduce_logsumexp onnx:ReduceLogSumExp NNlib.logsumexp | over all axes "
        "at once by default",
    ),
    source="PyTorch torch.logsumexp",
)

LOGMEANEXP = Activation(
    name="logmeanexp",
    kind="rowwise",
    formula="log(sum(exp(x)) / n)",
    derivative="exp(x) / sum(exp(x))",
    f=logmeanexp,
    df=softmax,
    d2f=softmax_df,
    jacobian=lambda x: softmax(x)[..., None, :],
    convention="a row of -inf gives -inf, its derivatives have no limit",
    range=(-INF, INF),
    dialects=dialects("jax.nn.logmeanexp | over all axes at once by default"),
    source="JAX jax.nn.logmeanexp",
)


def _nan_rows(x: Array) -> Array:
    """NaN throughout a row that has a NaN, 0 elsewhere."""
    return np.broadcast_to(np.where(np.isnan(x).any(axis=-1, keepdims=True), np.nan, 0.0), x.shape)


def hardmax(x: Array) -> Array:
    first = np.expand_dims(np.argmax(x, axis=-1), -1)
    result = _nan_rows(x).copy()
    np.put_along_axis(result, first, np.take_along_axis(result, first, axis=-1) + 1.0, axis=-1)
    return result


HARDMAX = Activation(
    name="hardmax",
    kind="rowwise",
    formula="1 at the first max(x), 0 elsewhere",
    derivative="0",
    f=hardmax,
    df=lambda x: _nan_rows(x) + 0.0,
    d2f=lambda x: _nan_rows(x) + 0.0,
    jacobian=lambda x: np.repeat(_nan_rows(x)[..., None, :], x.shape[-1], axis=-2),
    convention="the first of equal largest entries takes all; f' = 0 everywhere",
    range=(0.0, 1.0),
    dialects=dialects("tfa.seq2seq.hardmax", "onnx:Hardmax | before opset 13 over all axes from axis 1 on"),
    source="ONNX Hardmax",
)


# The sparse maps clip x - t at 0. Running sums of the sorted row give the threshold t of every possible support, the k
# largest entries; the support is the largest one whose smallest entry lies above its threshold. All in double-double,
# so that an output next to its kink keeps its digits.


def _running(terms: DD) -> DD:
    """The sums of the first k entries, for each k."""
    high = np.cumsum(terms.high, axis=-1)
    before = np.concatenate([np.zeros_like(high[..., :1]), high[..., :-1]], axis=-1)
    back = high - before
    error = (before - (high - back)) + (terms.high - back)
    return DD(high) + np.cumsum(error + terms.low, axis=-1)


def _sorted(high: Array, low: Array) -> DD:
    order = np.argsort(-high, axis=-1, kind="stable")
    return DD(np.take_along_axis(high, order, axis=-1), np.take_along_axis(low, order, axis=-1))


def _at_support(thresholds: DD, support: NDArray[np.bool_]) -> DD:
    last = np.maximum(np.count_nonzero(support, axis=-1, keepdims=True) - 1, 0)
    return DD(*(np.take_along_axis(part, last, axis=-1) for part in (thresholds.high, thresholds.low)))


def _above(high: Array, low: Array, t: DD) -> Array:
    """max(high + low - t, 0)."""
    return np.maximum((high - t.high) + (low - t.low), 0.0)


def sparsemax(x: Array) -> Array:
    # Entries 1 below the largest are never in the support; -2 keeps the sums of -inf finite.
    high, low = _clipped(*shift(x), -2.0)
    z = _sorted(high, low)
    k = np.arange(1.0, x.shape[-1] + 1.0)
    t = (_running(z) - 1.0) / k
    return _above(high, low, _at_support(t, (z - t).high > 0.0))


def _clipped(high: Array, low: Array, least: float) -> tuple[Array, Array]:
    return np.maximum(high, least), np.where(high > least, low, 0.0)


def sparsemax_df(x: Array) -> Array:
    p = sparsemax(x)
    support = p > 0.0
    count = np.count_nonzero(support, axis=-1, keepdims=True)
    return np.where(support, (count - 1.0) / np.maximum(count, 1), np.where(np.isnan(p), p, 0.0))


def sparsemax_jacobian(x: Array) -> Array:
    p = sparsemax(x)
    inside = np.where(np.isnan(p), p, np.where(p > 0.0, 1.0, 0.0))
    count = np.maximum(np.count_nonzero(inside, axis=-1), 1)[..., None, None]
    jacobian: Array = -inside[..., :, None] * inside[..., None, :] / count + 0.0
    diagonal = np.arange(x.shape[-1])
    jacobian[..., diagonal, diagonal] = sparsemax_df(x)
    return jacobian


SPARSEMAX = Activation(
    name="sparsemax",
    kind="rowwise",
    formula="max(x - t, 0), with t such that the outputs sum to 1",
    derivative="where(x > t, 1 - 1 / k, 0), with k the number of entries above t",
    f=sparsemax,
    df=sparsemax_df,
    d2f=lambda x: flat(sparsemax(x)),
    jacobian=sparsemax_jacobian,
    convention="f' = 0 where x = t; f' is the diagonal of the Jacobian",
    range=(0.0, 1.0),
    dialects=dialects(
        "keras.activations.sparsemax | inf for a row with +inf; not shifted by the largest entry: large rows lose "
        "digits",
        "tfa.activations.sparsemax | NaN for a row with +inf; not shifted by the largest entry",
        "tfa.layers.Sparsemax",
    ),
    source="TensorFlow Addons tfa.activations.sparsemax; Martins and Astudillo 2016, arXiv:1602.02068",
)


def _roots(x: Array) -> DD:
    """r = max(x / 2 - t, 0), the roots of the outputs."""
    high, low = _clipped(*shift(x), -4.0)
    high, low = 0.5 * high, 0.5 * low
    z = _sorted(high, low)
    k = np.arange(1.0, x.shape[-1] + 1.0)
    mean = _running(z) / k
    spread = _running(z * z) - mean * mean * k  # sum of (z - mean)^2 over the k largest
    square = (1.0 - spread) / k
    positive = square.high > 0.0
    root = doubledouble.sqrt(DD(np.where(positive, square.high, 1.0), np.where(positive, square.low, 0.0)))
    thresholds = mean - DD(np.where(positive, root.high, 0.0), np.where(positive, root.low, 0.0))
    t = _at_support(thresholds, positive & ((z - thresholds).high > 0.0))
    r = DD(high, low) - t
    outside = r.high <= 0.0
    return DD(np.where(outside, 0.0, r.high), np.where(outside, 0.0, r.low))


def entmax15(x: Array) -> Array:
    return np.square(_roots(x).high)


def entmax15_df(x: Array) -> Array:
    # r - r^2 / sum(r)
    r = _roots(x)
    whole = total(r.high, r.low)
    return r.high * ((whole - r) / whole).rounded()


def entmax15_d2f(x: Array) -> Array:
    # ((1 - q)^3 - (k - 1) q^3) / 2 in the support of k entries, with q = r / sum(r)
    r = _roots(x)
    whole = total(r.high, r.low)
    q, rest = r / whole, (whole - r) / whole
    others: Array = np.asarray(np.count_nonzero(r.high, axis=-1, keepdims=True) - 1, np.float64)
    inside = 0.5 * (rest * rest * rest - q * q * q * others).rounded()
    return np.where(r.high == 0.0, 0.0, inside)


def entmax15_jacobian(x: Array) -> Array:
    r = _roots(x)
    jacobian = -r.high[..., :, None] * (r / total(r.high, r.low)).rounded()[..., None, :] + 0.0
    diagonal = np.arange(x.shape[-1])
    jacobian[..., diagonal, diagonal] = entmax15_df(x)
    return jacobian


ENTMAX15 = Activation(
    name="entmax15",
    kind="rowwise",
    aliases=("tsallis15",),
    formula="max(x / 2 - t, 0)**2, with t such that the outputs sum to 1",
    derivative="r - r**2 / sum(r), with r = max(x / 2 - t, 0)",
    f=entmax15,
    df=entmax15_df,
    d2f=entmax15_d2f,
    jacobian=entmax15_jacobian,
    convention="between softmax and sparsemax (alpha = 1.5); f'' = 0 where x / 2 = t; f' is the diagonal of "
    "the Jacobian",
    range=(0.0, 1.0),
    source="Peters, Niculae and Martins 2019, arXiv:1905.05702; entmax.entmax15",
)


def _groups(x: Array, num_units: float) -> Array:
    """x as (..., k, num_units): unit u is the maximum over the k entries u, u + num_units, u + 2 num_units, ..."""
    units = _units(x.shape[-1], num_units)
    return np.ascontiguousarray(x).reshape(*x.shape[:-1], x.shape[-1] // units, units)


def _units(n: int, num_units: float) -> int:
    units = int(num_units)
    if n % units:
        raise DataError(
            f"maxout: {counted(n, 'numbers')} cannot make {units} equal groups",
            f"give a multiple of {units} of them; -c chooses columns",
        )
    return units


def maxout(x: Array, num_units: float) -> Array:
    largest: Array = _groups(x, num_units).max(axis=-2)
    return largest


def maxout_df(x: Array, num_units: float) -> Array:
    groups = _groups(x, num_units)
    first = np.expand_dims(np.argmax(groups, axis=-2), -2)
    slopes = np.where(np.isnan(groups).any(axis=-2, keepdims=True), np.nan, np.zeros_like(groups))
    np.put_along_axis(slopes, first, np.take_along_axis(slopes, first, axis=-2) + 1.0, axis=-2)
    return slopes.reshape(x.shape)


def maxout_jacobian(x: Array, num_units: float) -> Array:
    n, units = x.shape[-1], _units(x.shape[-1], num_units)
    jacobian = np.zeros((*x.shape[:-1], units, n))
    inputs = np.arange(n)
    jacobian[..., inputs % units, inputs] = maxout_df(x, num_units)
    return jacobian


def _no_derivative(x: Array, num_units: float) -> Array:
    raise UsageError("maxout has no derivative by num_units: it counts", "leave out --wrt")


MAXOUT = Activation(
    name="maxout",
    kind="rowwise",
    formula="max over the entries u, u + num_units, u + 2 * num_units, ... for each unit u",
    derivative="1 at the first maximum of each unit, 0 elsewhere",
    parameters=(Parameter("num_units", 1.0, Domain(low=1.0, low_open=False), "how many outputs, a whole number"),),
    f=maxout,
    df=maxout_df,
    d2f=lambda x, num_units: 0.0 * maxout_df(x, num_units),
    wrt={"num_units": _no_derivative},
    jacobian=maxout_jacobian,
    constraint=("a whole number of units", lambda num_units: math.isfinite(num_units) and num_units == int(num_units)),
    convention="the first of equal largest entries has f' = 1",
    range=(-INF, INF),
    dialects=dialects("tfa.layers.Maxout | num_units must be given; equal largest entries share f'"),
    source="TensorFlow Addons tfa.layers.Maxout; Goodfellow et al. 2013, arXiv:1302.4389",
)


def crelu(x: Array) -> Array:
    # 0 - x, not -x, gives 0 and not -0 at 0.
    return np.concatenate([np.maximum(x, 0.0), np.maximum(0.0 - x, 0.0)], axis=-1)


def crelu_jacobian(x: Array) -> Array:
    n = x.shape[-1]
    jacobian = np.zeros((*x.shape[:-1], 2 * n, n))
    inputs = np.arange(n)
    jacobian[..., inputs, inputs] = np.heaviside(x, 0.0)
    jacobian[..., n + inputs, inputs] = 0.0 - np.heaviside(-x, 0.0)
    return jacobian


CRELU = Activation(
    name="crelu",
    kind="rowwise",
    aliases=("concatenated_relu",),
    formula="concatenate(max(0, x), max(0, -x))",
    derivative="where(x > 0, 1, where(x < 0, -1, 0))",
    f=crelu,
    df=np.sign,
    jacobian=crelu_jacobian,
    convention="the outputs relu(x) come before the outputs relu(-x); f' is that of the nonzero output, and 0 at 0",
    range=(0.0, INF),
    dialects=dialects("tf.nn.crelu"),
    source="TensorFlow tf.nn.crelu; Shang et al. 2016, arXiv:1603.05201",
)
