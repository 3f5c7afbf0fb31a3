"""Results as records: the same fields with the same names in JSON and CSV."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

from actcli.activation import Function
from actcli.analysis.regions import Region
from actcli.diagnosis.records import Layer, Neuron, Remedy
from actcli.measuring.measures import Occasion, meanings
from actcli.numerics.certainty import wilson
from actcli.tables.sheet import Sheet
from actcli.text import Cell

Document: TypeAlias = dict[str, Any]


def bound(value: float) -> float | None:
    """The end of an interval for JSON: null if it is unbounded."""
    return value if math.isfinite(value) else None


def region_record(region: Region) -> Document:
    return {"from": bound(region.start), "to": bound(region.stop), "kind": region.kind}


def record_of(one: Layer | Neuron, occasions: Collection[Occasion]) -> Document:
    """The fields of a layer or neuron on these occasions, each share with its interval."""
    kind: type = type(one)
    record: Document = {}
    for name, declared in meanings(kind).items():
        if declared.when not in (None, *occasions):
            continue
        value = getattr(one, name)
        record[name] = _entry(value)
        if name.endswith("_ratio"):
            of: float = one.independent
            if declared.of_neurons and isinstance(one, Layer):
                of = one.known_neurons
            record[f"{name}_from"], record[f"{name}_to"] = (None, None) if value is None else wilson(value, of)
    return record


@dataclass(frozen=True, slots=True)
class Records(Sequence[Document]):
    """The records of layers or neurons, made on demand: those of thousands of neurons would take gigabytes."""

    of: Sequence[Layer | Neuron]
    occasions: Collection[Occasion]

    def __len__(self) -> int:
        return len(self.of)

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...

    def __getitem__(self, index: int | slice) -> Document | Records:
        if isinstance(index, slice):
            return Records(self.of[index], self.occasions)
        return record_of(self.of[index], self.occasions)


def _entry(value: Any) -> Any:
    if isinstance(value, Function):
        return value.label
    if isinstance(value, tuple):
        return [dataclasses.asdict(entry) if isinstance(entry, Remedy) else entry for entry in value]
    return value


def sheet_of(records: Sequence[Document], columns: Sequence[str] | None = None) -> Sheet:
    """One row per record; a list of words becomes one cell."""
    names = columns if columns is not None else list(records[0]) if records else []
    return Sheet(tuple(names), _Rows(records, names))


@dataclass(frozen=True, slots=True)
class _Rows(Sequence[list[Cell]]):
    """The rows of records, made on demand; counting makes none."""

    of: Sequence[Document]
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.of)

    @overload
    def __getitem__(self, index: int) -> list[Cell]: ...
    @overload
    def __getitem__(self, index: slice) -> _Rows: ...

    def __getitem__(self, index: int | slice) -> list[Cell] | _Rows:
        if isinstance(index, slice):
            return _Rows(self.of[index], self.names)
        record = self.of[index]
        return [cell(record[name]) for name in self.names]


def cell(value: Any) -> Cell:
    """A field as a cell."""
    if isinstance(value, tuple | list):
        # Each only once: several measures may call for the same remedy.
        return "; ".join(dict.fromkeys(entry["remedy"] if isinstance(entry, dict) else entry for entry in value))
    return value  # type: ignore[no-any-return]
