"""Blocks of rows in, blocks of rows out, whatever the format.

`formats/` holds one file a format; nothing here knows what the numbers mean."""
