"""Text in x becomes an activation: parsed, rewritten into a stable form, differentiated exactly.

Nothing is executed, and nothing here knows the registry: a function that is passed in finds the names."""
