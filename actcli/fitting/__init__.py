"""Fit the parameters that bring a function closest to another, or to points.

No reading of tables and no drawing."""
