"""Results as records: the same fields under the same names in JSON and in CSV."""

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
    """An end of an interval for JSON: null where it is unbounded."""
    return value if math.isfinite(value) else None


def region_record(region: Region) -> Document:
    return {"from": bound(region.start), "to": bound(region.stop), "kind": region.kind}


def record_of(one: Layer | Neuron, occasions: Collection[Occasion]) -> Document:
    """The fields of a layer or neuron that are there on these occasions; each share with its interval."""
    kind: type = type(one)
    record: Document = {}
    for name, said in meanings(kind).items():
        if said.when not in (None, *occasions):
            continue
        value = getattr(one, name)
        record[name] = _entry(value)
        if name.endswith("_ratio"):
            of: float = one.independent
            if said.of_neurons and isinstance(one, Layer):
                of = one.known_neurons
            record[f"{name}_from"], record[f"{name}_to"] = (None, None) if value is None else wilson(value, of)
    return record


@dataclass(frozen=True, slots=True)
class Records(Sequence[Document]):
    """Those of layers or neurons, made as they are taken: of thousands of neurons all at once take gigabytes."""

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
    """A row a record; lists of words become one cell."""
    names = columns if columns is not None else list(records[0]) if records else []
    return Sheet(tuple(names), _Rows(records, names))


@dataclass(frozen=True, slots=True)
class _Rows(Sequence[list[Cell]]):
    """The cells of records, made as they are taken, but counted without."""

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
        # Each once: a remedy may answer to several figures.
        return "; ".join(dict.fromkeys(entry["remedy"] if isinstance(entry, dict) else entry for entry in value))
    return value  # type: ignore[no-any-return]
