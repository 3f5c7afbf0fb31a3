"""Distribution functions of the normal law and their kin."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
