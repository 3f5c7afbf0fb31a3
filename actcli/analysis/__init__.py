"""What a function does by itself: regions, shape, mean field, precision, the curves to draw.

No data: what it does to pre-activations is in `measuring` and `diagnosis`."""
