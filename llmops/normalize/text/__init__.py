"""Text, sections, dates and units, the same from every format."""
