"""One file per command.

Each command parses, calls and writes, and does nothing else."""
