"""The words that options accept. Kept light, because `--help` and completion list them."""

from __future__ import annotations

from typing import Literal, TypeAlias

Init: TypeAlias = Literal["auto", "he", "glorot", "lecun", "pytorch"]
Normalize: TypeAlias = Literal["none", "batch", "layer"]
Learn: TypeAlias = Literal["none", "layer", "neuron"]
Dtype: TypeAlias = Literal["float64", "float32"]
Optimizer: TypeAlias = Literal["sgd", "momentum", "adam", "adamw"]
Schedule: TypeAlias = Literal["constant", "cosine"]
Task: TypeAlias = Literal["classify", "regress"]
Scale: TypeAlias = Literal["none", "standard"]
