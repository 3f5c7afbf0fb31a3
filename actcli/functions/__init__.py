"""The declarations, one file per family, and the kernels that they share.

No other numerics: arithmetic that is not about activations is in `numerics`."""
