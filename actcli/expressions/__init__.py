"""Text in x -> an activation: parsed, rewritten into a stable form, differentiated exactly.

Nothing is executed, and nothing here knows the registry: names are found by a function that is handed in."""
