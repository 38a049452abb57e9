"""The local web page and HTTP API: ``app.py`` assembles them, ``server.py`` serves them."""
