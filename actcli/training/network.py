"""A fully connected network with everything learned in one array and the derivatives in another.

A layer's inputs end in a column of ones, and its weights in a row for the biases, so that one product covers both. All
buffers for a number of rows are made once (`Network.space`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np

from actcli.activation import Array, Function
from actcli.errors import UsageError
from actcli.training.activations import Fixed, applied
from actcli.training.losses import Loss
from actcli.training.normalization import Batch, Norm, normalization
from actcli.training.settings import Design

# train: a training step; probe: as in training, but without dropout; use: with what has been learned.
Mode: TypeAlias = Literal["train", "probe", "use"]


@dataclass(slots=True, eq=False)
class Buffers:
    """The buffers of a layer for a number of rows. `outputs` is a view of the next layer's inputs."""

    inputs: Array
    z: Array
    outputs: Array
    back: Array
    mask: Array | None
    kept: dict[str, Array]  # of the normalisation
    delta: Array | None = None  # the derivatives of the loss with respect to the pre-activations
    y: Array | None = None  # f(z)
    slope: Array | None = None  # f'(z), if f is elementwise


@dataclass(slots=True, eq=False)
class Layer:
    """Weights, normalisation, function, dropout and skip; the last layer has only weights."""

    weights: Array
    slopes: Array
    f: Fixed | None
    norm: Norm | None
    skip: bool
    dropout: float

    @property
    def fan_in(self) -> int:
        return len(self.weights) - 1

    @property
    def outputs(self) -> int:
        return self.weights.shape[1] if self.f is None else self.f.outputs

    def forward(self, buffers: Buffers, mode: Mode, rng: np.random.Generator | None) -> None:
        np.matmul(buffers.inputs, self.weights, out=buffers.z)
        if self.f is None:
            return
        if self.norm is not None:
            self.norm.forward(buffers.z, buffers.kept, mode != "use", mode == "train")
        buffers.y = y = self.f.f(_wide(buffers.z))
        if buffers.mask is not None and rng is not None:
            np.less(self.dropout, rng.random(y.shape), out=buffers.mask, casting="unsafe")
            buffers.mask *= 1.0 / (1.0 - self.dropout)
            y = y * buffers.mask
        if self.skip:
            np.add(y, buffers.inputs[:, :-1], out=buffers.outputs, casting="same_kind")
        else:
            buffers.outputs[...] = y

    def backward(self, buffers: Buffers, dy: Array, first: bool, mode: Mode) -> Array:
        """Turn derivatives with respect to the outputs into those with respect to the inputs; store those with respect
        to everything learned in place."""
        d = dy
        if self.f is not None:
            d = dy * buffers.mask if buffers.mask is not None and mode == "train" else dy
            d, buffers.slope = self.f.back(_wide(buffers.z), d)
            if d.dtype != dy.dtype:
                d = d.astype(dy.dtype)
            buffers.delta = d
            if self.norm is not None:
                d = self.norm.back(d, buffers.kept)
        np.matmul(buffers.inputs.T, d, out=self.slopes)
        if isinstance(self.norm, Batch):  # it cancels every bias, so Adam would follow rounding errors
            self.slopes[-1] = 0.0
        if not first:
            np.matmul(d, self.weights[:-1].T, out=buffers.back)
            if self.skip:
                buffers.back += dy
        return buffers.back


def _wide(z: Array) -> Array:
    return z if z.dtype == np.float64 else z.astype(np.float64)


class Network:
    """The layers, and everything learned in `values`, with its derivatives in `gradient`."""

    def __init__(self, inputs: int, outputs: int, function: Function, design: Design) -> None:
        self.function, self.design = function, design
        self.dtype: np.dtype[Any] = np.dtype(design.dtype)
        fs = [applied(function, width, design.learn) for width in design.hidden]
        fan_ins = [inputs, *(f.outputs for f in fs)]
        widths = [*design.hidden, outputs]
        skips = [design.residual and k > 0 and fs[k].outputs == fan_ins[k] for k in range(len(fs))]
        if design.residual and not any(skips):
            hint = "give two consecutive hidden layers the same width"
            raise UsageError("residual: no hidden layer has the width of the one before it", hint)
        norms = [normalization(design.normalize, width, self.dtype) for width in design.hidden]
        sizes = [(a + 1) * b for a, b in zip(fan_ins, widths, strict=True)]
        more = [0 if norm is None else 2 * norm.width for norm in norms], [f.values.size for f in fs]
        total = sum(sizes) + sum(map(sum, more))
        self.values, self.gradient = np.zeros(total, self.dtype), np.zeros(total, self.dtype)
        cut = _Cut(self.values, self.gradient)
        self.layers: list[Layer] = []
        for k, (fan_in, width) in enumerate(zip(fan_ins, widths, strict=True)):
            weights, slopes = cut.next((fan_in + 1, width))
            last = k == len(fs)
            f, norm = (None, None) if last else (fs[k], norms[k])
            if norm is not None:
                norm.place(*cut.next((2, width)))
            if f is not None and f.values.size:
                start = f.values
                f.values, f.slopes = cut.next(start.shape)
                f.values[...] = start
            self.layers.append(Layer(weights, slopes, f, norm, not last and skips[k], design.dropout))
        self._learns = any(f.values.size for f in fs)

    @property
    def hidden(self) -> Sequence[Layer]:
        return self.layers[:-1]

    def space(self, rows: int, inputs: Array | None = None) -> list[Buffers]:
        """The buffers for this many rows, or for the rows of `inputs`, which are not changed."""
        first, dtype = self.layers[0], self.dtype
        given = np.ones((rows, first.fan_in + 1), dtype) if inputs is None else inputs
        space = []
        for layer, after in pairwise([*self.layers, None]):
            assert layer is not None
            z, back = np.empty((rows, layer.weights.shape[1]), dtype), np.empty((rows, layer.fan_in), dtype)
            kept = {} if layer.norm is None else layer.norm.buffers(rows)
            following = np.ones((rows, layer.outputs + 1), dtype) if after is not None else z
            mask = np.empty((rows, layer.outputs), dtype) if layer.dropout and after is not None else None
            space.append(Buffers(given, z, following[:, :-1] if after is not None else z, back, mask, kept))
            given = following
        return space

    def forward(self, space: Sequence[Buffers], mode: Mode, rng: np.random.Generator | None = None) -> Array:
        """The outputs, which the loss may overwrite. The generator is for dropout in training."""
        for layer, buffers in zip(self.layers, space, strict=True):
            layer.forward(buffers, mode, rng)
        return space[-1].z

    def backward(self, space: Sequence[Buffers], mode: Mode) -> None:
        """Turn the derivatives in the output buffer into those with respect to everything learned."""
        d = space[-1].z
        for k in range(len(self.layers) - 1, -1, -1):
            d = self.layers[k].backward(space[k], d, k == 0, mode)

    def step(self, space: Sequence[Buffers], targets: Array, loss: Loss, rng: np.random.Generator) -> float:
        """The loss of the rows in the space; its derivatives go to `gradient`."""
        lost = loss(self.forward(space, "train", rng), targets)
        self.backward(space, "train")
        return lost

    def keep_inside(self) -> None:
        """Bring learned parameters back into their domains."""
        if self._learns:
            for layer in self.hidden:
                assert layer.f is not None
                layer.f.keep_inside()

    def arrays(self) -> dict[str, Array]:
        """Everything learned, with the names that `--weights` expects: W1, b1, gamma1, beta1, mean1, variance1, and
        f1_a for a learned parameter a."""
        return dict(self._named())

    def _named(self) -> Iterator[tuple[str, Array]]:
        for number, layer in enumerate(self.layers, start=1):
            yield f"W{number}", layer.weights[:-1]
            yield f"b{number}", layer.weights[-1]
            if layer.norm is not None:
                yield f"gamma{number}", layer.norm.values[0]
                yield f"beta{number}", layer.norm.values[1]
            if isinstance(layer.norm, Batch):
                yield f"mean{number}", layer.norm.mean
                yield f"variance{number}", layer.norm.variance
            if layer.f is not None:
                for parameter, values in zip(layer.f.learned, layer.f.values, strict=True):
                    yield f"f{number}_{parameter.name}", values


class _Cut:
    """Cuts consecutive parts off several arrays."""

    def __init__(self, *arrays: Array) -> None:
        self._arrays, self._at = arrays, 0

    def next(self, shape: tuple[int, ...]) -> Any:
        start = self._at
        self._at += int(np.prod(shape))
        return tuple(array[start : self._at].reshape(shape) for array in self._arrays)
