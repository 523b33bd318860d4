"""Read tables of notes: one row, one document."""
