"""The declarations, one file a family, and the kernels that they share.

No other numerics: what is not about an activation is in `numerics`."""
