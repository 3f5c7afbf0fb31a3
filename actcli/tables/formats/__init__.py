"""One file for each format: its name, its suffixes, its first bytes, its reader and its writers.

The list of them is in `tables/format.py`. Heavy imports stand in calls: choices list the formats."""
