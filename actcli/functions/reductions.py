"""Rows to fewer numbers, and sparse maps of rows."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
