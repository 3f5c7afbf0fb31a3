"""x times a piecewise linear gate, and clipped or squared rectifiers."""

from actcli.activation import Activation

ACTIVATIONS: tuple[Activation, ...] = ()
