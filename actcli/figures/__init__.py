"""Results -> figures, drawn by matplotlib."""
