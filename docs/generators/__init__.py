"""Pages that are read off the program or its numbers, a module each."""
