"""Zero around 0: shrinkage functions."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
