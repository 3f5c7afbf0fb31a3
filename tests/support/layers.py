"""Layers of pre-activations: read, diagnosed, and compared under several functions."""

from __future__ import annotations

from functools import cache

import numpy as np
from support.run import DATA

from actcli.analysis.profile import Network
from actcli.diagnosis.comparison import Comparison, compare
from actcli.diagnosis.diagnose import Criteria, Diagnosis, diagnose
from actcli.measuring.layer import PreActivations
from actcli.registry import specs

ALONE = Network()


@cache
def tables(folder: str) -> dict[str, np.ndarray]:
    return {path.stem: np.loadtxt(path, delimiter=",", skiprows=1) for path in sorted((DATA / folder).glob("*.csv"))}


def given(spec: str, found: dict[str, np.ndarray]) -> list[PreActivations]:
    """Layers under the same function, with neurons h0, h1 and so on."""
    return [
        PreActivations.of_array(name, specs.get(spec), x, neurons=[f"h{i}" for i in range(x.shape[1])])
        for name, x in found.items()
    ]


def diagnosis(spec: str, found: dict[str, np.ndarray]) -> Diagnosis:
    return diagnose(given(spec, found), Criteria(histogram=True), specs.get(spec))


def comparison(*names: str, found: dict[str, np.ndarray] | None = None, network: Network = ALONE) -> Comparison:
    return compare([specs.get(name) for name in names], given(names[0], found or {}), network=network)
