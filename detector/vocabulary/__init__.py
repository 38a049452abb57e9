"""Tokens a model never learned: which they are, how one can tell, and where a text holds them."""
