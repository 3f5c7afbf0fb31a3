"""From measures to verdicts: neurons, layers, remedies, gates, the rules of other systems, comparison.

No text for terminals or files beyond the sentences of a verdict."""
