"""Files and strings in, documents out: decoded, folded for judging, cut into sentences."""
