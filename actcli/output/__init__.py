"""Results to where they go: sheets in a format, files written whole, progress on a terminal.

Nothing here parses a command line."""
