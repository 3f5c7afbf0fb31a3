"""Analyse a function by itself: regions, shape, mean field, precision, curves to draw.

No data: its effect on pre-activations is in `measuring` and `diagnosis`."""
