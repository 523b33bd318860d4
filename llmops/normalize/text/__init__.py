"""Text, sections, dates and units, shared by all formats."""
