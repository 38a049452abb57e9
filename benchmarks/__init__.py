"""Programs that measure; what the documents show of them is generated from the same functions (``docs.generators``)."""
