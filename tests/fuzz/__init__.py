"""Bytes of every kind against whatever reads what strangers send: ``python -m tests.fuzz TARGET --minutes 10``."""
