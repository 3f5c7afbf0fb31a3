"""The results of the commands as sheets, JSON documents and pages for the terminal."""

from actcli.reports.catalogue import card, dialect_sheet, list_sheet
from actcli.reports.comparison import comparison_document, comparison_page, comparison_sheet
from actcli.reports.saturation import (
    explanation,
    layer_sheet,
    neuron_sheet,
    region_sheet,
    saturation_document,
    saturation_page,
)

__all__ = [
    "card",
    "comparison_document",
    "comparison_page",
    "comparison_sheet",
    "dialect_sheet",
    "explanation",
    "layer_sheet",
    "list_sheet",
    "neuron_sheet",
    "region_sheet",
    "saturation_document",
    "saturation_page",
]
