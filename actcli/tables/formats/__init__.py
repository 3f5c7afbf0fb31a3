"""One file for each format or for kin: names, suffixes, first bytes, readers and writers.

The list of them is in `tables/format.py`. Heavy imports stand in calls: choices list the formats."""
