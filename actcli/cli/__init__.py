"""The command line: options and words; `commands/` holds one file a command.

Parse, call, write, and nothing else."""
