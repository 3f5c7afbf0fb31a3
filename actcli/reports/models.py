"""The sheet and document of `layers`."""

from __future__ import annotations

from actcli.models.layers import Listing
from actcli.reports.records import Document
from actcli.tables.sheet import Sheet

_COLUMNS = ("layer", "function", "known", "neurons", "role")


def layers_sheet(listing: Listing) -> Sheet:
    """One row per layer."""
    rows = [(one.name, one.function.label, one.known, one.neurons, one.role) for one in listing.layers]
    return Sheet(_COLUMNS, rows)


def layers_document(listing: Listing) -> Document:
    """The JSON document `actcli.layers/1`."""
    sheet = layers_sheet(listing)
    return {
        "schema": "actcli.layers/1",
        "layers": [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows],
        "unseen": [{"operator": one.operator, "count": one.count, "reason": one.reason} for one in listing.unseen],
    }
