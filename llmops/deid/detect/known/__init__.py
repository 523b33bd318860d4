"""Find a subject's known identifiers in a text."""
