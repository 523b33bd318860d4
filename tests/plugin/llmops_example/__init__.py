"""One extension of each kind, each in a file of its own."""
