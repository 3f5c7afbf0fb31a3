"""Models of a program that runs them -> diagnoses: a training loop that is watched, a model that is inspected.

What a framework calls, and how its layers are found, is in `models`."""
