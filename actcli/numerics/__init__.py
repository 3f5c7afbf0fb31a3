"""Arithmetic that is not about activations: double-double, the doubles as an ordered set, the normal distribution,
histograms, bounds on shares, and work block by block.

Nothing here knows what an activation is, except for the names of array types."""
