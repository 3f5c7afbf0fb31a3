"""Layers of pre-activations: read from the data, diagnosed, and compared under several functions."""

from __future__ import annotations

import numpy as np
from support.run import DATA

from actcli.analysis.profile import Network, profile
from actcli.diagnosis.comparison import Comparison, compare
from actcli.diagnosis.diagnose import Diagnosis, diagnose
from actcli.measuring.probe import Probe, Thresholds
from actcli.registry import specs

ALONE = Network()


def tables(folder: str) -> dict[str, np.ndarray]:
    return {path.stem: np.loadtxt(path, delimiter=",", skiprows=1) for path in sorted((DATA / folder).glob("*.csv"))}


def diagnosis(spec: str, found: dict[str, np.ndarray]) -> Diagnosis:
    probe = Probe.of(specs.get(spec), Thresholds(), histogram=True)
    return diagnose(probe, [(n, [f"h{i}" for i in range(x.shape[1])], probe.measure(x)) for n, x in found.items()])


def comparison(*names: str, found: dict[str, np.ndarray] | None = None, network: Network = ALONE) -> Comparison:
    of_each = [specs.get(name) for name in names]
    measured = [(f, diagnosis(name, found or {}).layers) for f, name in zip(of_each, names, strict=True)]
    return compare([profile(f, 1e-3, network) for f in of_each], measured)
