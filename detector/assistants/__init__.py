"""A server of the Model Context Protocol, by which assistants and editors ask: ``server.py``, over ``tools.py``."""
