"""Normalisation of pre-activations over a batch or a layer, exactly as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from actcli.activation import Array
from actcli.training.words import Normalize

EPSILON = 1e-5
MOMENTUM = 0.1  # of the running mean and variance in batch normalisation


class Norm:
    """(z - mean) / sqrt(variance + epsilon) of each row, times a learned gain plus a learned shift.

    torch.nn.LayerNorm; Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """

    axis = 1

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        self.width, self.dtype = width, dtype
        self.values = self.slopes = np.empty((2, width), dtype)

    def place(self, values: Array, slopes: Array) -> None:
        """Set the arrays for gain and shift and for their derivatives."""
        self.values, self.slopes = values, slopes
        values[0] = 1.0

    def buffers(self, rows: int) -> dict[str, Array]:
        return {"normal": np.empty((rows, self.width), self.dtype), "scale": np.empty(1, self.dtype)}

    def forward(self, z: Array, kept: dict[str, Array], of_rows: bool, learning: bool) -> None:
        """Normalise z in place. `of_rows`: with the mean and variance of these rows; `learning`: and remember them."""
        mean, variance = self.moments(z, of_rows, learning)
        kept["scale"] = scale = 1.0 / np.sqrt(variance + EPSILON)
        normal = np.subtract(z, mean, out=kept["normal"])
        normal *= scale
        np.multiply(normal, self.values[0], out=z)
        z += self.values[1]

    def moments(self, z: Array, of_rows: bool, learning: bool) -> tuple[Array, Array]:
        mean = z.mean(axis=self.axis, keepdims=True)
        apart = z - mean
        np.square(apart, out=apart)
        return mean, apart.mean(axis=self.axis, keepdims=True)

    def back(self, d: Array, kept: dict[str, Array]) -> Array:
        """The derivatives with respect to the values before normalisation."""
        normal = kept["normal"]
        np.einsum("ij,ij->j", d, normal, out=self.slopes[0])
        np.add.reduce(d, axis=0, out=self.slopes[1])
        g = d * self.values[0]
        along = np.mean(g * normal, axis=self.axis, keepdims=True)
        g -= g.mean(axis=self.axis, keepdims=True)
        g -= normal * along
        return np.asarray(np.multiply(g, kept["scale"], out=g))


class Batch(Norm):
    """The same for each column; after training with a running mean and variance.

    torch.nn.BatchNorm1d; Ioffe and Szegedy 2015, arXiv:1502.03167.
    """

    axis = 0

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        super().__init__(width, dtype)
        self.mean, self.variance = np.zeros(width, dtype), np.ones(width, dtype)

    def moments(self, z: Array, of_rows: bool, learning: bool) -> tuple[Array, Array]:
        if not of_rows:
            return self.mean, self.variance
        mean, variance = super().moments(z, of_rows, learning)
        if learning:
            self.mean += MOMENTUM * (mean[0] - self.mean)
            self.variance += MOMENTUM * (variance[0] * (len(z) / (len(z) - 1)) - self.variance)
        return mean, variance


_KINDS: dict[Normalize, type[Norm]] = {"batch": Batch, "layer": Norm}


def normalization(kind: Normalize, width: int, dtype: np.dtype[Any]) -> Norm | None:
    """The normalisation for a layer of this width, None for "none"."""
    return _KINDS[kind](width, dtype) if kind in _KINDS else None
