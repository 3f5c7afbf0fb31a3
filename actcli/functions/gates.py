"""Gated linear units a * g(b): the first half of a row times a gate of the second half."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from actcli.activation import Activation, Array, Backward, Indicator, Kernel, flat
from actcli.errors import DataError
from actcli.functions.gelus import gelu, gelu_d2f, gelu_df
from actcli.functions.naming import dialects
from actcli.functions.rows import FAR, times_far_exp
from actcli.functions.self_gated import silu, silu_d2f, silu_df
from actcli.functions.sigmoids import sigmoid, sigmoid_d2f, sigmoid_df
from actcli.numerics.doubledouble import DD, exp, product, refine
from actcli.parameters import INF
from actcli.text import counted


class Gate(NamedTuple):
    """g and its first two derivatives.

    Beyond `reach`, on a side where g tends to 0, each is an amplitude times one exponential of b: with a large a the
    product is a double where g is too small for one.
    """

    kernels: tuple[Kernel, Kernel, Kernel]
    reach: float = INF
    left: tuple[Kernel | None, ...] = (None, None, None)  # the amplitudes
    right: tuple[Kernel | None, ...] = (None, None, None)
    exponent: Callable[[Array], tuple[Array, Array]] = lambda b: (-np.abs(b), np.zeros_like(b))  # as high and low

    def times(self, a: Array, b: Array, order: int) -> Array:
        """a times g, g' or g'' at b."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            result = a * self.kernels[order](b)
            for amplitude, far in ((self.left[order], b < -self.reach), (self.right[order], b > self.reach)):
                if amplitude is not None and far.any():
                    near = np.clip(b[far], -FAR, FAR)
                    size = np.where(np.isinf(b[far]), 0.0, amplitude(near))
                    result[far] = times_far_exp(a[far], *self.exponent(near), size)
        # 0 * inf is NaN, but the limit exists (it is 0) if the 0 is exact and not itself a limit.
        limits = np.isinf(a) & (np.isinf(b) if self.reach < INF else b == INF)
        zero = np.isnan(result) & ~np.isnan(a) & ~np.isnan(b) & ~limits
        return np.where(zero, 0.0, result) if zero.any() else result

    def f(self, x: Array) -> Array:
        return self.times(*_split(x), 0)

    def df(self, x: Array) -> Array:
        """The derivatives: g by a, and a g' by b."""
        a, b = _split(x)
        return np.concatenate([np.where(np.isnan(a), a, self.kernels[0](b)), self.times(a, b, 1)], axis=-1)

    def d2f(self, x: Array) -> Array:
        """The second derivatives: 0 by a, and a g'' by b."""
        a, b = _split(x)
        return np.concatenate([flat(a), self.times(a, b, 2)], axis=-1)

    def jacobian(self, x: Array) -> Array:
        half = _halves(x.shape[-1])
        result = np.zeros((*x.shape[:-1], half, 2 * half))
        inputs = np.arange(2 * half)
        with np.errstate(over="ignore", under="ignore"):
            result[..., inputs % half, inputs] = self.df(x)
        return result


def _halves(n: int) -> int:
    """The number of outputs of n inputs."""
    if n % 2:
        raise DataError(
            f"a gated function splits a row into halves: {counted(n, 'numbers')} cannot be split",
            "give an even number of them; -c chooses columns",
        )
    return n // 2


def _split(x: Array) -> tuple[Array, Array]:
    half = _halves(x.shape[-1])
    return np.ascontiguousarray(x[..., :half]), np.ascontiguousarray(x[..., half:])


def _swapped(x: Array) -> Array:
    half = _halves(x.shape[-1])
    return np.concatenate([x[..., half:], x[..., :half]], axis=-1)


@lru_cache(maxsize=64)
def gate_first(activation: Activation) -> Activation:
    """A gated function whose gate is the first half of a row."""

    def turned(kernel: Kernel) -> Kernel:
        return lambda x, **values: _swapped(kernel(_swapped(x), **values))

    f, jacobian = activation.f, activation.jacobian
    assert jacobian is not None
    return replace(
        activation,
        name=f"{activation.name}:gate=first",
        aliases=(),
        dialects=(),
        f=lambda x, **values: f(_swapped(x), **values),
        df=turned(activation.df),
        d2f=turned(activation.d2f),
        jacobian=turned(jacobian),
        backward=None,
        convention="the first half is the gate b, the second is a",
    )


_SECOND = "the second half is the gate"

# Multiplying by a adds half an ulp to the gate's error; where the sum exceeds 4 ulp, double-double gives the gate.


def _sigmoid_d2f_exact(b: Array) -> DD:
    e = exp(-np.abs(b))
    more = 1.0 + e
    return e * (e - 1.0) * np.sign(b) / (more * more * more)


_SIGMOID = Gate(
    (sigmoid, sigmoid_df, lambda b: refine(sigmoid_d2f(b), b, np.abs(b) < 45.0, _sigmoid_d2f_exact)),
    reach=700.0,
    left=(np.ones_like, np.ones_like, np.ones_like),
    right=(None, np.ones_like, lambda b: -np.ones_like(b)),
)


def _glu_backward(x: Any, y: Any) -> Any:
    b = x[..., x.values.shape[-1] // 2 :]
    return _glu_slopes(x, b.map(sigmoid))


def _glu_single(x: Any, y: Any) -> Any:
    b = x[..., x.values.shape[-1] // 2 :]
    return _glu_slopes(x, 1.0 / (1.0 + np.exp(-b)))


def _glu_slopes(x: Any, gate: Any) -> Any:
    half = x.values.shape[-1] // 2
    return np.concatenate([gate, (1.0 - gate) * gate * x[..., :half]], axis=-1)


GLU = Activation(
    name="glu",
    kind="gated",
    aliases=("gated_linear_unit",),
    formula="a / (1 + exp(-b))",
    derivative="by a: 1 / (1 + exp(-b)); by b: a * exp(-b) / (1 + exp(-b))**2",
    f=_SIGMOID.f,
    df=_SIGMOID.df,
    d2f=_SIGMOID.d2f,
    backward=Backward(_glu_backward, float32=_glu_single, stepwise=True),
    jacobian=_SIGMOID.jacobian,
    convention=_SECOND,
    range=(-INF, INF),
    dialects=dialects(
        "torch.nn.GLU torch.nn.functional.glu keras.activations.glu jax.nn.glu", "NNlib.glu | along the first axis"
    ),
    source="PyTorch torch.nn.GLU; Dauphin et al. 2016, arXiv:1612.08083",
)

_RELU = Gate((lambda b: np.maximum(b, 0.0), Indicator(lambda b: b > 0.0), flat))

REGLU = Activation(
    name="reglu",
    kind="gated",
    aliases=("gated_relu",),
    formula="a * max(0, b)",
    derivative="by a: max(0, b); by b: where(b > 0, a, 0)",
    f=_RELU.f,
    df=_RELU.df,
    d2f=_RELU.d2f,
    jacobian=_RELU.jacobian,
    convention=f"{_SECOND}; f' by b is 0 at b = 0",
    range=(-INF, INF),
    source="Shazeer 2020, arXiv:2002.05202",
)


def _mills(t: Array) -> Array:
    # t times Mills' ratio by its asymptotic series; the first omitted term is below 1e-17 at t = 37.
    w = 1.0 / (t * t)
    return 1.0 - w * (1.0 - w * (3.0 - w * (15.0 - w * (105.0 - w * (945.0 - w * 10395.0)))))


def _half_square(b: Array) -> tuple[Array, Array]:
    high, low = product(b, b)
    return -0.5 * high, -0.5 * low


_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)

_GELU = Gate(
    (gelu, gelu_df, gelu_d2f),
    reach=37.0,
    left=(
        lambda b: -_DENSITY * _mills(b),
        lambda b: _DENSITY * (b - _mills(b) / b),
        lambda b: _DENSITY * (2.0 - b * b),
    ),
    right=(None, None, lambda b: _DENSITY * (2.0 - b * b)),
    exponent=_half_square,
)

GEGLU = Activation(
    name="geglu",
    kind="gated",
    aliases=("gated_gelu",),
    formula="a * b * (1 + erf(b / sqrt(2))) / 2",
    derivative="by a: b * (1 + erf(b / sqrt(2))) / 2; "
    "by b: a * ((1 + erf(b / sqrt(2))) / 2 + b * exp(-b**2 / 2) / sqrt(2 * pi))",
    f=_GELU.f,
    df=_GELU.df,
    d2f=_GELU.d2f,
    jacobian=_GELU.jacobian,
    convention=_SECOND,
    range=(-INF, INF),
    source="Shazeer 2020, arXiv:2002.05202",
)


def _silu_df_exact(b: Array) -> DD:
    e = exp(b)
    more = 1.0 + e
    return e * (more + b) / (more * more)


def _silu_d2f(b: Array) -> Array:
    return refine(silu_d2f(b), b, np.abs(b) < 45.0, _silu_d2f_exact)


def _silu_d2f_exact(b: Array) -> DD:
    t = np.abs(b)
    e = exp(-t)
    more = 1.0 + e
    return e * (DD(2.0) - t + e * (DD(2.0) + t)) / (more * more * more)


_SILU = Gate(
    (silu, lambda b: refine(silu_df(b), b, (b > -1.0) & (b < -0.1), _silu_df_exact), _silu_d2f),
    reach=700.0,
    left=(lambda b: b, lambda b: 1.0 + b, lambda b: 2.0 + b),
    right=(None, None, lambda b: 2.0 - b),
)

SWIGLU = Activation(
    name="swiglu",
    kind="gated",
    aliases=("gated_silu",),
    formula="a * b / (1 + exp(-b))",
    derivative="by a: b / (1 + exp(-b)); by b: a * (1 + exp(-b) + b * exp(-b)) / (1 + exp(-b))**2",
    f=_SILU.f,
    df=_SILU.df,
    d2f=_SILU.d2f,
    jacobian=_SILU.jacobian,
    convention=f"{_SECOND}, as in glu; if it is packed first, as in timm's SwiGLUPacked, write swiglu:gate=first",
    range=(-INF, INF),
    dialects=dialects("onnx:SwiGLU | two inputs, the gate first: silu(A) * B at its default alpha = 1"),
    source="ONNX SwiGLU; Shazeer 2020, arXiv:2002.05202",
)
