"""Evaluate, differentiate, plot and compare neural-network activation functions, and diagnose layers."""

__version__ = "0.1.0"
