"""The commands of ``detect``, a module each: they parse, call and print; no logic."""
