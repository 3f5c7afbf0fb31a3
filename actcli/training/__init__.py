"""Training a small network under several functions: data, network, optimizers, loop, searches, scores.

Nothing is parsed, drawn or printed here, and `measuring` measures the layers."""
