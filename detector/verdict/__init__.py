"""Token scores → features → a score → p-values → a verdict that may say "not enough evidence"."""
