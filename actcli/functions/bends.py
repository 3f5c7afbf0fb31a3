"""Smooth rectifiers by roots, logarithms and exponentials."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
