"""A watched training: one JSON document per recorded step."""

from __future__ import annotations

from collections.abc import Sequence

from actcli.diagnosis.records import Layer, gradient_ratio
from actcli.measuring.measures import Occasion
from actcli.reports.records import Document, record_of


def run_document(step: int, layers: Sequence[Layer], rule: bool) -> Document:
    """The JSON document `actcli.run/1` of a step. `rule`: the layers are judged by the rule of another system."""
    backward = any(layer.gradient_rms is not None for layer in layers)
    rowwise = any(layer.function.rowwise for layer in layers)
    found: tuple[tuple[Occasion, bool], ...] = (("rule", rule), ("rowwise", rowwise), ("backward", backward))
    occasions = [occasion for occasion, is_there in found if is_there]
    document: Document = {
        "schema": "actcli.run/1",
        "step": step,
        "layers": [record_of(layer, occasions) for layer in layers],
    }
    if backward:
        document["gradient_ratio"] = gradient_ratio(layers)
    return document
