"""Functions that oscillate."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
