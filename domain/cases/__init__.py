"""A severe report and what becomes of it: who handles it, by when, and what is decided."""
