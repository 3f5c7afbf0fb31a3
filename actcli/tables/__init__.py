"""Blocks of rows in, blocks of rows out, whatever the format.

`formats/` holds one file for each format; nothing here knows what the numbers mean."""
