"""One reader for each format, loaded when a file needs it: ``read(data, name) -> (text, warnings)``."""
