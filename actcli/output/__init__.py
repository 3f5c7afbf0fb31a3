"""Write results: sheets in a format, files written whole or not at all, progress on a terminal.

Nothing here parses a command line."""
