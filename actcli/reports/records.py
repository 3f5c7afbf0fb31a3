"""Results as records: the same fields under the same names in JSON and in CSV."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from actcli.analysis.regions import Region
from actcli.diagnosis.diagnose import Neuron
from actcli.diagnosis.verdicts import Layer
from actcli.numerics.certainty import wilson
from actcli.tables.sheet import Sheet
from actcli.text import Cell

Document: TypeAlias = dict[str, Any]

# Fields that have a value only for some functions, or when asked for.
ROWWISE = ("vanishing_rows", "vanishing_row_ratio")
RULE = ("flagged", "flagged_neurons", "rule_score")
PRECISION = ("lost_gradient_ratio", "constant_output_ratio")


def bound(value: float) -> float | None:
    """An end of an interval for JSON: null where it is unbounded."""
    return value if math.isfinite(value) else None


def region_record(region: Region) -> Document:
    return {"from": bound(region.start), "to": bound(region.stop), "kind": region.kind}


def layer_record(layer: Layer, without: Sequence[str]) -> Document:
    """The fields of a layer; each share of values or rows with its interval."""
    return _with_intervals(dataclasses.asdict(layer), layer.independent, layer.neurons, without)


def neuron_record(neuron: Neuron, without: Sequence[str]) -> Document:
    """The fields of a neuron; each share with its interval."""
    return _with_intervals(dataclasses.asdict(neuron), neuron.samples, 1, without)


def _with_intervals(fields: Document, samples: float, neurons: int, without: Sequence[str]) -> Document:
    record: Document = {}
    for name, value in fields.items():
        if name in without:
            continue
        record[name] = value
        if name.endswith("_ratio"):
            of = neurons if name == "dead_neuron_ratio" else samples
            ends = (None, None) if value is None else wilson(value, of)
            record[f"{name}_from"], record[f"{name}_to"] = ends
    return record


def sheet_of(records: Sequence[Document], columns: Sequence[str] | None = None) -> Sheet:
    """A row a record; lists of words become one cell."""
    names = columns if columns is not None else list(records[0]) if records else []
    return Sheet(tuple(names), [[cell(record[name]) for name in names] for record in records])


def cell(value: Any) -> Cell:
    """A field as a cell."""
    if isinstance(value, tuple | list):
        # Each once: a remedy may answer to several figures.
        return "; ".join(dict.fromkeys(entry["remedy"] if isinstance(entry, dict) else entry for entry in value))
    return value  # type: ignore[no-any-return]
