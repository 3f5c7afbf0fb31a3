"""The registry's content: one file a family, nothing but declarations."""
