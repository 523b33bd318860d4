"""Word lists written for this project: what is never a name, what often is one, and names to stand in for real ones."""
