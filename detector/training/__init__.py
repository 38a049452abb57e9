"""Trains the embedded base model: ``python -m detector.training --help``."""
