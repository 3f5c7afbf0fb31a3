"""The command line: options and messages; `commands/` has one file per command.

Code here parses, calls and writes, and does nothing else."""
