"""Turn an expression in x into an activation: parsed, rewritten into a stable form, differentiated exactly.

Nothing is executed, and nothing here knows the registry: callers pass in a function that finds names."""
