"""What is true and what is allowed: pure functions over frozen values, on the standard library alone."""
