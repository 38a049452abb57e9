"""Labelled data sets and the metrics that detectors are compared by."""
