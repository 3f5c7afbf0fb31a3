"""Blocks of rows in, blocks of rows out, whatever the format."""

from actcli.reading import ReadOptions
from actcli.tables.encoders import Encoder
from actcli.tables.opening import open_tables
from actcli.tables.pipeline import map_blocks
from actcli.tables.sink import OUTPUT_FORMATS, encoder, result_columns, result_frame
from actcli.tables.source import FORMATS
from actcli.tables.table import Block, Table

__all__ = [
    "FORMATS",
    "OUTPUT_FORMATS",
    "Block",
    "Encoder",
    "ReadOptions",
    "Table",
    "encoder",
    "map_blocks",
    "open_tables",
    "result_columns",
    "result_frame",
]
