"""Gated linear units: one half of a row gates the other."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
