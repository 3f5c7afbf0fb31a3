"""From a FUNCTION spec to a function: the collection, dialects, specs, and what users and packages bring.

Nothing about tables or results."""
