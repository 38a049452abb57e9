"""Many documents: read, scored, kept, resumed, and judged together."""
