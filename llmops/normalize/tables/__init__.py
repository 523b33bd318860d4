"""Tables of notes: one row, one document."""
