"""Specs of expressions, and the numbers to try them on."""

from __future__ import annotations

import math

import numpy as np

from actcli.activation import Function


def spec(text: str, values: dict[str, float]) -> str:
    return f"{text}:{','.join(f'{name}={value!r}' for name, value in values.items())}" if values else text


def everywhere(function: Function) -> np.ndarray:
    positive = np.concatenate(
        [np.geomspace(5e-324, 1.7e308, 400), np.linspace(0.01, 60, 300), np.linspace(60, 760, 60), [math.inf]]
    )
    x = np.concatenate([-positive[::-1], [0.0], positive])
    low, high = function.activation.domain
    if function.activation.window is not None:
        low, high = -1e5, 1e5
    return x[(x >= low) & (x <= high)]
