"""Plain records that every room may hold: what was measured of a text and what is said of it. No model library."""
