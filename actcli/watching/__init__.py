"""Diagnose models from within the program that runs them: watch a training loop, inspect a model.

How the layers of a framework's model are found is in `models`."""
