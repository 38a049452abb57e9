"""Results as people see them: the terminal and pictures."""
