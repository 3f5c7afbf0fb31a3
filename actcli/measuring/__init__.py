"""A block of pre-activations under a function -> measures that merge.

No verdicts: what the measures mean is in `diagnosis`."""
