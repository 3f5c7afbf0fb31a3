"""Any formula is an activation: expressions in x, parsed to a small tree, differentiated exactly, declared."""
