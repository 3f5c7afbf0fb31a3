"""Measure blocks of pre-activations under a function, as partials that merge.

No verdicts: `diagnosis` says what the measures mean."""
