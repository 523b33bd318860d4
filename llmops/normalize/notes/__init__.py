"""Free-text notes: their headers, the people they name, their text."""
