"""One file a command.

Each parses, calls, writes, and nothing else."""
