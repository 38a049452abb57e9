"""What is found about tokens and vocabularies, as people see it: lines, tables, pages, pictures, JSON records."""
