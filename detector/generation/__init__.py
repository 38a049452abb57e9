"""Text from a model: what the next token is drawn from, and the drawing."""
