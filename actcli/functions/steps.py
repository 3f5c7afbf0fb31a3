"""Steps and absolute value."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
