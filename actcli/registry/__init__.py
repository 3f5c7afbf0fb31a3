"""Find the function that a FUNCTION spec names: the collection of activations, the dialects of frameworks, what users
and packages add, and the specs themselves. Nothing here evaluates a function."""
