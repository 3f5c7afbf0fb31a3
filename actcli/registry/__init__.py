"""From a FUNCTION spec to a function: the collection, the dialects of frameworks, specs, and what users and packages bring.

Nothing about tables or results."""
