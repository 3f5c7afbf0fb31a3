"""Blocks of rows in, blocks of rows out, whatever the format."""
