"""A small network is trained under several functions: data, network, optimizers, the loop, searches, statistics.

No tables are parsed and nothing is drawn or printed here; what a layer looks like is measured by `measuring`."""
